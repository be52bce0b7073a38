// Buttons that copy a text of the page: they show only where that can be done.
import { showToast } from "./toast.js";

export function setUpCopying() {
  if (!navigator.clipboard) return;
  show(document);
  new MutationObserver(() => show(document)).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(document.getElementById(button.dataset.copy));
  });
}

const show = (root) => root.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    showToast("copy", "Copied.", { status: "up" });
  } catch {
    getSelection().selectAllChildren(source);
  }
}
