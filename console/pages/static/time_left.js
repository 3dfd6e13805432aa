// How long a run is still going to take, roughly.

const TOO_EARLY = 2000; // milliseconds

/** From samples {at (milliseconds), settled}, oldest first: such as "about 2 minutes"; null where nothing moves; undefined too early. */
export function timeLeft(samples, total) {
  const [first, last] = [samples[0], samples.at(-1)];
  const took = last.at - first.at;
  const gained = last.settled - first.settled;
  if (took < TOO_EARLY) return undefined;
  if (gained <= 0) return null;
  return roughly(((total - last.settled) * took) / gained / 1000);
}

/** A length of time, in seconds, that nobody takes for exact. */
export function roughly(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 55) return `about ${Math.max(10, Math.round(seconds / 10) * 10)} seconds`;
  if (seconds < 3570) return about(Math.max(1, Math.round(seconds / 60)), "minute");
  return about(Math.round(seconds / 3600), "hour");
}

function about(number, noun) {
  return `about ${number} ${noun}${number === 1 ? "" : "s"}`;
}
