/* The page that draws diagrams: Camunda's modeler for its eighth dialect, ours beside it, and tokens that walk. */
import BpmnModeler from "camunda-bpmn-js/lib/camunda-cloud/Modeler";
import TokenSimulation from "bpmn-js-token-simulation";
import { DialectModule, moddle } from "./dialect.mjs";

globalThis.DiagramModeler = {
  create: (options) => new BpmnModeler({ ...options, moddleExtensions: { zeebe: moddle }, additionalModules: [TokenSimulation, DialectModule] }),
};
