"""A task with an embedded form, as an author draws one for a technician's visit."""

from __future__ import annotations

from typing import Any

from tests.factories.diagrams import Diagram

VISIT: dict[str, Any] = {
    "type": "default",
    "schemaVersion": 18,
    "components": [
        {"type": "text", "text": "## The visit\nWhat was measured at the customer's."},
        {
            "type": "textfield",
            "key": "technician",
            "label": "Technician",
            "validate": {"required": True, "minLength": 3},
        },
        {"type": "number", "key": "signal_dbm", "label": "Optical power, dBm", "validate": {"min": -30, "max": 0}},
        {
            "type": "select",
            "key": "outcome",
            "label": "Outcome",
            "values": [{"label": "In service", "value": "done"}, {"label": "Nobody was in", "value": "no_show"}],
            "validate": {"required": True},
        },
        {
            "type": "datetime",
            "subtype": "date",
            "dateLabel": "When to come again",
            "key": "come_again",
            "conditional": {"hide": '=outcome != "no_show"'},
            "validate": {"required": True},
        },
        {"type": "checkbox", "key": "router_swapped", "label": "Router swapped"},
    ],
}


def visit(process_id: str = "visit", form: dict[str, Any] | None = None, **said: Any) -> Diagram:
    """A process with one user task `call_on`, whose form is VISIT unless another is given."""
    diagram = Diagram(process_id, "Visit a customer").start("s").embed("visit_form", form or VISIT)
    diagram.user("call_on", name="Call on the customer", form="camunda-forms:bpmn:visit_form", **said)
    return diagram.end("e").chain("s", "call_on", "e")
