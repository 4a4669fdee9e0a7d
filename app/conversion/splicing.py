"""Steps put into a flow that is drawn: the flows are led through them, and so are their lines where there are any."""

from __future__ import annotations

from lxml import etree

from app.conversion.drawing import BPMNDI, Drawing, bpmn, local

_DC = "http://www.omg.org/spec/DD/20100524/DC"
_DI = "http://www.omg.org/spec/DD/20100524/DI"
_WIDTH, _HEIGHT, _GAP = 100.0, 80.0, 50.0
Point = tuple[float, float]


def splice_before(drawing: Drawing, node: etree._Element, step: etree._Element) -> bool:
    """False where nothing leads to the node, or what leads there may only lead to an event."""
    flows = _flows(node, "targetRef")
    holder = node.getparent()
    if holder is None or not flows or any(_is_event_gateway(drawing, flow) for flow in flows):
        return False
    _add(drawing, holder, node, step)
    joined = _flow(drawing, step, step, node)
    for flow in flows:
        flow.set("targetRef", step.get("id", ""))
    _list_flows(node, "incoming", [joined])
    _list_flows(step, "incoming", flows)
    _list_flows(step, "outgoing", [joined])
    _draw(drawing, step, node, above=True, flows=flows, joined=joined)
    return True


def splice_after(drawing: Drawing, node: etree._Element, step: etree._Element) -> bool:
    """False where nothing follows, or where it depends on a condition what does."""
    flows = _flows(node, "sourceRef")
    holder = node.getparent()
    if holder is None or not flows or any(flow.find(bpmn("conditionExpression")) is not None for flow in flows):
        return False
    _add(drawing, holder, node, step)
    joined = _flow(drawing, step, node, step)
    for flow in flows:
        flow.set("sourceRef", step.get("id", ""))
    _list_flows(node, "outgoing", [joined])
    _list_flows(step, "incoming", [joined])
    _list_flows(step, "outgoing", flows)
    _draw(drawing, step, node, above=False, flows=flows, joined=joined)
    return True


def splice_into(drawing: Drawing, flow: etree._Element, step: etree._Element) -> bool:
    """The flow leads to the step, with its condition, and another one from there."""
    holder = flow.getparent()
    target = None if holder is None else holder.find(f"*[@id='{_plain(flow.get('targetRef'))}']")
    if holder is None or target is None or _is_event_gateway(drawing, flow):
        return False
    _add(drawing, holder, target, step)
    joined = _flow(drawing, step, step, target)
    flow.set("targetRef", step.get("id", ""))
    others = [each for each in _flows(target, "targetRef") if each is not joined]
    _list_flows(target, "incoming", [*others, joined])
    _list_flows(step, "incoming", [flow])
    _list_flows(step, "outgoing", [joined])
    _draw_on(drawing, flow, step, joined)
    return True


def _plain(id: str | None) -> str:
    return (id or "").replace("'", "")


def _flows(node: etree._Element, end: str) -> list[etree._Element]:
    holder = node.getparent()
    if holder is None:
        return []
    return [flow for flow in holder.findall(bpmn("sequenceFlow")) if flow.get(end) == node.get("id")]


def _is_event_gateway(drawing: Drawing, flow: etree._Element) -> bool:
    return drawing.by_id("eventBasedGateway", flow.get("sourceRef")) is not None


def _add(drawing: Drawing, holder: etree._Element, beside: etree._Element, step: etree._Element) -> None:
    step.set("id", _new_id(drawing, f"{beside.get('id')}_listener"))
    holder.insert(holder.index(beside), step)


def _flow(drawing: Drawing, step: etree._Element, source: etree._Element, target: etree._Element) -> etree._Element:
    made = etree.Element(bpmn("sequenceFlow"), {"id": _new_id(drawing, f"{step.get('id')}_flow")})
    made.set("sourceRef", source.get("id", ""))
    made.set("targetRef", target.get("id", ""))
    step.addnext(made)
    return made


