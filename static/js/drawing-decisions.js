/* The surface on which decisions are drawn. */
"use strict";

globalThis.openDrawing = async ({ surface }) => {
  const editor = new DecisionEditor.DmnModeler({ container: surface });
  let tell = () => {};
  const watched = new WeakSet();

  // Each kind of view has an editor of its own, with changes of its own.
  function watch() {
    const viewer = editor.getActiveViewer();
    if (!viewer || watched.has(viewer)) return;
    watched.add(viewer);
    viewer.on("commandStack.changed", () => tell());
  }
  editor.on("views.changed", watch);

  return {
    kind: "application/xml",
    async open(text) {
      const { warnings } = await editor.importXML(text);
      watch();
      return warnings.map(({ message }) => message);
    },
    async text() {
      return (await editor.saveXML({ format: true })).xml;
    },
    onChange(call) {
      tell = call;
    },
    mark() {},
    show(id) {
      const view = editor.getViews().find(({ element }) => element.id === id);
      if (view) editor.open(view);
      return Boolean(view);
    },
  };
};
