/* Shows a task's form; what it gives is sent by the page's own form, with its proof. */
(() => {
  "use strict";
  const holder = document.getElementById("task-form");
  const complete = document.getElementById("complete");
  if (!holder || !complete) return;

  async function show() {
    const response = await fetch(holder.dataset.form);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { schema, data } = await response.json();
    holder.replaceChildren();
    const form = await FormViewer.createForm({ container: holder, schema, data });
    form.on("submit", ({ data: answers, errors }) => {
      if (Object.keys(errors).length) return holder.querySelector(".fjs-has-errors input, .fjs-has-errors textarea, .fjs-has-errors select")?.focus();
      document.getElementById("answers").value = JSON.stringify(answers);
      complete.requestSubmit();
    });
    document.getElementById("submit-form")?.addEventListener("click", () => form.submit());
    holder.dataset.ready = "true";
  }

  show().catch((error) => {
    holder.replaceChildren(Object.assign(document.createElement("p"), { className: "refused", textContent: `The form cannot be shown: ${error.message}.` }));
  });
})();
