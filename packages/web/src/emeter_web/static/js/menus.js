// Menus are details and open by themselves; here they close, and arrows move in them.
const ITEMS = "a[href], button, input:not([type=hidden])";

export function setUpMenus() {
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("details.menu[open]")) closeOthers(event.target); }, true);
  document.addEventListener("click", (event) => closeOthers(event.target.closest("details.menu")));
  document.addEventListener("focusin", (event) => closeOthers(event.target.closest("details.menu")));
  document.addEventListener("keydown", onKey);
}

function closeOthers(kept) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(kept)) menu.open = false;
}

function onKey(event) {
  const menu = event.target.closest?.("details.menu");
  if (!menu || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape" && menu.open) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (!move(menu, event)) return;
  event.preventDefault();
}

// Moves the focus by an arrow; tells whether it did.
function move(menu, event) {
  const onSummary = event.target.matches("summary");
  if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key) || (onSummary && !event.key.startsWith("Arrow"))) return false;
  menu.open = true;
  const items = [...menu.querySelectorAll(ITEMS)].filter((item) => item.checkVisibility());
  const at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? items.length - 1 : at - 1, Home: 0, End: items.length - 1 }[event.key];
  items.at(next % items.length)?.focus();
  return true;
}
