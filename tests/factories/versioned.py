"""A second version of the drawn process `activate`, and orders that stand on the first."""

from __future__ import annotations

from tests.factories.dashboards import DRAWN, World

_TELL = """<bpmn:userTask id="tell" name="Tell the customer">
    <bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements></bpmn:userTask>
    <bpmn:sequenceFlow id="tell_done" sourceRef="tell" targetRef="done"/>"""
_TELL_DRAWN = """<bpmndi:BPMNShape id="tell_di" bpmnElement="tell">
      <dc:Bounds x="870" y="220" width="110" height="80"/></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="tell_done_di" bpmnElement="tell_done">
      <di:waypoint x="930" y="220"/><di:waypoint x="930" y="158"/></bpmndi:BPMNEdge>"""


def second() -> bytes:
    """Calls on the customer under another id and name, bills under another name, and tells the customer at the end."""
    text = (DRAWN / "activate.bpmn").read_text()
    for before, after in (
        ('"visit"', '"call_on"'),
        ("Visit the customer", "Call on the customer"),
        ("Start billing", "Bill it"),
        ('sourceRef="bill" targetRef="done"', 'sourceRef="bill" targetRef="tell"'),
        ("</bpmn:process>", f"{_TELL}</bpmn:process>"),
        (
            '<di:waypoint x="842" y="140"/><di:waypoint x="912" y="140"/>',
            '<di:waypoint x="842" y="160"/><di:waypoint x="870" y="240"/>',
        ),
        ("</bpmndi:BPMNPlane>", f"{_TELL_DRAWN}</bpmndi:BPMNPlane>"),
    ):
        assert before in text, before
        text = text.replace(before, after)
    return text.encode()


def deploy_second(world: World) -> None:
    with world.database.transaction() as tx:
        world.engine.deploy(tx, second(), by="Ada", reason="Customers want to be told")


def place_orders(world: World) -> dict[str, str]:
    """On version 1: ORD-1 waits for the ONT to come online, ORD-2 and ORD-3 for the visit. Their ids by their keys."""
    ids = {key: world.start(key) for key in ("ORD-1", "ORD-2", "ORD-3")}
    world.work()
    for key in ("ORD-2", "ORD-3"):
        world.send("ont_online", key)
    world.work()
    return ids
