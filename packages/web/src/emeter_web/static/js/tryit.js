// "Try it" in place: what stands in the form is sent and its answer shown beside it; nothing typed is lost.
import { morph } from "./morph.js";
import { showToast } from "./toast.js";

const EVERY_MS = 400;
const TIMES = 100;

export function setUpTrials() {
  document.addEventListener("submit", (event) => {
    if (!event.submitter?.matches("[data-try-it]")) return;
    event.preventDefault();
    if (!("trying" in event.target.dataset)) tryIt(event.target, event.submitter);
  });
  // A page that came with a question still open waits for the answer by itself.
  if (document.querySelector("#try[data-waiting]")) poll(location.href).catch(tell);
}

// Who saves meanwhile need not wait for the answer: the form itself is not busy.
async function tryIt(form, button) {
  form.dataset.trying = "";
  button.setAttribute("aria-busy", "true");
  try {
    const data = new FormData(form);
    // What the button is called wins over a field of that name.
    if (button.name) data.set(button.name, button.value);
    const answer = await fetch(button.formAction, { method: "POST", body: new URLSearchParams(data) });
    if (answer.status >= 500) throw new Error(`${answer.status}`);
    await show(await read(answer), form);
    await poll(answer.url);
  } catch {
    tell();
  } finally {
    delete form.dataset.trying;
    for (const each of form.querySelectorAll("[data-try-it][aria-busy]")) each.removeAttribute("aria-busy");
  }
}

// Asks for the page until its answer is there.
async function poll(url) {
  for (let time = 0; time < TIMES && document.querySelector("#try[data-waiting]"); time += 1) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    const answer = await fetch(url, { cache: "no-store" });
    if (answer.ok) await show(await read(answer));
  }
}

const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// Takes over the answer and, where the form was refused, what is wrong in it; what was typed stays.
async function show(fresh, form) {
  const answer = fresh.getElementById("try");
  if (!answer) throw new Error("no answer");
  if (form) showErrors(form, fresh);
  await morph(document.getElementById("try"), answer);
}

function showErrors(form, fresh) {
  for (const field of form.querySelectorAll(".field")) {
    const input = field.querySelector("[id]:is(input, textarea, select)");
    const other = input && fresh.getElementById(input.id);
    if (!other) continue;
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (other.hasAttribute(name)) input.setAttribute(name, other.getAttribute(name));
      else input.removeAttribute(name);
    }
    const hint = field.querySelector(".hint");
    if (hint) hint.hidden = other.closest(".field").querySelector(".hint")?.hidden ?? false;
    field.querySelector(".error")?.remove();
    const error = other.closest(".field").querySelector(".error");
    if (error) (field.querySelector(".with-unit") ?? input).after(document.adoptNode(error));
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

function tell() {
  showToast("try", "Not tried: the server does not answer. Try again in a moment.", { status: "no_data" });
}
