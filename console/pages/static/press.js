// The button: pressed without leaving the page.
import { fetchPage, fill, PageError, swap } from "./swap.js";

export function watchPress() {
  const form = document.querySelector("[data-press]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    press(form, form.querySelector("button"));
  });
}

async function press(form, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    const { response, page } = await fetchPage(form.action, ["press", "unavailable"], {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
    });
    if (!page.getElementById("button-trouble")) return trouble("The press did not arrive. Load the page anew and press again.");
    fill(page, "button-trouble");
    fill(page, "notice");
    const next = page.querySelector("[data-press] input[name=key]");
    if (next) form.elements.key.value = next.value;
    if (response.ok) swap(page, ["live", "attention", "runs"]);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    // The key stays as it is: should the press have arrived after all, pressing again is the same press.
    trouble(`${error.message} Press again: nothing is queued twice.`);
  } finally {
    button.removeAttribute("aria-disabled");
  }
  return undefined;
}

function trouble(sentence) {
  const said = document.createElement("p");
  said.className = "notice tone-bad";
  said.textContent = sentence;
  document.getElementById("button-trouble").replaceChildren(said);
}
