/* Two versions of a diagram side by side: what differs is marked, what is chosen on one is shown on both, and on the
   page of a migration a choice on the left and one on the right are an entry of the mapping. */
(() => {
  "use strict";
  const frame = document.getElementById("two-diagrams");
  if (!frame) return;
  const form = document.getElementById("migration");
  const picking = document.getElementById("picking");
  const sides = { old: null, new: null };
  const SIGNS = { added: "+", removed: "−", changed: "≠" };
  const RIM = 24;
  let drawn = "";
  let marks = { old: {}, new: {} };
  let chosen = null; // of the old version, to be mapped
  let lead = null; // the diagram that the reader moves; the other one follows

  function makeSide(holder) {
    const viewer = new BpmnJS({ container: holder.querySelector(".diagram-canvas") });
    const [canvas, overlays, elementRegistry] = ["canvas", "overlays", "elementRegistry"].map((part) => viewer.get(part));
    return { holder, viewer, canvas, overlays, elementRegistry, name: holder.dataset.side, chosen: [] };
  }

  function fit() {
    if (!frame.clientWidth) return;
    for (const { canvas } of Object.values(sides)) canvas.resized();
    const { canvas } = sides.old;
    const box = both();
    canvas.viewbox(box);
    // Small diagrams are not blown up.
    canvas.viewbox(around(box, canvas.zoom() > 1 ? canvas.viewbox().outer : canvas.viewbox()));
    if (canvas.zoom() < 0.4) begin(canvas);
    follow(sides.old, sides.new);
  }

  // What holds either diagram whole.
  function both() {
    const boxes = Object.values(sides).map(({ canvas }) => canvas.viewbox().inner);
    const x = Math.min(...boxes.map((each) => each.x)) - RIM;
    const y = Math.min(...boxes.map((each) => each.y)) - RIM;
    const width = Math.max(...boxes.map((each) => each.x + each.width)) + RIM - x;
    const height = Math.max(...boxes.map((each) => each.y + each.height)) + RIM - y;
    return { x, y, width, height };
  }

  // A window of that size with the box in its middle.
  function around(box, { width, height }) {
    return { x: box.x - (width - box.width) / 2, y: box.y - (height - box.height) / 2, width, height };
  }

  // A wide diagram fits only as a thread: begin where tokens are stuck, else where something differs, large enough to read.
  function begin(canvas) {
    const marked = Object.entries(marks.old).filter(([each]) => sides.old.elementRegistry.get(each)?.width);
    const [id] = marked.find(([, { stuck }]) => stuck) ?? marked.find(([, { kind }]) => kind) ?? marked[0] ?? [];
    const element = id && sides.old.elementRegistry.get(id);
    canvas.zoom(0.6);
    const { inner, width, height } = canvas.viewbox();
    const x = element ? element.x + element.width / 2 - width / 2 : inner.x - RIM;
    const y = element ? element.y + element.height / 2 - height / 2 : inner.y + (inner.height - height) / 2;
    canvas.viewbox({ x: Math.max(x, inner.x - RIM), y, width, height });
  }

  function follow(from, to) {
    const { x, y, width, height } = from.canvas.viewbox();
    if (width > 0 && height > 0 && Number.isFinite(x + y + width + height)) to.canvas.viewbox({ x, y, width, height });
  }

  function otherOf(side) {
    return side === sides.old ? sides.new : sides.old;
  }

  function readMarks() {
    const element = document.querySelector("#marks [data-marks]");
    if (!element || element.dataset.marks === drawn) return;
    drawn = element.dataset.marks;
    marks = JSON.parse(drawn);
    for (const side of Object.values(sides)) paint(side, marks[side.name]);
  }

  function paint(side, marked) {
    side.overlays.clear();
    side.elementRegistry.forEach(({ id }) => {
      for (const name of [...Object.keys(SIGNS), "stuck", "mapped"]) side.canvas.removeMarker(id, `mark-${name}`);
    });
    for (const [id, mark] of Object.entries(marked)) {
      const element = side.elementRegistry.get(id);
      if (!element) continue;
      if (mark.kind) side.canvas.addMarker(id, `mark-${mark.kind}`);
      if (mark.stuck) side.canvas.addMarker(id, "mark-stuck");
      if (mark.to || mark.mapped) side.canvas.addMarker(id, "mark-mapped");
      if (mark.kind && !mark.to && !mark.mapped && element.width) addBadge(side, id, "sign-badge", SIGNS[mark.kind], { top: -10, left: -10 }, mark.kind);
      if (mark.tokens) addBadge(side, id, mark.stuck ? "token failed" : "token", mark.tokens, { top: -11, right: 13 }, `${mark.tokens} here`);
    }
  }

  function addBadge(side, id, className, text, position, title) {
    const html = Object.assign(document.createElement("div"), { className, textContent: text, title });
    html.classList.add(`badge-${title.split(" ").pop()}`);
    side.overlays.add(id, "badge", { position, html });
  }

  function counterpart(name, id) {
    if (name === "old") return marks.old[id]?.to ?? id;
    return Object.keys(marks.old).find((each) => marks.old[each].to === id) ?? id;
  }

  function highlight(side, id) {
    for (const each of side.chosen) side.canvas.removeMarker(each, "mark-chosen");
    side.chosen = id && side.elementRegistry.get(id) ? [id] : [];
    for (const each of side.chosen) side.canvas.addMarker(each, "mark-chosen");
  }

  // On the diagrams; `name` is the side on which it was chosen, if it was.
  function show(id, name) {
    const home = name ?? (sides.old.elementRegistry.get(id) ? "old" : "new");
    const other = home === "old" ? "new" : "old";
    highlight(sides[home], id);
    highlight(sides[other], counterpart(home, id));
    if (name) return;
    const element = sides[home].elementRegistry.get(id);
    if (element) bringIntoView(sides[home], element);
    frame.scrollIntoView({ block: "nearest" });
  }

  function bringIntoView(side, element) {
    const { canvas } = side;
    lead = side;
    const { x, y, width, height } = canvas.viewbox();
    const at = element.waypoints ? element.waypoints[0] : { x: element.x + element.width / 2, y: element.y + element.height / 2 };
    if (at.x > x && at.x < x + width && at.y > y && at.y < y + height) return;
    canvas.viewbox({ x: at.x - width / 2, y: at.y - height / 2, width, height });
  }

  function pick(side, id) {
    show(id, side.name);
    if (!form) return;
    if (side.name === "old") {
      chosen = id;
      picking.textContent = `Now choose on the right what ${nameOf(sides.old, id)} becomes.`;
      return;
    }
    if (chosen === null) return;
    picking.textContent = `${nameOf(sides.old, chosen)} becomes ${nameOf(sides.new, id)}.`;
    map(chosen, id);
    highlight(sides.old, chosen);
    chosen = null;
  }

  function nameOf(side, id) {
    return side.elementRegistry.get(id)?.businessObject.name || id;
  }

  function map(oldId, newId) {
    let select = [...form.querySelectorAll("select[data-map]")].find((each) => each.dataset.map === oldId);
    if (!select) {
      select = Object.assign(document.createElement("select"), { name: `map.${oldId}`, hidden: true });
      select.dataset.map = oldId;
      form.querySelector("#plan").append(select);
    }
    if (![...select.options].some((each) => each.value === newId)) select.append(new Option(newId, newId));
    select.value = newId;
    test();
  }

  function test() {
    document.getElementById("test-mapping")?.click();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-map]")) test();
    if (event.target.matches("[name=tick]")) {
      const ticked = form.querySelector("[name=which][value=chosen]");
      if (ticked) ticked.checked = true;
    }
  });

  document.addEventListener("click", (event) => {
    const shown = event.target.closest("[data-show-change]");
    if (shown) {
      show(shown.dataset.showChange);
      if (form && sides.old.elementRegistry.get(shown.dataset.showChange)) chosen = shown.dataset.showChange;
    }
    const button = event.target.closest("[data-zoom]");
    if (button) zoom(button.dataset.zoom);
  });

  function zoom(how) {
    if (how === "fit") return fit();
    lead = sides.new;
    const { canvas } = lead;
    canvas.zoom(Math.min(4, Math.max(0.2, canvas.zoom() * (how === "in" ? 1.25 : 0.8))));
  }

  async function load(side) {
    const response = await fetch(side.holder.dataset.source);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    await side.viewer.importXML(await response.text());
    side.viewer.on("element.click", ({ element }) => {
      const id = element.labelTarget ? element.labelTarget.id : element.id;
      if (element !== side.canvas.getRootElement()) pick(side, id);
    });
  }

  function watch(side) {
    for (const kind of ["pointerenter", "pointerdown", "focusin"]) side.holder.addEventListener(kind, () => { lead = side; });
    side.viewer.on("canvas.viewbox.changed", () => {
      if (side === lead) follow(side, otherOf(side));
    });
  }

  async function begun() {
    const holders = frame.querySelectorAll("[data-side]");
    [sides.old, sides.new] = [...holders].map(makeSide);
    await Promise.all(Object.values(sides).map(load));
    readMarks();
    fit();
    Object.values(sides).forEach(watch);
    document.addEventListener("htmx:after:swap", readMarks);
    new ResizeObserver(fit).observe(frame);
    frame.dataset.ready = "true";
  }

  begun().catch((error) => {
    const text = `The diagrams cannot be shown: ${error.message}.`;
    frame.replaceChildren(Object.assign(document.createElement("p"), { className: "failure", textContent: text }));
  });
})();
