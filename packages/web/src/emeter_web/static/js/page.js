// Fetches this page again and makes it what it is now: main, the navigation and the title.
import { morph } from "./morph.js";
import { setClock, tick } from "./time.js";
import { showToast } from "./toast.js";

const PATIENCE_MS = 10_000;
let running = null;
let again = null;

export const facts = () => document.querySelector("meta[name=live]")?.dataset;

// `copy` names the change: all pages that fetch because of it share one answer. Rejects where there is no answer.
export function refresh(copy) {
  if (running) return (again ??= running.catch(() => {}).then(() => { again = null; return refresh(copy); }));
  running = fetchPage(copy).finally(() => { running = null; });
  return running;
}

async function fetchPage(copy) {
  const { page, part } = facts();
  const answer = await fetch(page, {
    headers: { "X-Live": copy }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status === 404 && /^\/monitors\/[0-9a-f-]{36}/.test(page)) return tellDeleted();
  // Signed out: the server shows what to do.
  if (answer.type === "opaqueredirect" || (answer.status === 404 && part === "main")) return location.reload();
  if (!answer.ok) throw new Error(`${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  await handsOff();
  await apply(fresh, part);
  document.dispatchEvent(new CustomEvent("live:refreshed", { detail: { copy } }));
}

// What is seen of it stays, for somebody is looking at it; what one could do with it goes.
let isDeleted = false;
function tellDeleted() {
  if (isDeleted) return;
  isDeleted = true;
  for (const actions of document.querySelectorAll("#main .actions")) actions.remove();
  showToast("deleted", "This monitor was deleted. What you see is how it was last.", { status: "no_data", sticky: true });
}

async function apply(fresh, part) {
  for (const selector of ["nav.nav", ".foot .ours"]) await morph(document.querySelector(selector), fresh.querySelector(selector.split(" ").at(-1)));
  if (part === "main") {
    if (fresh.title) document.title = fresh.title;
    await morph(document.getElementById("main"), fresh.getElementById("main"));
  }
  const { now, revision } = fresh.querySelector("meta[name=live]")?.dataset ?? {};
  if (now) Object.assign(facts(), { now, revision });
  setClock();
  tick();
}

// What is being pressed must not move away.
let pressed = null;
document.addEventListener("pointerdown", () => {
  pressed ??= new Promise((resolve) => {
    const release = () => { pressed = null; resolve(); };
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, release, { once: true });
    setTimeout(release, 2000);
  });
});

const handsOff = async () => { await pressed; };
