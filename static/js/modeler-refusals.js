/* What the handler of the chosen step may refuse with: each code is a button that puts an error boundary event on the step. */
"use strict";

globalThis.offerRefusals = ({ page, drawing }) => {
  const strip = document.getElementById("refusals");
  if (!strip || !drawing.modeler) return;
  const modeler = drawing.modeler;
  const modeling = modeler.get("modeling");
  const known = new Map(
    modeler.get("elementTemplates").getAll().filter(({ metadata }) => metadata?.turnup).map(({ metadata }) => [metadata.turnup.handler, metadata.turnup.refusals]),
  );

  function handlerOf({ businessObject }) {
    return businessObject.get("extensionElements")?.get("values").find(({ $type }) => $type === "zeebe:TaskDefinition")?.type;
  }

  function caughtAt(step) {
    const definitions = (step.attachers ?? []).flatMap(({ businessObject }) => businessObject.eventDefinitions ?? []);
    const errors = definitions.filter(({ $type }) => $type === "bpmn:ErrorEventDefinition");
    return errors.map(({ errorRef }) => errorRef?.errorCode ?? ""); // without a code every one is caught
  }

  function errorOf(step, code) {
    let definitions = step.businessObject;
    while (definitions.$parent) definitions = definitions.$parent;
    const declared = definitions.rootElements.find(({ $type, errorCode }) => $type === "bpmn:Error" && errorCode === code);
    if (declared) return declared;
    const made = modeler.get("bpmnFactory").create("bpmn:Error", { name: code.replaceAll("_", " "), errorCode: code });
    made.$parent = definitions;
    modeling.updateModdleProperties(step, definitions, { rootElements: [...definitions.rootElements, made] });
    return made;
  }

  function attach(step, code) {
    const shape = modeler.get("elementFactory").createShape({ type: "bpmn:BoundaryEvent", eventDefinitionType: "bpmn:ErrorEventDefinition" });
    const position = { x: step.x + 22 + 40 * (step.attachers?.length ?? 0), y: step.y + step.height };
    const made = modeling.createShape(shape, position, step, { attach: true });
    modeling.updateModdleProperties(made, made.businessObject.eventDefinitions[0], { errorRef: errorOf(step, code) });
    const name = code.replaceAll("_", " ");
    modeling.updateProperties(made, { name: name[0].toUpperCase() + name.slice(1) });
    show(step);
  }

  function show(step) {
    const caught = caughtAt(step);
    const open = Object.entries(known.get(handlerOf(step)) ?? {}).filter(([code]) => !caught.includes(code) && !caught.includes(""));
    strip.hidden = open.length === 0;
    const buttons = open.map(([code, when]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "secondary", textContent: code, title: when });
      button.addEventListener("click", () => attach(step, code));
      return button;
    });
    strip.replaceChildren("It may be refused. Catch: ", ...buttons);
  }

  function look() {
    const [chosen, ...others] = modeler.get("selection").get();
    const step = chosen && !others.length && chosen.businessObject && chosen.type !== "label" ? chosen : null;
    if (step && handlerOf(step)) show(step);
    else strip.hidden = true;
  }

  if (page.dataset.checks) modeler.on(["selection.changed", "elements.changed"], look);
};
