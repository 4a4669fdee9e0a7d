/* The surface on which a form is drawn. */
"use strict";

globalThis.openDrawing = async ({ surface }) => {
  let editor = null;
  let tell = () => {};
  return {
    kind: "application/json",
    async open(text) {
      editor?.destroy();
      editor = await FormEditor.createFormEditor({ container: surface, schema: JSON.parse(text) });
      editor.on("commandStack.changed", () => tell());
      return [];
    },
    async text() {
      return `${JSON.stringify(editor.saveSchema(), null, 2)}\n`;
    },
    onChange(call) {
      tell = call;
    },
    mark() {},
    show: () => false,
  };
};
