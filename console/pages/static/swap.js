// Fetches a page and puts parts of it in place of the same parts of this one.

/** The server did not answer, or the session is over. */
export class PageError extends Error {}

/** Fetch a page: {response, page}. A page that lacks `wanted` (an id) is not ours: the session is over, so load anew. */
export async function fetchPage(url, wanted, options = {}) {
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "text/html" }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PageError("The server did not answer.");
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (response.ok && !wanted.some((id) => page.getElementById(id))) {
    location.reload();
    throw new PageError("The session is over.");
  }
  return { response, page };
}

/** Put the parts of these ids in place; what has the focus keeps it where it is there again. */
export function swap(page, ids) {
  const focused = document.activeElement;
  for (const id of ids) {
    const here = document.getElementById(id);
    const there = page.getElementById(id);
    if (!here || !there) continue;
    const within = here.contains(focused) && focused !== document.body;
    if (within && focused.id) there.querySelector(`#${CSS.escape(focused.id)}`)?.replaceWith(focused);
    here.replaceWith(there);
    if (within) focusAgain(focused, there);
  }
  document.dispatchEvent(new Event("page:changed"));
}

function focusAgain(focused, place) {
  if (focused.isConnected) return focused.focus({ preventScroll: true });
  const same = [...place.querySelectorAll("a[href]")].find((link) => link.href === focused.href);
  const target = same ?? place.querySelector("h2");
  if (!target) return undefined;
  if (!same) target.tabIndex = -1;
  return target.focus({ preventScroll: true });
}

/** Change what stands inside a live region, so that it is read out. */
export function fill(page, id) {
  const here = document.getElementById(id);
  const there = page.getElementById(id);
  if (here && there) here.replaceChildren(...there.childNodes);
}

/** Let a screen reader say a sentence when it has time. */
export function announce(sentence) {
  document.getElementById("announcer").textContent = sentence;
}
