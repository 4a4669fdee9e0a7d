/* Keeps every <time data-style> true: relative words and countdowns move on, clocks and tooltips are in the reader's zone.
   app/dashboard/times.py says the same words for the first sight and for browsers without scripts. */
(() => {
  "use strict";
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  let ahead = 0; // how far the server's clock is ahead of this one, in milliseconds

  const span = (seconds) => {
    for (const [size, unit] of steps) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
    return `${Math.floor(seconds)} s`;
  };

  const fineSpan = (seconds) => {
    const at = steps.findIndex(([size]) => seconds >= size);
    if (at < 0) return span(seconds);
    const [size, unit] = steps[at];
    const [nextSize, nextUnit] = steps[at + 1] ?? [1, "s"];
    return `${Math.floor(seconds / size)} ${unit} ${Math.floor((seconds % size) / nextSize)} ${nextUnit}`;
  };

  const words = (at, style, now) => {
    if (style === "clock") {
      return new Date(now).toDateString() === at.toDateString() ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
    }
    const seconds = (now - at.getTime()) / 1000;
    if (style === "countdown") return seconds >= 0 ? "due" : `in ${fineSpan(-seconds)}`;
    if (Math.abs(seconds) < 1) return "now";
    return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
  };

  const refresh = (root = document) => {
    const now = Date.now() + ahead;
    for (const element of root.querySelectorAll("time[data-style][datetime]")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const said = words(at, element.dataset.style, now);
      if (element.textContent !== said) element.textContent = said;
      const title = whole.format(at);
      if (element.title !== title) element.title = title;
    }
  };

  document.addEventListener("htmx:before:response", (event) => {
    const date = Date.parse(event.detail.ctx.response.headers.get("Date"));
    // The header has whole seconds: only a difference that is more than rounding counts.
    if (!Number.isNaN(date)) ahead = Math.abs(date - Date.now()) > 2000 ? date - Date.now() : 0;
  });
  document.addEventListener("htmx:after:swap", () => refresh());
  setInterval(() => { if (!document.hidden) refresh(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  refresh();
})();
