/* A file that somebody brings becomes a draft, which is opened. */
(() => {
  "use strict";
  const form = document.getElementById("import");
  if (!form) return;
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const refusal = form.querySelector(".refused");

  function kindOf(name) {
    if (name.endsWith(".dmn")) return "decisions";
    return /\.(form|json)$/.test(name) ? "form" : "process";
  }

  async function keep(file) {
    const body = { kind: kindOf(file.name), name: file.name.replace(/\.\w+$/, ""), document: await file.text() };
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const response = await fetch(form.dataset.make, { method: "POST", headers, body: JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.message);
    location.assign(form.dataset.draft.replace("DRAFT", encodeURIComponent(answer.id)));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    refusal.hidden = true;
    keep(form.elements.file.files[0]).catch((error) => {
      refusal.textContent = error.message;
      refusal.hidden = false;
    });
  });
})();
