/* Light, dark, or as the reader's system has it. Kept in the browser, and set before anything is drawn. */
(() => {
  "use strict";
  const NAME = "turnup-theme";

  const kept = () => {
    try {
      const theme = localStorage.getItem(NAME);
      return theme === "light" || theme === "dark" ? theme : "";
    } catch {
      return ""; // a browser that keeps nothing has the system's
    }
  };

  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };

  apply(kept());
  document.addEventListener("DOMContentLoaded", () => {
    const chosen = document.querySelector(`input[name="theme"][value="${kept()}"]`);
    if (chosen) chosen.checked = true;
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "theme") return;
    apply(event.target.value);
    try {
      localStorage.setItem(NAME, event.target.value);
    } catch {
      /* it holds for this page */
    }
  });
  // Another tab has chosen.
  addEventListener("storage", (event) => { if (event.key === NAME) apply(kept()); });
})();
