// News of monitors, written into what the page shows of them.
import { tick } from "./time.js";
import { full, instant, ms, word } from "./words.js";

const FADES_MS = 1700;
const FAILING = new Set(["down", "blocked"]);

export function patchRows(rows) {
  const shown = Map.groupBy(document.querySelectorAll("[data-monitor-id]"), (each) => each.dataset.monitorId);
  for (const row of rows) for (const element of shown.get(row.id) ?? []) patch(element, row);
  tick();
}

function patch(element, row) {
  if (element.dataset.status !== row.status) setStatus(element, row.status);
  for (const cell of element.querySelectorAll("[data-live=latency]")) {
    cell.textContent = ms(FAILING.has(row.status) ? null : row.us);
    if ("value" in cell) cell.value = row.us ?? "";
  }
  if (row.checked_at) for (const cell of element.querySelectorAll("[data-live=checked]")) setChecked(cell, row.checked_at);
}

// A row that changed keeps its place; its first glyph is that of its status.
function setStatus(element, status) {
  element.dataset.status = status;
  const glyph = element.querySelector(".g");
  if (glyph) {
    glyph.dataset.status = status;
    glyph.querySelector("use")?.setAttribute("href", `#g-${status}`);
    if (glyph.nextElementSibling?.matches(".vh")) glyph.nextElementSibling.textContent = `${word(status)}: `;
  }
  fade(element);
}

export function fade(element) {
  element.classList.add("changed");
  setTimeout(() => element.classList.remove("changed"), FADES_MS);
}

function setChecked(cell, at) {
  const time = cell.matches("time") ? cell : Object.assign(document.createElement("time"), { className: cell.className });
  time.dateTime = instant(at);
  time.title = full(at);
  time.dataset.ago = "";
  if (time !== cell) {
    time.dataset.live = "checked";
    cell.replaceWith(time);
  }
}
