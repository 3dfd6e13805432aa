// Says times in the person's own zone; what was just now, or is soon, as "5 min ago" or "in 5 min".

const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto", style: "short" });
const HOUR = 3600;
let timer;

/** Say all times of the page, and say them again as they pass. */
export function tellTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) tell(element);
  timer ??= setInterval(tellTimes, 30_000);
}

function tell(element) {
  const at = new Date(element.dateTime);
  const seconds = (at - Date.now()) / 1000;
  const text = exact.format(at);
  element.title = text;
  const words = element.matches("h1 time") || Math.abs(seconds) >= HOUR ? text : near(seconds);
  if (element.textContent !== words) element.textContent = words;
}

function near(seconds) {
  if (Math.abs(seconds) < 50) return seconds > 0 ? "in a moment" : "just now";
  return relative.format(Math.round(seconds / 60) || 1, "minute");
}
