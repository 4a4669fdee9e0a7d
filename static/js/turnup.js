/* What every page does: polls only while it is seen, proves its POSTs, shows refusals where they belong. */
(() => {
  "use strict";
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const banner = document.getElementById("connection");
  const lastHeard = document.getElementById("last-heard");
  let heard = new Date();

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    ctx.request.headers["X-CSRF-Token"] = csrf;
    if (ctx.sourceElement.hasAttribute("data-poll") && ctx.sourceEvent?.type === "every" && document.hidden) event.preventDefault();
  });

  // A tab that comes back is brought up to date at once.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const element of document.querySelectorAll("[data-poll]")) htmx.trigger(element, "every");
  });

  // The server's silence is said, not hidden behind numbers that no longer change.
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.response.status >= 500) return;
    heard = new Date();
    banner.hidden = true;
  });
  document.addEventListener("htmx:error", (event) => {
    if (!event.detail.ctx) return;
    lastHeard.dateTime = heard.toISOString();
    banner.hidden = false;
  });

  // An error page must not take the place of the list that was being refreshed.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.response.status >= 400 && ctx.sourceElement.hasAttribute("data-poll")) event.preventDefault();
  });

  // A refusal beside its form: the field it names is marked and gets the focus.
  document.addEventListener("htmx:after:swap", (event) => {
    const form = event.detail.ctx.sourceElement?.closest?.("form");
    if (!form || form.matches(".evaluate")) return;
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const refused = form.querySelector(".refused");
    if (!refused) return;
    const names = refused.dataset.field.split(/[.[\]]/).filter(Boolean);
    const field = names.map((name) => form.querySelector(`[data-field="${CSS.escape(name)}"]`)).findLast(Boolean);
    if (field) {
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  });

  // A form that did its work is gone: whoever sent it is led to what came of it.
  document.addEventListener("htmx:after:swap", (event) => {
    const form = event.detail.ctx.sourceElement;
    if (!form?.matches?.(".settle form") || form.isConnected) return;
    const outcome = document.getElementById(form.closest(".settle").id.replace("settle-", "outcome-"));
    (outcome ?? document.getElementById("settled"))?.focus();
  });

  // The list's address follows what is searched, so that a reload or a shared link shows the same.
  document.addEventListener("htmx:after:swap", (event) => {
    const list = document.querySelector("#list[data-address]");
    if (list && event.detail.ctx.sourceElement?.id === "filter") history.replaceState(null, "", list.dataset.address);
  });

  // A menu closes when one looks elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // Corrected inputs: what changes is said before it is sent.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.correct");
    const diff = form?.querySelector(".diff");
    if (!diff) return;
    const lines = [];
    for (const field of form.querySelectorAll("[data-was]")) {
      const changed = field.value !== field.dataset.was;
      field.classList.toggle("changed", changed);
      if (changed) lines.push(line(field.dataset.field, field.dataset.was, field.value));
    }
    diff.hidden = lines.length === 0;
    diff.querySelector("ul").replaceChildren(...lines);
  });

  function line(name, was, is) {
    const item = document.createElement("li");
    const code = Object.assign(document.createElement("code"), { textContent: name });
    const before = Object.assign(document.createElement("del"), { textContent: was || "nothing" });
    const after = Object.assign(document.createElement("ins"), { textContent: is || "nothing" });
    item.append(code, " ", before, " → ", after);
    return item;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row]");
    if (!button) return;
    const row = button.previousElementSibling.cloneNode(true);
    for (const field of row.querySelectorAll("input")) field.value = "";
    button.before(row);
    row.querySelector("input").focus();
  });
})();
