/* The page that draws forms. Where there is no room to drag, a tap on a component puts it at the end, as Enter does everywhere. */
import { createFormEditor as create } from "@bpmn-io/form-js-editor";

const narrow = matchMedia("(max-width: 860px)");

function put({ target, detail }) {
  const component = target.closest?.(".fjs-palette-field");
  const isPressed = detail > 0; // a key's click comes after the key itself
  if (component && isPressed && narrow.matches) component.dispatchEvent(new KeyboardEvent("keydown", { code: "Enter", bubbles: true }));
}

async function createFormEditor(options) {
  options.container.removeEventListener("click", put);
  options.container.addEventListener("click", put);
  return create(options);
}

globalThis.FormEditor = { createFormEditor };
