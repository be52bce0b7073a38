// Reads the bars out, slot by slot, in a tip that follows the pointer.
import { hour, moment } from "./words.js";

// A letter a slot, as charts/bars.py writes them.
const WORDS = {
  " ": "no monitor yet", u: "up", g: "degraded", d: "down", m: "maintenance", p: "paused", x: "unreachable", w: "pending",
  n: "no data", b: "blocked",
};
let tip = null;

export function setUpTips() {
  document.addEventListener("pointermove", (event) => {
    const bars = event.pointerType === "mouse" && event.target.closest?.(".bars[data-slots]");
    if (bars) show(bars, event.clientX);
    else hide();
  }, { passive: true });
  document.addEventListener("scroll", hide, { passive: true, capture: true });
}

function show(bars, x) {
  const box = bars.getBoundingClientRect();
  const { slots, until, step } = bars.dataset;
  const slot = Math.max(Math.min(Math.floor(((x - box.left) / box.width) * slots.length), slots.length - 1), 0);
  const from = Date.parse(until) - (slots.length - slot) * step * 1000;
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = `${moment(from)} to ${hour(from + step * 1000)}: ${WORDS[slots[slot]] ?? ""}`;
  tip.style.position = "fixed";
  tip.style.zIndex = "20";
  tip.style.insetBlockStart = `${box.top - tip.offsetHeight - 4}px`;
  tip.style.insetInlineStart = `${Math.min(Math.max(x - tip.offsetWidth / 2, 4), innerWidth - tip.offsetWidth - 4)}px`;
}

function hide() {
  tip?.remove();
  tip = null;
}
