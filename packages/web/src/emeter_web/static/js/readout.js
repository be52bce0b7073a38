// The legend is the read-out: its values follow the pointer, or the arrow keys.
import { hour, moment, ms, NONE } from "./words.js";

const PHASES = ["dns", "connect", "tls", "wait", "transfer"];
const A_DAY_S = 90_000;

export function attach(holder) {
  const { plot } = holder;
  const chart = holder.querySelector(".chart");
  plot.hooks.setCursor = [() => read(holder, holder.slots?.[plot.cursor.idx])];
  plot.hooks.setData = [() => read(holder, holder.slots?.[plot.cursor.idx])];
  chart.tabIndex = 0;
  chart.addEventListener("keydown", (event) => onKey(event, holder));
  chart.addEventListener("blur", () => move(holder, null));
}

function onKey(event, holder) {
  const last = holder.series.at.length - 1;
  const at = holder.reading ?? last + 1;
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, Escape: null }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  legend(holder)?.setAttribute("aria-live", "polite");
  move(holder, next === null ? null : Math.min(Math.max(next, 0), last));
}

function move(holder, slot) {
  const { plot, series } = holder;
  const width = plot.bbox.width / devicePixelRatio;
  const left = slot === null ? -10 : ((slot + 0.5) / series.at.length) * width;
  plot.setCursor({ left, top: 10 });
}

// Without a pointer, the newest slot that has values, or else the newest in which checks failed.
function read(holder, slot) {
  const { series } = holder;
  holder.reading = slot ?? null;
  const shown = slot ?? newest(series);
  const values = PHASES.map((name) => series[name][shown] ?? null);
  const isKnown = !values.includes(null);
  write(holder, "at", shown < 0 ? "" : time(series, shown));
  PHASES.forEach((name, index) => write(holder, name, isKnown ? text(values[index]).replace(/ ms$/, "") : NONE));
  const total = values.reduce((sum, value) => sum + value, 0);
  write(holder, "total", isKnown ? text(total) : silence(series, shown));
}

function newest(series) {
  const answered = series.dns.findLastIndex((value) => value !== null);
  return answered < 0 ? series.failures.findLastIndex((failures) => failures > 0) : answered;
}

const text = (milliseconds) => ms(milliseconds * 1000);
// What succeeded and has no length is a run that never told its start.
const silence = (series, slot) => (series.failures[slot] ? "no answer" : series.checks[slot] ? NONE : "no check");

function time(series, slot) {
  const at = series.at[slot] * 1000;
  return series.until - series.since > A_DAY_S ? moment(at) : hour(at);
}

function write(holder, name, value) {
  const cell = legend(holder)?.querySelector(`[data-read=${name}]`);
  if (cell && cell.textContent !== value) cell.textContent = value;
}

const legend = (holder) => holder.closest("section")?.querySelector(".legend");
