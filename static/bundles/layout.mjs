/* Gives each shape of a diagram a place: for the page that draws, and for `turnup convert`. */
import { layoutProcess } from "bpmn-auto-layout";

globalThis.layOut = layoutProcess;
