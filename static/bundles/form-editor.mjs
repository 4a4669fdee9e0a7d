/* The page that draws forms. */
import { createFormEditor } from "@bpmn-io/form-js-editor";

globalThis.FormEditor = { createFormEditor };
