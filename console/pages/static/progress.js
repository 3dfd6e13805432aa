// A run's progress, as the server tells it.
import { announce, fetchPage, PageError, swap } from "./swap.js";
import { timeLeft } from "./time_left.js";

const SOON = 1000; // milliseconds until a stream is asked for again that the server has refused; then longer each time
const LATEST = 30_000;
const numbers = new Intl.NumberFormat("en");
let followed = null;

/** Follow the run that the page shows, if it goes on and is not followed yet. */
export function followRun() {
  const card = document.querySelector("#run[data-progress]");
  if (followed && (!card || followed.run !== card.dataset.run)) followed.end();
  if (card && !followed) followed = new Following(card.dataset.run, card.dataset.progress);
}

class Following {
  constructor(run, address) {
    this.run = run;
    this.address = address;
    this.samples = [];
    this.quarter = 0;
    this.pause = SOON;
    this.listen();
  }

  listen() {
    this.source = new EventSource(this.address);
    this.source.addEventListener("open", () => this.cut(false));
    this.source.addEventListener("progress", (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener("error", () => {
      this.cut(true);
      // A lost connection is restored by the browser; a refused one is not.
      if (this.source.readyState === EventSource.CLOSED) this.again();
    });
  }

  again() {
    this.timer = setTimeout(async () => {
      await refresh(this.run, ["live", "run"]); // where the session is over, this leads to signing in
      if (followed === this) this.listen();
    }, this.pause);
    this.pause = Math.min(2 * this.pause, LATEST);
  }

  end() {
    clearTimeout(this.timer);
    this.source.close();
    followed = null;
  }

  cut(isCut) {
    const sentence = document.querySelector("#run [data-cut]");
    if (sentence) sentence.hidden = !isCut;
  }

  async take(progress) {
    this.cut(false);
    this.pause = SOON;
    if (progress.done) {
      this.end();
      await refresh(this.run, ["live", "run", "attention", "runs", "vendors"]);
      announce(document.querySelector("#run .summary")?.textContent ?? "The sync is finished.");
      return;
    }
    const card = document.getElementById("run");
    if (!("starting" in card.dataset)) this.show(card, progress);
    else if (!this.asked) {
      this.asked = true;
      await refresh(this.run, ["live", "runs"]);
      this.asked = false;
    }
  }

  show(card, progress) {
    const { settled, total } = progress;
    const percent = total ? Math.floor((100 * settled) / total) : 0;
    card.querySelector("[data-settled]").textContent = numbers.format(settled);
    card.querySelector("[data-total]").textContent = numbers.format(total);
    showBar(card.querySelector("[role=progressbar]"), progress, percent);
    for (const count of card.querySelectorAll("[data-count]")) {
      const number = progress.by_state[count.dataset.count] ?? 0;
      count.querySelector("strong").textContent = numbers.format(number);
      if (number) count.hidden = false;
    }
    this.samples = [...this.samples.slice(-60), { at: performance.now(), settled }];
    const left = progress.expanded ? timeLeft(this.samples, total) : null;
    if (left !== undefined) card.querySelector("[data-left]").textContent = left ? ` · ${left} left` : "";
    alreadyInProgress(card, progress.already_in_progress);
    this.announceQuarters(percent, settled, total);
  }

  announceQuarters(percent, settled, total) {
    const quarter = Math.floor(percent / 25);
    if (quarter > this.quarter) announce(`${numbers.format(settled)} of ${numbers.format(total)} vendors are done.`);
    this.quarter = Math.max(this.quarter, quarter);
  }
}

function showBar(bar, { settled, total, by_state: byState }, percent) {
  bar.setAttribute("aria-valuenow", percent);
  bar.setAttribute("aria-valuetext", `${numbers.format(settled)} of ${numbers.format(total)} vendors`);
  let start = 0;
  for (const part of bar.querySelectorAll("[data-segment]")) {
    const width = total ? (100 * (byState[part.dataset.segment] ?? 0)) / total : 0;
    part.setAttribute("x", `${start}%`);
    part.setAttribute("width", `${width}%`);
    start += width;
  }
}

function alreadyInProgress(card, number) {
  const sentence = card.querySelector("[data-already]");
  if (!number || !sentence.hidden) return;
  const [noun, verb] = number === 1 ? ["vendor", "was"] : ["vendors", "were"];
  sentence.textContent = `${numbers.format(number)} ${noun} ${verb} already in progress and ${verb} not queued again.`;
  sentence.hidden = false;
  announce(sentence.textContent);
}

/** Fetch the page with this run on it, and put these parts in place. */
async function refresh(run, ids) {
  const address = new URL(location.href);
  const onSettings = document.getElementById("live") !== null;
  if (onSettings) address.searchParams.set("pressed", run);
  try {
    const { response, page } = await fetchPage(address, ["run", "live"]);
    if (response.ok) swap(page, onSettings ? ids.filter((id) => id !== "run") : ids);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    document.querySelector("#run .without-script")?.removeAttribute("class");
  }
}
