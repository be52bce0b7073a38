// Figures and times as formats.py writes them: what a script writes must not read differently.
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

export const NONE = "–";

export function ms(us) {
  if (us === null || us === undefined) return NONE;
  if (us > 0 && us < 500) return "<1 ms";
  const whole = Math.round(us / 1000);
  if (whole < 10_000) return `${count(whole)} ms`;
  return whole < 120_000 ? `${count(Math.floor(whole / 100) / 10)} s` : length(whole / 1000);
}

export function count(number) {
  return number.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

export function ago(seconds) {
  return seconds >= 1 ? `${age(seconds)} ago` : "just now";
}

export function age(seconds) {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS.at(-1);
  return `${count(Math.floor(Math.max(seconds, 0) / size))} ${unit}`;
}

export function length(seconds) {
  const whole = Math.floor(Math.max(seconds, 0));
  const first = UNITS.findIndex(([, size]) => whole >= size);
  if (first < 0) return "0 s";
  const [[unit, size], next] = [UNITS[first], UNITS[first + 1]];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  return `${count(Math.floor(whole / size))} ${unit}${rest ? ` ${rest} ${next[0]}` : ""}`;
}

export function word(status) {
  const text = status.replace("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function instant(milliseconds) {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

export function hour(milliseconds) {
  return new Date(milliseconds).toISOString().slice(11, 16);
}

export function moment(milliseconds) {
  const day = new Date(milliseconds).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  return `${day}, ${hour(milliseconds)}`;
}

export function full(milliseconds) {
  const date = new Date(milliseconds);
  const part = (options) => date.toLocaleDateString("en-GB", { ...options, timeZone: "UTC" });
  const day = `${part({ weekday: "short" })} ${part({ day: "numeric" })} ${part({ month: "short" })} ${part({ year: "numeric" })}`;
  return `${day}, ${date.toISOString().slice(11, 19)} UTC`;
}
