/* Lists by keyboard: j and k go through their rows, / searches, ? tells. Whoever dictates or mistypes can turn them off. */
(() => {
  "use strict";
  const OFF = "turnup-single-keys-off";
  const ROWS = "main .main-cell a, main [data-row]";
  const help = document.getElementById("help");
  const toggle = document.getElementById("single-keys");

  const isOff = () => {
    try {
      return localStorage.getItem(OFF) === "1";
    } catch {
      return false;
    }
  };

  const isTyping = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable]"));

  function step(by) {
    const rows = [...document.querySelectorAll(ROWS)].filter((row) => row.checkVisibility());
    if (!rows.length) return false;
    const around = document.activeElement.closest("tr, li, article");
    const at = rows.findIndex((row) => row === document.activeElement || around?.contains(row));
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next].focus();
    rows[next].scrollIntoView({ block: "nearest" });
    return true;
  }

  // A page without a search of its own leads to where orders are searched.
  function search() {
    const field = document.querySelector("#search, main input[type=search]");
    if (field) {
      field.focus();
      field.select();
    } else if (help) {
      location.assign(`${help.dataset.instances}#search`);
    }
    return Boolean(field || help);
  }

  function tell() {
    if (!help || help.open) return false;
    toggle.checked = !isOff();
    help.showModal();
    return true;
  }

  const keys = { j: () => step(1), k: () => step(-1), "/": search, "?": tell };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const field = document.getElementById("search");
    if (event.key === "Escape" && field && event.target === field && field.value) {
      event.preventDefault();
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (keys[event.key] && !isTyping(event.target) && !isOff() && !help?.open && keys[event.key]()) {
      event.preventDefault();
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-help]")) tell();
    else if (help && event.target === help) help.close(); // beside the dialog's paper
  });

  toggle?.addEventListener("change", () => {
    try {
      if (toggle.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      /* a browser that keeps nothing asks again */
    }
  });

  if (location.hash === "#search") search();
})();
