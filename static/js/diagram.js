/* Shows a diagram and, over it, where an instance stands. The diagram is drawn once; only marks and badges change. */
(() => {
  "use strict";
  const holder = document.getElementById("diagram");
  if (!holder) return;
  const surface = holder.querySelector(".diagram-canvas");
  const viewer = new BpmnJS({ container: surface });
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  let drawn = "";
  let seen = "";
  let chosen = null;
  let moved = false; // the reader has zoomed or scrolled: resizing must not take that away

  const RIM = 24;
  const marker = { done: "mark-done", active: "mark-active", failed: "mark-failed", missed: "mark-missed" };

  function fit() {
    canvas.resized();
    canvas.zoom("fit-viewport", "auto");
    // A small diagram blown up to the frame is harder to read, not easier.
    if (canvas.zoom() > 1.15) canvas.zoom(1, "auto");
    else canvas.zoom(canvas.zoom() * 0.96); // labels at the rim keep a margin
    moved = false;
  }

  // A wide diagram in a narrow window fits only as a thread: begin where something waits or failed, large enough to read.
  function begin() {
    fit();
    const marks = Object.entries(JSON.parse(drawn || "{}"));
    const [id] = marks.find(([, mark]) => mark.failed) ?? marks.find(([, mark]) => mark.tokens) ?? [];
    const element = id && registry.get(id);
    if (!element || canvas.zoom() > 0.35) return;
    canvas.zoom(0.6);
    const { inner, width, height } = canvas.viewbox();
    const x = within(element.x + element.width / 2, inner.x, inner.width, width);
    const y = within(element.y + element.height / 2, inner.y, inner.height, height);
    canvas.viewbox({ x, y, width, height });
    moved = false;
  }

  // Where a window of that length begins that has the point in its middle, but shows no more emptiness than it must.
  function within(point, start, length, shown) {
    if (length <= shown) return start - (shown - length) / 2;
    return Math.min(Math.max(point - shown / 2, start - RIM), start + length + RIM - shown);
  }

  function readMarks() {
    const element = document.querySelector("#marks [data-marks]");
    const { marks, flows, said } = element?.dataset ?? {};
    const now = [marks, flows, said].join("|");
    if (!element || now === seen) return;
    seen = now;
    drawn = marks;
    paint(JSON.parse(marks), flows && new Set(JSON.parse(flows)));
    overlays.remove({ type: "said" });
    for (const [id, what] of Object.entries(JSON.parse(said || "{}"))) say(id, what);
  }

  function paint(marks, flows) {
    overlays.remove({ type: "token" });
    registry.forEach((element) => {
      for (const name of [...Object.values(marker), "mark-taken", "mark-inside"]) canvas.removeMarker(element.id, name);
      if (element.type !== "bpmn:SequenceFlow") return;
      if (flows ? flows.has(element.id) : wasTaken(element, marks)) canvas.addMarker(element.id, "mark-taken");
    });
    for (const [id, mark] of Object.entries(marks)) {
      const element = registry.get(id);
      if (!element) continue;
      const around = element.type === "bpmn:SubProcess" && mark.state === "active" && !mark.tokens;
      canvas.addMarker(id, around ? "mark-inside" : marker[mark.state]);
      if (mark.tokens) overlays.add(id, "token", { position: { top: -11, right: 13 }, html: badge(mark) });
    }
  }

  // What is not recorded is which flow a token took; it took one whose both ends it has visited.
  function wasTaken(flow, marks) {
    const from = marks[flow.source?.id];
    return Boolean(from && from.passed > 0 && marks[flow.target?.id]);
  }

  // What a condition came to: where the flow leaves its gateway, or to the right of what asked about itself.
  function say(id, { text, title, holds }) {
    const element = registry.get(id);
    if (!element) return;
    const html = Object.assign(document.createElement("div"), { className: holds ? "said holds" : "said", textContent: text, title });
    overlays.add(id, "said", { position: element.waypoints ? beginning(element.waypoints) : { left: element.width + 4, top: element.height / 2 + 4 }, html });
  }

  function beginning(waypoints) {
    const x = Math.min(...waypoints.map((point) => point.x));
    const y = Math.min(...waypoints.map((point) => point.y));
    return { left: waypoints[0].x - x + 4, top: waypoints[0].y - y + 4 };
  }

  function badge(mark) {
    const element = document.createElement("div");
    element.className = mark.failed ? "token failed" : "token";
    element.textContent = mark.failed && mark.tokens === 1 ? "!" : mark.tokens;
    element.title = mark.failed ? `${mark.failed} fallen out of ${mark.tokens} here` : `${mark.tokens} here`;
    return element;
  }

  // The address follows what is looked at, so that a link shows the same.
  function note(id) {
    const address = new URL(location.href);
    if (id) address.searchParams.set("element", id);
    else address.searchParams.delete("element");
    history.replaceState(null, "", address);
  }

  function choose(id) {
    const element = registry.get(id);
    if (!element) return;
    note(id);
    if (chosen) canvas.removeMarker(chosen, "mark-chosen");
    chosen = id;
    canvas.addMarker(id, "mark-chosen");
    const address = holder.dataset.elementFacts;
    if (address) htmx.ajax("GET", address.replace("ELEMENT", encodeURIComponent(id)), { target: "#element-facts", swap: "innerHTML" });
  }

  function unchoose() {
    if (chosen) canvas.removeMarker(chosen, "mark-chosen");
    chosen = null;
    note(null);
    document.getElementById("element-facts")?.replaceChildren();
  }

  function zoom(how) {
    if (how === "fit") return fit();
    moved = true;
    const step = how === "in" ? 1.25 : 0.8;
    canvas.zoom(Math.min(4, Math.max(0.2, canvas.zoom() * step)));
  }

  document.addEventListener("click", (event) => {
    const shown = event.target.closest("[data-show-element]");
    if (shown?.dataset.showElement) {
      choose(shown.dataset.showElement);
      holder.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    if (event.target.closest("[data-close-element]")) unchoose();
    const button = event.target.closest("[data-zoom]");
    if (button) zoom(button.dataset.zoom);
  });

  surface.addEventListener("keydown", (event) => {
    const how = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (how) {
      event.preventDefault();
      zoom(how);
    }
  });

  async function load() {
    const response = await fetch(holder.dataset.source);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    await viewer.importXML(await response.text());
    readMarks();
    begin();
    viewer.on("element.click", ({ element }) => {
      const id = element.labelTarget ? element.labelTarget.id : element.id;
      if (element === canvas.getRootElement() || element.type === "bpmn:SequenceFlow") unchoose();
      else choose(id);
    });
    viewer.on("canvas.viewbox.changed", () => { moved = true; });
    moved = false;
    new ResizeObserver(() => { if (moved) canvas.resized(); else begin(); }).observe(surface);
    document.addEventListener("htmx:after:swap", readMarks);
    holder.dataset.ready = "true";
    const wanted = new URL(location.href).searchParams.get("element");
    if (wanted) choose(wanted);
  }

  load().catch((error) => {
    const said = Object.assign(document.createElement("p"), { className: "failure", textContent: `The diagram cannot be shown: ${error.message}.` });
    surface.replaceChildren(said);
  });
})();
