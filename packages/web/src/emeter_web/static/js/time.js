// Keeps "8 s ago" and "for 6 min 8 s" true, by the server's clock.
import { ago, length } from "./words.js";

const TICK_MS = 1000;
let ahead = 0;

export function setUpTimes() {
  setClock();
  setInterval(() => document.hidden || tick(), TICK_MS);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
}

// The page says what time it was when it was made.
export function setClock() {
  const made = Number(document.querySelector("meta[name=live]")?.dataset.now);
  if (made) ahead = made - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

export function tick() {
  for (const time of document.querySelectorAll("time[data-ago], time[data-for]")) {
    const seconds = (now() - Date.parse(time.dateTime)) / 1000;
    const text = "for" in time.dataset ? span(seconds, time.dataset) : ago(seconds);
    if (time.textContent !== text) time.textContent = text;
  }
}

// A list says whole minutes once there is one.
function span(seconds, { for: unit, lead }) {
  if (seconds < 1) return "just now";
  const told = length(unit === "min" && seconds >= 60 ? seconds - (seconds % 60) : seconds);
  return lead ? `${lead} ${told}` : told;
}
