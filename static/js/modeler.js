/* The page that draws: opens what it was given, keeps it as a draft, deploys it, and lets nobody leave unsaved work unasked. */
(() => {
  "use strict";
  const page = document.getElementById("drawing");
  if (!page) return;
  const posts = JSON.parse(page.dataset.posts);
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const named = document.getElementById("draft-name");
  const kept = document.getElementById("kept");
  const told = document.getElementById("told");
  let drawing = null;
  let checks = null;
  let isUnsaved = false;
  let edits = 0;
  let saving = null;
  let lost = ""; // what of the file is not on the surface: to save it would be to lose that

  class Refused extends Error {
    static from({ message, findings, facts }) {
      return Object.assign(new Refused(message), { findings, facts });
    }
  }

  // A page instead of an answer: somebody has logged out, or may not. What is drawn stays.
  async function post(name, body, id = page.dataset.draft) {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const response = await fetch(posts[name].replace("DRAFT", encodeURIComponent(id)), { method: "POST", headers, body: JSON.stringify(body) });
    if (response.redirected) throw new Refused("You are logged out. Log in again in another tab, then repeat it here: what you drew is still there.");
    if (!response.headers.get("Content-Type")?.includes("json")) throw new Refused(`The server refused it (${response.status}). Export what you drew if that goes on.`);
    const answer = await response.json();
    if (!response.ok) throw Refused.from(answer);
    return answer;
  }

  function say(text = "") {
    told.textContent = text;
    told.hidden = !text;
  }

  function note(text, unsaved) {
    isUnsaved = unsaved;
    kept.textContent = text;
    kept.classList.toggle("unsaved", unsaved);
  }

  function edited() {
    edits += 1;
    note("Unsaved changes", true);
  }

  function changed() {
    edited();
    checks?.soon();
  }

  // Whoever is impatient does not keep two drafts.
  function save() {
    saving ??= saveOnce().finally(() => { saving = null; });
    return saving;
  }

  async function saveOnce() {
    say(lost);
    if (lost || !named.reportValidity()) return false;
    const { kind, draft, revision, base } = page.dataset;
    const before = edits;
    try {
      const body = { kind, name: named.value, document: await drawing.text() };
      const done = draft
        ? await post("save", { ...body, revision: Number(revision) })
        : await post("make", { ...body, baseVersion: base ? Number(base) : null });
      page.dataset.draft = done.id;
      page.dataset.revision = String(done.revision);
      if (edits === before) note(`Saved by ${done.savedBy} just now`, false);
      document.getElementById("throw-away").hidden = false;
      page.dispatchEvent(new CustomEvent("draft:saved", { detail: done }));
      history.replaceState(null, "", posts.draft.replace("DRAFT", encodeURIComponent(done.id)));
      return true;
    } catch (error) {
      say(error.message);
      return false;
    }
  }

  async function throwAway() {
    if (!confirm("Throw this draft away? What is deployed stays.")) return;
    try {
      await post("remove", {});
      note("Thrown away", false);
      location.assign(document.querySelector(".bar .crumbs a").href);
    } catch (error) {
      say(error.message);
    }
  }

  async function exportFile() {
    const address = URL.createObjectURL(new Blob([await drawing.text()], { type: drawing.kind }));
    const link = Object.assign(document.createElement("a"), { href: address, download: `${named.value || "drawn"}${page.dataset.ending}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  async function importFile(file) {
    const before = await drawing.text();
    try {
      await open(await file.text());
      changed();
    } catch (error) {
      say(`${file.name} cannot be drawn: ${error.message}. What was drawn is still there.`);
      await drawing.open(before);
    }
  }

  async function open(text) {
    const brought = await bringIn({ page, post, text, show: (id) => drawing.show(id) });
    const warnings = await drawing.open(brought.text);
    lost = warnings.length ? `It is not all on the surface, so it can be looked at but not saved. Correct the file first: ${warnings.slice(0, 3).join("; ")}` : "";
    say(lost);
    return brought.changed;
  }

  // What was changed is kept first: it is the draft that is tried.
  async function tryIt() {
    const { draft, tried } = page.dataset;
    if (!draft && !isUnsaved && tried) return location.assign(tried);
    if ((isUnsaved || !draft) && !(await save())) return;
    location.assign(posts.try.replace("DRAFT", encodeURIComponent(page.dataset.draft)));
  }

  function askWhy() {
    if (lost) return say(lost);
    const dialog = document.getElementById("deploy-dialog");
    const { errors = "0", warnings = "0" } = page.dataset;
    const doubts = { 0: "", 1: "There is a warning. It is deployed all the same." }[warnings] ?? `There are ${warnings} warnings. It is deployed all the same.`;
    document.getElementById("deploy-warnings").textContent = errors === "0" ? doubts : "There are errors: it will be refused.";
    dialog.querySelector(".refused").hidden = true;
    dialog.showModal();
    if (posts.test) drawing.text().then((text) => foretell({ post, text, base: page.dataset.base, told: document.getElementById("deploy-outlook") }));
  }

  async function deploy(form) {
    const refusal = form.querySelector(".refused");
    const button = form.querySelector("[type=submit]");
    refusal.hidden = true;
    button.disabled = true;
    try {
      const body = { kind: page.dataset.kind, document: await drawing.text(), reason: form.elements.reason.value.trim() };
      const done = await post("deploy", { ...body, draftId: page.dataset.draft || null, revision: Number(page.dataset.revision) || null });
      note(`Deployed as ${done.name} v${done.version}`, false);
      location.assign(done.href);
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
      if (error.findings) checks?.tell(error.findings);
    } finally {
      button.disabled = false;
    }
  }

  function press(id, act) {
    document.getElementById(id)?.addEventListener("click", act);
  }

  press("save", save);
  press("export", exportFile);
  press("import", () => document.getElementById("file").click());
  press("throw-away", throwAway);
  press("deploy", askWhy);
  press("try", tryIt);
  press("keys", () => document.getElementById("keys-dialog").showModal());
  let name = named.value;
  named.addEventListener("input", () => {
    edited();
    drawing.rename?.(name, named.value);
    name = named.value;
  });
  document.getElementById("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) importFile(target.files[0]);
    target.value = "";
  });
  document.getElementById("deploy-form").addEventListener("submit", (event) => {
    event.preventDefault();
    deploy(event.target);
  });
  document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest("dialog").close());
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s" || !document.getElementById("save")) return;
    event.preventDefault();
    save();
  });
  addEventListener("beforeunload", (event) => {
    if (isUnsaved) event.preventDefault();
  });

  async function begin() {
    const facts = { surface: document.getElementById("surface"), panel: document.getElementById("properties"), page, say };
    drawing = await openDrawing({ ...facts, onCheckMark: (id) => checks?.point(id) });
    if (await open(page.dataset.document)) changed();
    drawing.onChange(changed);
    if (page.dataset.checks) checks = watchChecks({ page, post, drawing });
    globalThis.drawing = drawing; // for whoever looks into the page, such as tests
    checks?.look();
    globalThis.offerRefusals?.({ page, drawing });
    page.dataset.ready = "true";
  }

  begin().catch((error) => say(`It cannot be drawn here: ${error.message}. It is as it was on the server.`));
})();