def _new_id(drawing: Drawing, wanted: str) -> str:
    known = {node.get("id") for node in drawing.root.iter(etree.Element)}
    names = (wanted if number == 1 else f"{wanted}_{number}" for number in range(1, len(known) + 2))
    return next(name for name in names if name not in known)


def _list_flows(node: etree._Element, kind: str, flows: list[etree._Element]) -> None:
    """`incoming` and `outgoing` stand after what is documented and before the rest."""
    for each in node.findall(bpmn(kind)):
        node.remove(each)
    before = [child for child in node if local(child) in ("documentation", "extensionElements", "incoming")]
    for number, flow in enumerate(flows):
        made = etree.Element(bpmn(kind))
        made.text = flow.get("id")
        node.insert(len(before) + number, made)


def _draw(
    drawing: Drawing,
    step: etree._Element,
    beside: etree._Element,
    *,
    above: bool,
    flows: list[etree._Element],
    joined: etree._Element,
) -> None:
    """Nothing, where the node has no place of its own."""
    bounds = drawing.root.find(f".//{{{BPMNDI}}}BPMNShape[@bpmnElement='{_plain(beside.get('id'))}']/{{{_DC}}}Bounds")
    shape = None if bounds is None else bounds.getparent()
    plane = None if shape is None else shape.getparent()
    if bounds is None or plane is None:
        return
    x, y, width, height = (float(bounds.get(side, "0")) for side in ("x", "y", "width", "height"))
    left, middle = x + width / 2 - _WIDTH / 2, x + width / 2
    top = y - _GAP - _HEIGHT if above else y + height + _GAP
    _shape(plane, step, (left, top))
    ends = [(middle, top + _HEIGHT), (middle, y)] if above else [(middle, y + height), (middle, top)]
    _line(plane, joined, ends)
    side = (left, top + _HEIGHT / 2) if above else (left + _WIDTH, top + _HEIGHT / 2)
    for flow in flows:
        _lead(drawing, flow, side, at_its_end=above)


def _draw_on(drawing: Drawing, flow: etree._Element, step: etree._Element, joined: etree._Element) -> None:
    """Above the middle of the flow's line, if it has one."""
    points = _points(drawing, flow)
    plane = None if len(points) < 2 else next(points[0].iterancestors(f"{{{BPMNDI}}}BPMNPlane"), None)
    if plane is None:
        return
    (x1, y1), (x2, y2) = (
        (float(each.get("x", "0")), float(each.get("y", "0"))) for each in (points[0], points[-1])
    )
    left, top = (x1 + x2 - _WIDTH) / 2, min(y1, y2) - _GAP - _HEIGHT
    _shape(plane, step, (left, top))
    _line(plane, joined, [(left + _WIDTH, top + _HEIGHT / 2), (x2, y2)])
    _lead(drawing, flow, (left, top + _HEIGHT / 2), at_its_end=True)


def _shape(plane: etree._Element, step: etree._Element, at: Point) -> None:
    made = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", {"id": f"{step.get('id')}_di"})
    made.set("bpmnElement", step.get("id", ""))
    facts = {"x": at[0], "y": at[1], "width": _WIDTH, "height": _HEIGHT}
    etree.SubElement(made, f"{{{_DC}}}Bounds", {name: f"{value:g}" for name, value in facts.items()})


def _line(plane: etree._Element, flow: etree._Element, points: list[Point]) -> None:
    edge = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge", {"id": f"{flow.get('id')}_di"})
    edge.set("bpmnElement", flow.get("id", ""))
    for x, y in points:
        etree.SubElement(edge, f"{{{_DI}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"})


def _lead(drawing: Drawing, flow: etree._Element, to: Point, *, at_its_end: bool) -> None:
    points = _points(drawing, flow)
    if points:
        moved = points[-1 if at_its_end else 0]
        moved.set("x", f"{to[0]:g}")
        moved.set("y", f"{to[1]:g}")


def _points(drawing: Drawing, flow: etree._Element) -> list[etree._Element]:
    edge = drawing.root.find(f".//{{{BPMNDI}}}BPMNEdge[@bpmnElement='{_plain(flow.get('id'))}']")
    return [] if edge is None else edge.findall(f"{{{_DI}}}waypoint")
