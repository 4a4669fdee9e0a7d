"""Messages of SpiffArena: payloads, and the properties by which it tells whose a message is."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lxml import etree

from app.conversion.arena.python import parse_script
from app.conversion.arena.reading import mapped, take, take_all, within
from app.conversion.drawing import ZEEBE, Drawing, bpmn, discard, extend, local, map_input, text_of
from app.conversion.terms import NotMapped

_THROWING = ("intermediateThrowEvent", "endEvent", "sendTask")
KEPT = "P30D"
GIVE_KEY = "Give the message a correlation key, such as =order_id."


@dataclass(frozen=True)
class Keys:
    """Message -> the expressions of its correlation properties."""

    by_message: dict[str, list[str]]


def take_keys(drawing: Drawing) -> Keys:
    """They are gone then: here a correlation key is one expression of each message."""
    found: dict[str, list[str]] = {}
    for node in drawing.nodes("correlationPropertyRetrievalExpression"):
        path = node.find(bpmn("messagePath"))
        formal = path if path is not None else node.find(bpmn("formalExpression"))
        found.setdefault(node.get("messageRef", ""), []).append(text_of(formal))
    for node in drawing.nodes("correlationProperty", "correlationKey", "correlationSubscription"):
        discard(node)
    return Keys(found)


def convert_message(drawing: Drawing, holder: etree._Element, owner: etree._Element, keys: Keys) -> None:
    """`holder` names the message: a task, or the message definition of the event `owner`."""
    message = drawing.by_id("message", holder.get("messageRef"))
    payload, variable = (
        _taken(holder, owner, message, "messagePayload"),
        _taken(holder, owner, message, "messageVariable"),
    )
    own = [
        text_of(each)
        for group in take_all(holder, "processVariableCorrelation")
        for each in within(group, "expression")
    ]
    expressions = own or keys.by_message.get(holder.get("messageRef", ""), [])
    if local(owner) in _THROWING:
        key = _key(drawing, owner, expressions)
        extend(holder, "publishMessage", {"correlationKey": key, "timeToLive": KEPT})
        text = f"It is kept for {KEPT} for whoever comes to wait for it (timeToLive); there, until somebody takes it."
        drawing.check(owner, "message", text, "Change it if need be.")
        _carry(drawing, owner, payload)
        return
    if variable is not None:
        text = f"The message's variables come by their own names, not in one that is called {variable}."
        drawing.lost(owner, f"messageVariable {variable}", text, f"Map an output of the event to {variable}.")
    if message is None or (local(owner) == "startEvent" and not _is_event_sub(owner.getparent())):
        return
    key = _key(drawing, owner, expressions)
    if key is None:
        text = "Whose a message is, the diagram says: the message has no correlation key."
        drawing.lost(owner, f"message {message.get('name', '')}", text, GIVE_KEY)
    elif message.find(f".//{{{ZEEBE}}}subscription") is None:
        extend(message, "subscription", {"correlationKey": key})
        text = f"The message is for the instance where it equals {key}: a variable has to have that value."
        drawing.check(owner, f"correlation of {message.get('name', '')}", text, "Look whether a variable has it.")


def _taken(holder: etree._Element, owner: etree._Element, message: etree._Element | None, name: str) -> str | None:
    """It stood on the message once, and stands on the event or task by now."""
    found = [take(node, name) for node in (holder, owner, message) if node is not None]
    return next((each for each in found if each is not None), None)


def _is_event_sub(node: etree._Element | None) -> bool:
    return node is not None and node.get("triggeredByEvent") == "true"


def _key(drawing: Drawing, owner: etree._Element, expressions: list[str]) -> str | None:
    parts = [mapped(drawing, owner, "correlation", text) for text in expressions if text]
    feel = [part.removeprefix("=") if part.startswith("=") else f'"{part}"' for part in parts if part is not None]
    if len(feel) < 2:
        return f"={feel[0]}" if feel else None
    return "=" + ' + "/" + '.join(f"string({each})" for each in feel)


def _carry(drawing: Drawing, owner: etree._Element, payload: str | None) -> None:
    if payload is None:
        return
    for name, value in _entries(payload).items():
        source = mapped(drawing, owner, f"messagePayload {name}", value)
        if source is not None:
            map_input(owner, source, name)
    if not _entries(payload):
        text = "A message carries variables by their names."
        drawing.lost(owner, f"messagePayload {payload}", text, "Map an input for each that it has to carry.")


def _entries(payload: str) -> dict[str, str]:
    """`{"a": x}` as a -> x; empty for anything else."""
    try:
        statements = parse_script(payload)
    except NotMapped:
        return {}
    match statements:
        case [ast.Expr(value=ast.Dict(keys=keys, values=values))] if all(
            isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier() for key in keys
        ):
            return {str(getattr(key, "value", "")): ast.unparse(value) for key, value in zip(keys, values, strict=True)}
    return {}
