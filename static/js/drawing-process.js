/* The surface on which a process is drawn: Camunda's modeler with our handlers to pick from, and our checks on it. */
"use strict";

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

  new ResizeObserver(() => canvas.resized()).observe(surface);

  watchTaskForms({ modeler, page, say });
  await offerHandlers();
  return {
    kind: "application/xml",
    async open(text) {
      const { warnings } = await modeler.importXML(text);
      canvas.zoom("fit-viewport", "auto");
      if (canvas.zoom() > 1) canvas.zoom(1, "auto");
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
