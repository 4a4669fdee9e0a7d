/* The form of a user task, drawn over the diagram and kept inside it. The form editor is fetched when it is first wanted. */
"use strict";

globalThis.watchTaskForms = ({ modeler, page, say }) => {
  const EMBEDDED = "camunda-forms:bpmn:";
  const ours = ["zeebe:FormDefinition", "zeebe:UserTaskForm"];
  const button = document.getElementById("task-form");
  const room = document.getElementById("form-room");
  const surface = document.getElementById("form-surface");
  const factory = modeler.get("bpmnFactory");
  const modeling = modeler.get("modeling");
  let task = null;
  let editor = null;

  function fetched(tag, facts) {
    return new Promise((done, failed) => {
      const element = Object.assign(document.createElement(tag), facts, { onload: done, onerror: () => failed(new Error("the form editor cannot be fetched")) });
      document.head.append(element);
    });
  }

  const extensionsOf = ({ extensionElements }) => extensionElements?.values ?? [];
  const definitionOf = (element) => extensionsOf(element.businessObject).find(({ $type }) => $type === ours[0]);
  const idOf = (element) => definitionOf(element)?.formKey?.replace(EMBEDDED, "");

  function processOf({ businessObject }) {
    let at = businessObject;
    while (!at.$instanceOf("bpmn:Process")) at = at.$parent;
    return at;
  }

  function formOf(element) {
    return extensionsOf(processOf(element)).find(({ $type, id }) => $type === ours[1] && id === idOf(element));
  }

  // The holder's extensions with this one in the place of that; one command, which can be undone.
  function put(holder, found, made) {
    const values = [...extensionsOf(holder).filter((each) => each !== found), made];
    const extensionElements = factory.create("bpmn:ExtensionElements", { values });
    extensionElements.$parent = holder;
    for (const each of values) each.$parent = extensionElements;
    modeling.updateModdleProperties(task, holder, { extensionElements });
  }

  async function open() {
    [task] = modeler.get("selection").get();
    try {
      if (!globalThis.FormEditor) await Promise.all([fetched("link", { rel: "stylesheet", href: room.dataset.style }), fetched("script", { src: room.dataset.script })]);
      const found = formOf(task)?.body;
      const schema = found ? JSON.parse(found) : { type: "default", schemaVersion: 18, components: [] };
      editor = await FormEditor.createFormEditor({ container: surface, schema });
    } catch (error) {
      return say(`The form of ${task.id} cannot be drawn: ${error.message}.`);
    }
    page.classList.add("in-form");
    document.getElementById("form-of").textContent = task.businessObject.name || task.id;
    document.getElementById("keep-form").focus();
  }

  function close() {
    page.classList.remove("in-form");
    editor?.destroy();
    editor = null;
    button.focus();
  }

  function keep() {
    const id = idOf(task) || `form_of_${task.id}`;
    const body = JSON.stringify(editor.saveSchema(), null, 2);
    const found = formOf(task);
    put(processOf(task), found, factory.create(ours[1], { id, body }));
    if (definitionOf(task)?.formKey !== EMBEDDED + id) put(task.businessObject, definitionOf(task), factory.create(ours[0], { formKey: EMBEDDED + id }));
    close();
  }

  modeler.on("selection.changed", ({ newSelection }) => {
    button.hidden = !(newSelection.length === 1 && newSelection[0].type === "bpmn:UserTask");
  });
  button.addEventListener("click", open);
  document.getElementById("keep-form").addEventListener("click", keep);
  document.getElementById("leave-form").addEventListener("click", close);
};
