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
  const answer = await fetch(holder.dataset.latency, { headers: { "X-Live": copy }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  holder.loadedAt = Date.now();
  await draw(holder, await answer.json());
}

// Figures of a day hardly change within seconds: they are asked for less often than the page.
function renew(holder, copy) {
  clearTimeout(holder.timer);
  const wait = Math.max(0, LATER_MS - (Date.now() - (holder.loadedAt ?? 0)));
  holder.timer = setTimeout(() => load(holder, copy).catch(() => {}), wait);
}
