/* Trying a decision out from the keyboard, and seeing what came of it. */
(() => {
  "use strict";

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest("form.evaluate");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // The first field that was refused gets the focus; else the first rule that matched comes into view.
  document.addEventListener("htmx:after:swap", (event) => {
    const form = event.detail.ctx.sourceElement;
    if (!form?.matches?.("form.evaluate")) return;
    const refused = form.querySelector("[aria-invalid=true]");
    if (refused) refused.focus();
    else document.querySelector("#logic tr.matched, #required tr.matched")?.scrollIntoView({ block: "nearest" });
  });
})();
