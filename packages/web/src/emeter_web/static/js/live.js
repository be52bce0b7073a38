// The stream of what is new: open as long as somebody looks, and honest about when it is not.
import { facts, refresh } from "./page.js";
import { patchRows } from "./rows.js";
import { hideToast, showToast } from "./toast.js";
import { age } from "./words.js";

const SILENT_MS = 25_000; // the hub says something every 15 s
const LOST_AFTER_MS = 4000;
const HIDDEN_AFTER_MS = 5000;
const RETRY_AT_MOST_MS = 10_000;
const NAMED_AT_MOST = 100;

let source = null;
let timer = 0;
let tries = 0;
let heardAt = Date.now(); // when the page was last known to be as it is
let isAway = false;
let monitors = new Set();

export function setUpLive() {
  if (!facts()) return;
  open();
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", onVisibility);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && reopen());
  document.addEventListener("live:refreshed", followMore);
}

function open() {
  clearTimeout(timer);
  monitors = shown();
  const { revision } = facts();
  const query = new URLSearchParams({ revision });
  if (monitors.size <= NAMED_AT_MOST) query.set("monitors", [...monitors].join("."));
  source = new EventSource(`${document.querySelector("meta[name=live]").content}?${query}`);
  source.addEventListener("error", fail);
  listen("monitors", (rows) => { patchRows(rows); followChecks(rows); });
  listen("page", ({ copy, spread }) => soon(spread, () => refresh(copy)));
  listen("away", () => { isAway = true; });
  listen("back", () => {});
  listen("beat", () => {});
  listen("end", () => location.reload());
}

function listen(name, act) {
  source.addEventListener(name, (event) => {
    if (name !== "away") {
      isAway = false;
      heardAt = Date.now();
    }
    tries = 0;
    hideToast("live");
    act(JSON.parse(event.data));
  });
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

// A browser gives up at the first refusal, so we try again ourselves; who was signed out learns it by the page.
function fail() {
  close();
  tries += 1;
  const wait = Math.min(1000 * 2 ** (tries - 1), RETRY_AT_MOST_MS) * (0.5 + Math.random());
  timer = setTimeout(reopen, wait);
}

function reopen() {
  if (document.hidden) return;
  close();
  open();
  // What happened meanwhile is in the page; one that fails here is tried again by the next.
  refresh("-").catch(() => {});
}

let hiding = 0;
function onVisibility() {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(close, HIDDEN_AFTER_MS);
  else if (!source) reopen();
}

// Says that the connection is lost, and how old that is what is shown; data stays where it is.
function look() {
  if (document.hidden) return;
  const silent = Date.now() - heardAt;
  if (source && silent > SILENT_MS) fail();
  const isLost = tries > 0 && silent > LOST_AFTER_MS;
  if (!isAway && !isLost) return;
  const what = isAway ? "The database is away." : "The connection is lost.";
  const aside = `What you see is ${age(silent / 1000)} old.`;
  showToast("live", `${what} We keep trying.`, { status: "no_data", sticky: true, aside });
}

// Fetches of many pages are spread over a moment; one that fails comes again.
function soon(spread, fetchAgain) {
  setTimeout(() => fetchAgain().catch(() => setTimeout(() => fetchAgain().catch(() => {}), 3000 + 2000 * Math.random())), spread * Math.random());
}

function shown() {
  return new Set(Array.from(document.querySelectorAll("[data-monitor-id]"), (each) => each.dataset.monitorId));
}

// A refreshed page may show others: the stream is asked anew, for all pages not at once.
let following = 0;
function followMore() {
  if (monitors.size > NAMED_AT_MOST || [...shown()].every((each) => monitors.has(each))) return;
  clearTimeout(following);
  following = setTimeout(() => { if (source) { close(); open(); } }, 2000 + 4000 * Math.random());
}

// Somebody waits for this check: they see it at once, and not when the server has the page fetched.
function followChecks(rows) {
  const page = document.querySelector("#main [data-checks=awaited]");
  const row = rows.find(({ id }) => id === page?.dataset.monitorId);
  if (row) refresh(`check-${row.checked_at}`).catch(() => {});
}
