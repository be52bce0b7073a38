// Makes the page that is open like one that was fetched, and leaves alone what the reader is doing in it.
import { fade } from "./rows.js";

const FIELDS = "input:not([type=hidden]), textarea, select";
// Attributes that scripts add.
const OURS = new Set(["aria-busy", "aria-live", "tabindex"]);
const loading = import("../vendor/idiomorph.esm.js").then((module) => module.Idiomorph, () => null);
const typed = new WeakSet();

document.addEventListener("input", (event) => typed.add(event.target), true);
document.addEventListener("reset", (event) => { for (const each of event.target.elements) typed.delete(each); }, true);

export async function morph(old, fresh) {
  const idiomorph = await loading;
  if (!old || !fresh) return;
  addSymbols(fresh.ownerDocument);
  carryToken(fresh);
  nameRows(old);
  nameRows(fresh);
  if (idiomorph) idiomorph.morph(old, fresh, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks });
  else if (!old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
}

const callbacks = {
  beforeNodeMorphed(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) return true;
    if ("keep" in old.dataset || (typed.has(old) && old.matches(FIELDS))) return false;
    // Else the fading would end where the fetched page comes.
    if (old.classList.contains("changed")) fresh.classList.add("changed");
    if (old.dataset.monitorId && old.dataset.monitorId === fresh.dataset.monitorId && old.dataset.status !== fresh.dataset.status) {
      fresh.classList.add("changed");
      fade(old);
    }
    return true;
  },
  // What a script put there stays, and so does what the last request had to say.
  beforeNodeRemoved: (node) => node.nodeType !== Node.ELEMENT_NODE || !("keep" in node.dataset || node.matches("#main > .notice[role]")),
  // Menus and dialogs are open or not as the reader left them.
  beforeAttributeUpdated: (name, node, kind) => !(name === "open" && node.matches("details, dialog")) && !(kind === "remove" && OURS.has(name)),
};

// A sprite has what its own page uses.
function addSymbols(page) {
  const sprite = document.getElementById("sprite");
  for (const symbol of page.querySelectorAll("#sprite > symbol")) {
    if (!document.getElementById(symbol.id)) sprite?.append(document.adoptNode(symbol));
  }
}

// Copies of pages carry no token of anybody; ours is in the head.
function carryToken(fresh) {
  const token = document.querySelector("meta[name=csrf-token]")?.content;
  if (token) for (const field of fresh.querySelectorAll("input[name=_csrf_token]")) field.setAttribute("value", token);
}

// With names, rows are moved, not rewritten: whoever stands in one stays in it.
function nameRows(root) {
  const seen = new Set();
  for (const row of root.querySelectorAll("tr[data-monitor-id]")) {
    const name = `m-${row.dataset.monitorId}`;
    if (!row.id && !seen.has(name)) row.id = name;
    seen.add(name);
  }
}
