// Another kind in place: its form takes over what was typed. Without this a card is a link to that form.
import { morph } from "./morph.js";

export function setUpKinds() {
  document.addEventListener("click", (event) => {
    const card = event.target.closest?.("[data-kinds] a");
    if (!card || event.defaultPrevented || event.button) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    choose(card.href).catch(() => location.assign(card.href));
  });
}

async function choose(href) {
  const answer = await fetch(href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = fresh.getElementById("monitor-form");
  if (!form) throw new Error("no form");
  await morph(document.getElementById("monitor-form"), form);
  for (const lede of document.querySelectorAll("#enough")) lede.textContent = fresh.getElementById("enough").textContent;
  history.replaceState(null, "", href);
  document.querySelector("[data-kinds] [aria-current]").focus();
}
