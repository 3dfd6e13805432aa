// The panel at the side: a vendor or a sync put aside, beside the list it was opened from.
import { fetchPage, fill, PageError, swap } from "./swap.js";

const BESIDE = ["live", "attention", "vendors", "runs"];
let opener = null;

export function watchPanel() {
  const panel = document.getElementById("panel");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel], a[data-close]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (document.querySelector("main #detail")) return;
    event.preventDefault();
    if ("close" in link.dataset) panel.close();
    else open(panel, link);
  });
  document.getElementById("panel-close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => event.target === panel && panel.close());
  panel.addEventListener("close", () => focusOpener());
  panel.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-redrive]")) return;
    event.preventDefault();
    redrive(panel, event.target);
  });
}

async function open(panel, link) {
  const content = document.getElementById("panel-content");
  if (!panel.open) {
    opener = link;
    panel.showModal();
  }
  document.getElementById("panel-page").href = link.href;
  say(content, "Loading…");
  try {
    const { page } = await fetchPage(link.href, ["detail"]);
    show(content, page);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    say(content, `${error.message} Close this and open it again.`);
  }
}

function show(content, page) {
  const detail = page.getElementById("detail");
  if (!detail) return say(content, page.querySelector("main .lede")?.textContent ?? "This can't be shown.");
  content.replaceChildren(detail);
  document.getElementById("panel").scrollTop = 0;
  const heading = content.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
  document.dispatchEvent(new Event("page:changed"));
  return undefined;
}

function say(content, sentence) {
  const said = document.createElement("p");
  said.className = "quiet";
  said.textContent = sentence;
  content.replaceChildren(said);
}

async function redrive(panel, form) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    const { response, page } = await fetchPage(form.action, ["detail", "notice"], { method: "POST" });
    if (!response.ok) return show(document.getElementById("panel-content"), page);
    if (!document.getElementById("attention")) return location.assign(response.url);
    panel.close();
    fill(page, "notice");
    swap(page, BESIDE);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    say(document.getElementById("panel-content"), `${error.message} Close this and try again.`);
  }
  return undefined;
}

function focusOpener() {
  const again = opener?.isConnected ? opener : document.querySelector(`a[data-panel][href="${opener?.getAttribute("href")}"]`);
  (again ?? document.getElementById("main")).focus({ preventScroll: true });
}
