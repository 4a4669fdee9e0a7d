"""The next version of a shipped flow, drawn and not deployed yet: what an author in the demo has on the desk.

Whom nobody can reach is told of the end of a line by letter, as other flows do it already.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.factory import PROCESSES

FLOW = PROCESSES / "service" / "ftth_cease.bpmn"
NAME = "End a line: a letter to whom nobody can reach"

_LANE = "<bpmn:flowNodeRef>tell_end</bpmn:flowNodeRef>"
_ELEMENTS = """<bpmn:boundaryEvent id="no_contact_end" name="No contact" attachedToRef="tell_end">
      <bpmn:outgoing>flow_no_contact_end_write_end</bpmn:outgoing>
      <bpmn:errorEventDefinition id="no_contact_end_error" errorRef="error_no_contact" />
    </bpmn:boundaryEvent>
    <bpmn:serviceTask id="write_end" name="Write a letter">
      <bpmn:extensionElements>
        <zeebe:taskDefinition type="crm.notify" />
        <zeebe:ioMapping>
          <zeebe:input source="=order_id" target="order_id" />
          <zeebe:input source="=customer.name" target="customer" />
          <zeebe:input source="line_ended" target="template" />
          <zeebe:input source="letter" target="channel" />
          <zeebe:input source="={serial: serial}" target="facts" />
          <zeebe:output source="=notification_id" target="told_end" />
        </zeebe:ioMapping>
      </bpmn:extensionElements>
      <bpmn:incoming>flow_no_contact_end_write_end</bpmn:incoming>
      <bpmn:outgoing>flow_write_end_router_is_due</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="flow_no_contact_end_write_end" sourceRef="no_contact_end" targetRef="write_end" />
    <bpmn:sequenceFlow id="flow_write_end_router_is_due" sourceRef="write_end" targetRef="router_is_due" />
    """
_ERROR = '<bpmn:error id="error_no_contact" name="No contact" errorCode="no_contact" />'
_SHAPES = """<bpmndi:BPMNShape id="no_contact_end_di" bpmnElement="no_contact_end">
        <dc:Bounds x="1592" y="172" width="36" height="36" />
        <bpmndi:BPMNLabel>
          <dc:Bounds x="1625" y="208" width="58" height="14" />
        </bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="write_end_di" bpmnElement="write_end">
        <dc:Bounds x="1560" y="240" width="100" height="80" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="flow_no_contact_end_write_end_di" bpmnElement="flow_no_contact_end_write_end">
        <di:waypoint x="1610" y="208" />
        <di:waypoint x="1610" y="240" />
      </bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="flow_write_end_router_is_due_di" bpmnElement="flow_write_end_router_is_due">
        <di:waypoint x="1660" y="280" />
        <di:waypoint x="1700" y="280" />
        <di:waypoint x="1700" y="150" />
        <di:waypoint x="1735" y="150" />
      </bpmndi:BPMNEdge>
    """
# What stands before each of these places, which the shipped diagram has once
_BEFORE: Mapping[str, str] = {
    _LANE: "".join(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>" for name in ("no_contact_end", "write_end")),
    '<bpmn:sequenceFlow id="flow_cease_ordered_until_last_day"': _ELEMENTS,
    '<bpmn:error id="error_not_billed"': _ERROR,
    "</bpmndi:BPMNPlane>": _SHAPES,
}


def next_version(shipped: str) -> str:
    """Of the flow's document."""
    gateway, incoming = '<bpmn:eventBasedGateway id="router_is_due">', "<bpmn:incoming>flow_write_end_router_is_due"
    drawn = shipped.replace(gateway, f"{gateway}{incoming}</bpmn:incoming>")
    for place, added in _BEFORE.items():
        drawn = drawn.replace(place, f"{added}{place}", 1)
    return drawn
