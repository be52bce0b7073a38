// Messages in the corner. One that has a name is replaced by the next of that name.
const LASTS_MS = 8000;

// `aside` may change every second, and is not read out each time.
export function showToast(name, text, { status = "", sticky = false, aside = "" } = {}) {
  const toast = find(name) ?? add(name, status);
  const parts = toast.querySelectorAll("span > span");
  [text, aside].forEach((words, index) => { if (parts[index].textContent !== words) parts[index].textContent = words; });
  if (!sticky) setTimeout(() => toast.remove(), LASTS_MS);
}

export function hideToast(name) {
  find(name)?.remove();
}

function find(name) {
  return document.querySelector(`.toasts > [data-toast="${name}"]`);
}

function add(name, status) {
  const toast = Object.assign(document.createElement("div"), { className: "toast" });
  toast.dataset.toast = name;
  if (status) {
    toast.dataset.status = status;
    toast.append(glyph(status));
  }
  const dismiss = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Dismiss" });
  dismiss.addEventListener("click", () => toast.remove());
  const words = document.createElement("span");
  const aside = document.createElement("span");
  aside.setAttribute("aria-live", "off");
  words.append(document.createElement("span"), " ", aside);
  toast.append(words, dismiss);
  corner().append(toast);
  return toast;
}

// The corner is there before what it says, so that it is read out.
function corner() {
  let toasts = document.querySelector(".toasts");
  if (!toasts) {
    toasts = Object.assign(document.createElement("div"), { className: "toasts" });
    toasts.setAttribute("role", "status");
    document.body.append(toasts);
  }
  return toasts;
}

function glyph(status) {
  const drawing = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(drawing, "svg");
  const use = document.createElementNS(drawing, "use");
  svg.setAttribute("class", "g");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#g-${status}`);
  svg.append(use);
  return svg;
}
