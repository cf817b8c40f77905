// A filter takes effect when it is changed; without this script its button does the same.
for (const form of document.querySelectorAll("form.filters[data-at-once]")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}
