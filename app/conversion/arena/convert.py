"""A SpiffArena diagram, element by element; what nobody has taken at the end is noted and taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from app.conversion.arena import tasks
from app.conversion.arena.messages import Keys, convert_message, take_keys
from app.conversion.arena.reading import lanes_of, mapped, mapped_condition
from app.conversion.drawing import ARENA, BPMN, Drawing, bpmn, local, make_formal, text_of
from app.conversion.leftovers import Words, take_rest_away
from app.conversion.rounds import convert_rounds

_TIMES = ("timeDate", "timeDuration", "timeCycle")
_HARMLESS = frozenset({"category", "isOutputSynced", "scriptsOnInstances"})
_WORDS: Words = {
    "unitTests": ("A script's tests do not come along.", "Save a scenario of the flow."),
    "payloadExpression": ("What an event carries, its input mappings say.", "Map its inputs."),
    "variableName": ("What comes with an event comes by its own names.", "Map its outputs."),
    "instructionsForEndUser": ("Only a task for people has instructions.", "Put them into its form."),
    "signalButtonLabel": ("A task's page has no button for a signal.", "Draw a choice in the task's form."),
    "allowGuest": ("Nobody works on a task without an account.", "Give who does it an account."),
    "guestConfirmation": ("Nobody works on a task without an account.", "Give who does it an account."),
    "taskMetadataValues": ("A task has no values beside its form.", "Show them as fields of its form."),
}
Convert = Callable[[Drawing, etree._Element], None]
_CONVERTERS: Mapping[str, Convert] = {
    "serviceTask": tasks.convert_service,
    "scriptTask": tasks.convert_script,
    "businessRuleTask": tasks.convert_decision,
    "callActivity": tasks.convert_call,
    "multiInstanceLoopCharacteristics": tasks.convert_loop,
    "standardLoopCharacteristics": lambda drawing, node: convert_rounds(drawing, node, mapped_condition),
}


def convert_arena(drawing: Drawing) -> None:
    lanes, keys = lanes_of(drawing), take_keys(drawing)
    for node in list(drawing.root.iter(f"{{{BPMN}}}*")):
        tasks.convert_scripts_around(drawing, node)  # first: what is run before a task, its inputs may read
        _convert(drawing, node, lanes, keys)
    take_rest_away(drawing, ARENA, "spiffworkflow", _WORDS, _HARMLESS)


def _convert(drawing: Drawing, node: etree._Element, lanes: dict[str, str], keys: Keys) -> None:
    match name := local(node):
        case "userTask":
            tasks.convert_user_task(drawing, node, lanes)
        case "manualTask":
            tasks.convert_manual_task(drawing, node, lanes)
        case "sendTask" | "receiveTask":
            convert_message(drawing, node, node, keys)
        case "messageEventDefinition":
            event = node.getparent()
            if event is not None:
                convert_message(drawing, node, event, keys)
        case "timerEventDefinition":
            _convert_timer(drawing, node)
        case "conditionExpression" | "condition":
            node.text = mapped_condition(drawing, node, "condition", text_of(node)) or node.text
            make_formal(node)
        case _ if name in _CONVERTERS:
            _CONVERTERS[name](drawing, node)


def _convert_timer(drawing: Drawing, definition: etree._Element) -> None:
    for name in _TIMES:
        time = definition.find(bpmn(name))
        if time is not None:
            time.text = mapped(drawing, time, name, text_of(time)) or time.text
