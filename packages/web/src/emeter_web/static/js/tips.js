// Reads the bars out, slot by slot, in a tip that follows the pointer.
import { hour, moment } from "./words.js";

const WORDS = { up: "up", degraded: "degraded", down: "down", maintenance: "maintenance", paused: "paused", pending: "pending", no_data: "no data" };
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
  const { slots, since, step } = bars.dataset;
  const slot = Math.min(Math.floor(((x - box.left) / box.width) * slots), slots - 1);
  const from = Date.parse(since) + slot * step * 1000;
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = `${moment(from)} to ${hour(from + step * 1000)}: ${statusAt(bars, slot)}`;
  tip.style.position = "fixed";
  tip.style.zIndex = "20";
  tip.style.insetBlockStart = `${box.top - tip.offsetHeight - 4}px`;
  tip.style.insetInlineStart = `${Math.min(Math.max(x - tip.offsetWidth / 2, 4), innerWidth - tip.offsetWidth - 4)}px`;
}

function hide() {
  tip?.remove();
  tip = null;
}

// Each status is one path, with a stroke in the middle of each of its slots.
function statusAt(bars, slot) {
  const width = bars.viewBox.baseVal.width / bars.dataset.slots;
  for (const path of bars.querySelectorAll("path")) {
    const strokes = path.getAttribute("d").matchAll(/M([\d.]+)/g);
    for (const [, x] of strokes) if (Math.floor(x / width) === slot) return WORDS[path.getAttribute("class")] ?? "";
  }
  return "no monitor yet";
}
