/* Gives each shape of a diagram a place: for the page that draws, and for `turnup convert`. */
import { BpmnModdle } from "bpmn-moddle";
import { layoutProcess } from "bpmn-auto-layout";

// Shapes need not name the flows that come and go, but the layout follows those names.
function name(holder, list, flow) {
  const flows = holder.get(list);
  if (!flows.includes(flow)) flows.push(flow);
}

function nameFlows(scope) {
  for (const each of scope.flowElements ?? []) {
    if (each.$type === "bpmn:SequenceFlow" && each.sourceRef && each.targetRef) {
      name(each.sourceRef, "outgoing", each);
      name(each.targetRef, "incoming", each);
    }
    nameFlows(each);
  }
}

globalThis.layOut = async (text) => {
  const moddle = new BpmnModdle();
  const { rootElement } = await moddle.fromXML(text);
  for (const each of rootElement.rootElements ?? []) nameFlows(each);
  return layoutProcess((await moddle.toXML(rootElement)).xml);
};
