/* The checks of a deployment while one draws: asked a moment after each change, drawn on the surface and told in a list. */
"use strict";

globalThis.watchChecks = ({ page, post, drawing }) => {
  const WAIT_MS = 500;
  const list = document.getElementById("findings");
  const count = document.getElementById("lint-count");
  let timer = 0;
  let asked = 0;

  function item(finding) {
    const line = Object.assign(document.createElement("li"), { className: finding.severity });
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const severity = Object.assign(document.createElement("strong"), { textContent: finding.severity === "error" ? "Error" : "Warning" });
    button.append(severity, " ");
    if (finding.elementId) button.append(Object.assign(document.createElement("code"), { textContent: finding.elementId }), " ");
    button.append(finding.message, " ", Object.assign(document.createElement("span"), { className: "remedy", textContent: finding.remedy }));
    button.dataset.element = finding.elementId ?? "";
    button.addEventListener("click", () => drawing.show(finding.elementId));
    line.append(button);
    return line;
  }

  function tell(findings) {
    const errors = findings.filter(({ severity }) => severity === "error").length;
    const warnings = findings.length - errors;
    const said = [errors && `${errors} ${errors === 1 ? "error" : "errors"}`, warnings && `${warnings} ${warnings === 1 ? "warning" : "warnings"}`];
    count.textContent = said.filter(Boolean).join(", ") || "nothing to say against it";
    page.dataset.errors = String(errors);
    page.dataset.warnings = String(warnings);
    list.replaceChildren(...findings.toSorted((one, other) => one.severity.localeCompare(other.severity)).map(item));
    drawing.mark(findings);
  }

  async function look() {
    const mine = ++asked;
    page.dataset.checked = "false";
    try {
      const { findings } = await post("check", { kind: page.dataset.kind, document: await drawing.text() });
      if (mine !== asked) return; // something newer was asked meanwhile
      tell(findings);
      page.dataset.checked = "true";
    } catch (error) {
      if (mine === asked) count.textContent = `not checked: ${error.message}`;
    }
  }

  function soon() {
    clearTimeout(timer);
    asked += 1; // what is on its way is of what was there before
    page.dataset.checked = "false";
    timer = setTimeout(look, WAIT_MS);
  }

  function point(id) {
    const button = list.querySelector(`[data-element="${CSS.escape(id)}"]`);
    button?.scrollIntoView({ block: "nearest" });
    button?.focus();
  }

  return { look, soon, point, tell };
};
