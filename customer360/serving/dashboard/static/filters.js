// A filter that is pointed at takes effect when it is changed. With the keyboard every step through the
// choices is a change, so there the button decides, as it does without this script.
for (const form of document.querySelectorAll("form.filters[data-at-once]")) {
  let pointed = false;
  form.addEventListener("pointerdown", () => { pointed = true; });
  form.addEventListener("keydown", () => { pointed = false; });
  form.addEventListener("change", () => { if (pointed) form.requestSubmit(); });
}
