/* What of form-js pages need; `make parts` bundles it into vendor/form-js/form-viewer.js. */
import { createForm } from "@bpmn-io/form-js-viewer";

globalThis.FormViewer = { createForm };
