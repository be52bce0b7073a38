// A form that is on its way says so, and goes once.
const GIVEN_UP_MS = 15_000;

export function setUpForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "get") return;
    if ("busy" in form.dataset) {
      event.preventDefault();
      return;
    }
    setBusy(form, event.submitter);
    setTimeout(() => setIdle(form), GIVEN_UP_MS);
  });
  // Back from the next page, which the browser had kept as it was.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(setIdle));
}

export function setBusy(form, button) {
  form.dataset.busy = "";
  button?.setAttribute("aria-busy", "true");
}

export function setIdle(form) {
  delete form.dataset.busy;
  for (const button of document.querySelectorAll("[aria-busy]")) if (button.form === form) button.removeAttribute("aria-busy");
}
