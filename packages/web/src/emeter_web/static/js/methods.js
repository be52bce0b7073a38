// Links that do something, as "Log out": sent as the form they stand for. Without scripts a form is there.
export function setUpMethods() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-method]");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    send(link.href, link.dataset.method);
  });
}

export function send(action, method) {
  const form = Object.assign(document.createElement("form"), { method: "post", action, hidden: true });
  form.append(field("_csrf_token", document.querySelector("meta[name=csrf-token]")?.content ?? ""));
  if (method.toLowerCase() !== "post") form.append(field("_method", method.toLowerCase()));
  document.body.append(form);
  form.submit();
}

function field(name, value) {
  return Object.assign(document.createElement("input"), { type: "hidden", name, value });
}
