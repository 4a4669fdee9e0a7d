"""What two versions have not in common, in words."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from app.engine.diagram import Call, Diagram, Element, Flow, FormLink, Loop, Publication
from app.engine.difference import Change, Detail, difference, element_facts, flow_facts
from app.engine.migration.suggest import suggest

OF_ELEMENT: dict[str, Any] = {
    "type": "userTask",
    "name": "Activate",
    "parent": "sub",
    "default_flow": "f9",
    "inputs": (("=serial", "serial"),),
    "outputs": (("=ont_id", "ont"),),
    "headers": {"lane": "slow"},
    "handler": "olt.activate_ont",
    "retries": 3,
    "script": ("=1 + 1", "two"),
    "decision": ("choose", "chosen"),
    "event": "timer",
    "timer": ("duration", "PT1H"),
    "message": ("ont_online", "=order_id"),
    "error_code": "port_taken",
    "signal": "outage",
    "escalation_code": "late",
    "condition": "=x > 1",
    "link": "on",
    "attached_to": "a",
    "is_event_sub": True,
    "loop": Loop(True, "=lines"),
    "call": Call("other"),
    "publishes": Publication("done", None),
    "for_compensation": True,
    "compensated_by": "undo",
    "compensates": "a",
    "form": "embedded",
    "linked_form": FormLink("visit"),
    "assignee": "Grace",
    "candidate_groups": "field",
    "due": "=now()",
    "follow_up": "=now()",
    "form_schema": {"components": [{"key": "technician", "type": "textfield"}]},
}


def diagram(*elements: Element, flows: tuple[Flow, ...] = (), **said: Any) -> Diagram:
    given = {"name": "A flow", "document": b"", "digest": "", "variables_schema": None, **said}
    return Diagram("p", elements={each.id: each for each in elements}, flows={each.id: each for each in flows}, **given)


def task(id: str = "a", **said: Any) -> Element:
    return Element(id, **{"type": "serviceTask", "name": None, "parent": "p", **said})


@pytest.mark.parametrize("name", OF_ELEMENT)
def test_whatever_is_said_of_an_element_is_told_when_it_changes(name: str) -> None:
    (change,) = difference(diagram(task()), diagram(task(**{name: OF_ELEMENT[name]})))
    assert (change.kind, change.id) == ("changed", "a")
    assert change.details
    assert all(detail.before != detail.after for detail in change.details)


def test_no_field_of_an_element_or_a_flow_was_forgotten() -> None:
    not_compared = {"id", "line", "incoming", "outgoing", "interrupting"}  # the last is about events alone
    assert {each.name for each in fields(Element)} - not_compared == set(OF_ELEMENT)
    event = task(type="boundaryEvent", attached_to="b")
    assert element_facts(event) != element_facts(replace(event, interrupting=False))
    flow = Flow("f", "a", "b")
    for each in fields(Flow):
        if each.name not in ("id", "line"):
            assert flow_facts(flow) != flow_facts(replace(flow, **{each.name: "other"})), each.name


def test_a_change_names_what_it_was_and_what_it_is() -> None:
    old = task(name="Activate", inputs=(("=serial", "serial"), ("500", "speed")))
    new = task(name="Activate the ONT", inputs=(("=serial", "serial"), ("=speed_mbps", "speed")), handler="olt.on")
    assert difference(diagram(old), diagram(new)) == [
        Change(
            "changed",
            "a",
            "serviceTask",
            "Activate the ONT",
            (
                Detail("name", "Activate", "Activate the ONT"),
                Detail("input speed", "500", "=speed_mbps"),
                Detail("handler", None, "olt.on"),
            ),
        )
    ]


def test_what_is_added_and_removed_is_told_and_what_only_lies_elsewhere_is_not() -> None:
    old = diagram(task("a"), task("b", name="Bill"), flows=(Flow("f", "a", "b"),))
    new = diagram(task("c", line=9), task("a", line=7), flows=(Flow("f", "a", "c", line=8),))
    assert [(each.kind, each.id, each.name) for each in difference(old, new)] == [
        ("removed", "b", "Bill"),
        ("added", "c", "c"),
        ("changed", "f", "a → c"),
    ]
    assert difference(old, old) == []


def test_what_is_said_of_the_whole_process_is_compared_too() -> None:
    (change,) = difference(diagram(), diagram(name="Another", version_tag="2", variables_schema={"type": "object"}))
    assert (change.type, [detail.label for detail in change.details]) == (
        "process",
        ["name", "version tag", "start variables"],
    )


def test_an_element_under_another_id_is_suggested_if_it_alone_looks_like_it() -> None:
    old = diagram(task("a", name="Activate", handler="olt.on"), task("b", name="Bill"), task("c", handler="crm.tell"))
    new = diagram(task("a2", name="Activate", handler="olt.on"), task("b1", name="Bill"), task("b2", name="Bill"), task("c2", handler="crm.tell"))
    assert suggest(old, new) == {"a": "a2", "c": "c2"}
    assert suggest(old, diagram(task("a2", name="Activate", type="userTask"))) == {}
    assert suggest(old, old) == {}
