// Keys for what has a key: whatever shows a <kbd> is reached by it. `?` lists them, j and k walk through lists.
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const OFF = "shortcuts-off";
const WALK = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

export function setUpShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.(TYPING)) leave(event);
    else if (act(event)) event.preventDefault();
  });
}

// Escape leaves a field, so that keys work again.
function leave(event) {
  if (event.key === "Escape" && event.target.matches?.("input[type=search]") && !event.target.value) event.target.blur();
}

function act(event) {
  if (event.key === "?") return showHelp();
  if (event.key.startsWith("Arrow") && !event.target.closest?.(".list")) return false;
  if (event.key.length === 1 && isOff()) return false;
  return event.key in WALK ? walk(WALK[event.key]) : press(event.key);
}

// Storage may be denied; then they are on.
function isOff() {
  try { return OFF in localStorage; } catch { return false; }
}

function setOff(off) {
  try { if (off) localStorage.setItem(OFF, ""); else localStorage.removeItem(OFF); } catch { /* so they stay on */ }
}

function keyed() {
  return [...document.querySelectorAll("kbd[aria-hidden]")]
    .map((kbd) => [kbd.textContent.trim(), kbd.closest("a, button") ?? kbd.parentElement.querySelector("input")])
    .filter(([key, target]) => key && target && !target.closest("[data-theme], dialog"));
}

function press(key) {
  const target = keyed().find(([name]) => name === key)?.[1];
  if (!target) return false;
  if (target.matches("input")) target.select();
  target.focus();
  if (!target.matches("input")) target.click();
  return true;
}

function walk(step) {
  const links = [...document.querySelectorAll(".list [data-monitor-id] .who > a")];
  const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  next?.focus();
  return links.length > 0;
}

function showHelp() {
  const dialog = Object.assign(document.createElement("dialog"), { className: "dialog" });
  dialog.setAttribute("aria-labelledby", "help-title");
  const keys = [...keyed().map(([key, target]) => [key, name(target)]), ["j k", "Next and previous in the list"], ["Esc", "Close what is open"], ["?", "This help"]];
  const list = document.createElement("dl");
  list.className = "pairs";
  for (const [key, text] of keys) list.append(pair(key, text));
  dialog.append(make("h2", "Keys", { id: "help-title" }), list, toggle(), actions(dialog));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return true;
}

function name(target) {
  const words = target.cloneNode(true);
  words.querySelector?.("kbd")?.remove();
  return target.getAttribute("aria-label") || target.labels?.[0]?.textContent || words.textContent.trim();
}

function pair(key, text) {
  const term = document.createElement("dt");
  for (const each of key.split(" ")) term.append(make("kbd", each), " ");
  const row = document.createElement("div");
  row.append(term, make("dd", text));
  return row;
}

// Whoever dictates would press keys by speaking: they can be switched off, in this browser.
function toggle() {
  const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "switch", checked: !isOff() });
  box.setAttribute("role", "switch");
  box.addEventListener("change", () => setOff(!box.checked));
  const label = Object.assign(document.createElement("label"), { className: "check section" });
  label.append(box, make("span", "Single keys work in this browser"));
  return label;
}

function actions(dialog) {
  const row = Object.assign(document.createElement("div"), { className: "actions" });
  const close = make("button", "Close", { className: "btn", type: "button", autofocus: true });
  close.addEventListener("click", () => dialog.close());
  row.append(close);
  return row;
}

const make = (tag, textContent, more = {}) => Object.assign(document.createElement(tag), { textContent, ...more });
