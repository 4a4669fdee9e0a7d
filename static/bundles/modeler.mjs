/* The page that draws diagrams: Camunda's modeler for its eighth dialect, and tokens that walk through them. */
import BpmnModeler from "camunda-bpmn-js/lib/camunda-cloud/Modeler";
import TokenSimulation from "bpmn-js-token-simulation";

globalThis.DiagramModeler = { BpmnModeler, TokenSimulation };
