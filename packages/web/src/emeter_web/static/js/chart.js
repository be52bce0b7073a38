// Latency as a chart that answers the pointer: it takes the place of the drawing that came with the page.
import { draw, resize } from "./plot.js";

const LATER_MS = 10_000;

export function setUpCharts() {
  for (const holder of document.querySelectorAll("[data-latency]")) load(holder, "-").catch(() => {});
  document.addEventListener("live:refreshed", ({ detail }) => {
    for (const holder of document.querySelectorAll("[data-latency]")) renew(holder, detail.copy);
  });
  addEventListener("resize", () => document.querySelectorAll("[data-latency]").forEach(resize));
}

// The drawing that came with the page stays where this fails.
async function load(holder, copy) {
  const { turn } = holder.dataset;
  const asked = (holder.asked ?? 0) + 1;
  holder.asked = asked;
  const answer = await fetch(holder.dataset.latency, { headers: { "X-Live": copy }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const series = await answer.json();
  // One that was asked later is newer, though it may come sooner.
  if (asked !== holder.asked) return;
  Object.assign(holder, { loadedAt: Date.now(), turn });
  await draw(holder, series);
}

// Figures of a day hardly change within seconds, and are asked for less often than the page; but a chart that
// says other than the page above it is asked for at once.
function renew(holder, copy) {
  clearTimeout(holder.timer);
  const hasTurned = holder.turn !== holder.dataset.turn;
  const wait = hasTurned ? 0 : Math.max(0, LATER_MS - (Date.now() - (holder.loadedAt ?? 0)));
  holder.timer = setTimeout(() => load(holder, copy).catch(() => {}), wait);
}
