/* The surface on which a process is drawn: Camunda's modeler with our handlers to pick from, and our checks on it. */
"use strict";

const READABLE = 0.5;
const PALETTE = 130; // how far it reaches in

globalThis.openDrawing = async ({ surface, panel, page, say, onCheckMark }) => {
  const modeler = DiagramModeler.create({
    container: surface,
    propertiesPanel: { parent: panel },
    alignToOrigin: { alignOnSave: false }, // what is checked or saved is not moved about
  });
  const canvas = modeler.get("canvas");
  const overlays = modeler.get("overlays");
  const registry = modeler.get("elementRegistry");

  async function offerHandlers() {
    if (!page.dataset.templates) return;
    const response = await fetch(page.dataset.templates);
    if (!response.ok) throw new Error(`the list of handlers cannot be had: the server answered ${response.status}`);
    modeler.get("elementTemplatesLoader").setTemplates(await response.json());
  }

  function mark(findings) {
    overlays.remove({ type: "lint" });
    const byElement = Map.groupBy(findings.filter(({ elementId }) => elementId && registry.get(elementId)), ({ elementId }) => elementId);
    for (const [id, found] of byElement) {
      if (registry.get(id) === canvas.getRootElement()) continue;
      const isError = found.some(({ severity }) => severity === "error");
      const button = Object.assign(document.createElement("button"), {
        type: "button",
        className: isError ? "lint-mark error" : "lint-mark",
        textContent: isError ? "!" : "?",
        title: found.map(({ message }) => message).join("\n"),
      });
      button.addEventListener("click", () => onCheckMark(id));
      overlays.add(id, "lint", { position: { top: -11, left: -11 }, html: button });
    }
  }

  function show(id) {
    const element = registry.get(id);
    if (!element) return false;
    const root = canvas.findRoot(element);
    if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
    if (element !== root) canvas.scrollToElement(element);
    modeler.get("selection").select(element);
    return true;
  }

  document.getElementById("panel-toggle").addEventListener("click", ({ currentTarget }) => {
    const isShown = !document.getElementById("editor").classList.toggle("bare");
    currentTarget.setAttribute("aria-pressed", String(isShown));
    canvas.resized();
  });

  // All of it beside the palette, where that can be read; of what is larger, where it begins.
  function begin() {
    canvas.zoom("fit-viewport", "auto");
    const scale = Math.min(Math.max(canvas.zoom() * 0.9, READABLE), 1);
    canvas.zoom(scale);
    const { inner, width, height } = canvas.viewbox();
    const beside = PALETTE / scale;
    const x = inner.x - Math.max(beside, beside + (width - beside - inner.width) / 2);
    canvas.viewbox({ x, y: inner.y + (inner.height - height) / 2, width, height });
  }

  new ResizeObserver(() => canvas.resized()).observe(surface);

  // A step that is picked is called as its handler, until its author calls it something else.
  function name(element) {
    const template = modeler.get("elementTemplates").get(element);
    if (template && !element.businessObject.name) modeler.get("modeling").updateProperties(element, { name: template.name });
  }
  modeler.on("commandStack.shape.create.postExecuted", 500, ({ context }) => name(context.shape));
  modeler.on("commandStack.propertiesPanel.zeebe.changeTemplate.postExecuted", 500, ({ context }) => name(context.element));

  watchTaskForms({ modeler, page, say });
  await offerHandlers();
  return {
    kind: "application/xml",
    async open(text) {
      const { warnings } = await modeler.importXML(text);
      begin();
      return warnings.map(({ message }) => message);
    },
    async text() {
      return (await modeler.saveXML({ format: true })).xml;
    },
    onChange(tell) {
      modeler.on("commandStack.changed", tell);
    },
    // The name of the draft is that of the process, as long as nobody gives it another.
    rename(was, is) {
      const root = canvas.getRootElement();
      if (root.type === "bpmn:Process" && root.businessObject.name === was) modeler.get("modeling").updateProperties(root, { name: is });
    },
    mark,
    show,
    modeler,
  };
};
