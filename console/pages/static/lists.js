// Lists: search while typing, states and pages without a new page.
import { announce, fetchPage, PageError, swap } from "./swap.js";

const TYPING = 250; // milliseconds without a key until a search is sent
let timer;
let asking = new AbortController();

export function watchLists() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!document.getElementById(link.dataset.swap)) return;
    event.preventDefault();
    show(link.href, link.dataset.swap, link);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-search]");
    if (!form) return;
    clearTimeout(timer);
    timer = setTimeout(() => search(form), TYPING);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-search]")) return;
    event.preventDefault();
    clearTimeout(timer);
    search(event.target);
  });
}

function search(form) {
  const address = new URL(form.action);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  show(address.href, form.closest("[data-list]").id, form);
}

/** Show the list of this id as that address has it. */
async function show(address, id, asked) {
  asking.abort();
  asking = new AbortController();
  const inside = document.getElementById(id).contains(asked);
  document.getElementById(id).setAttribute("aria-busy", "true");
  try {
    const { response, page } = await fetchPage(address, [id], { signal: asking.signal });
    if (!response.ok) return location.assign(address);
    swap(page, [id]);
    history.replaceState(null, "", address);
    const list = document.getElementById(id);
    announce(list.querySelector("[data-shown]")?.textContent ?? "");
    if (!inside) lead(list);
  } catch (error) {
    if (error instanceof PageError) location.assign(address);
    else if (error.name !== "AbortError") throw error;
  }
  return undefined;
}

function lead(list) {
  const heading = list.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  list.scrollIntoView({ behavior: "smooth" });
}
