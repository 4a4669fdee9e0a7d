/* The page that draws decisions. */
import DmnModeler from "dmn-js/lib/Modeler";

globalThis.DecisionEditor = { DmnModeler };
