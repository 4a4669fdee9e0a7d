"""Element templates (Camunda 8): what a modeler's picker shows of each handler, and the fields that it fills in.

All of it is read from the signature and the docstring. A field's value is written into the diagram as an input or
output mapping, so a diagram that was drawn with a template is a plain one, and runs without it.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from app.handling.docs import HandlerDoc, OutputDoc
from app.handling.icons import icon_of
from app.handling.parameters import Parameter, describe_type
from app.handling.registry import Handler
from app.handling.versions import VersionsKept, digest_of

Template = dict[str, Any]  # as the schema says
Property = dict[str, Any]
SCHEMA = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
ID_PREFIX = "turnup."
_LONGEST_CATEGORY = 60
_TEXTS = (str, date, datetime, time, timedelta, Decimal)  # all may be written as plain text
_NUMBERS = (int, float)
_TYPES = {each.__name__: each for each in (str, int, float, bool, list, dict)}  # as docstrings name them
_INPUTS, _OUTPUTS = "inputs", "outputs"


def element_templates(handlers: Iterable[Handler], kept: VersionsKept) -> list[Template]:
    """Each handler's template in its newest version and in those before it, by the handler's type.

    An earlier version has the fields of the newest one: a modeler that finds an element with it offers the upgrade,
    which keeps what the author has written.
    """
    return [
        {**template, "version": version}
        for handler in sorted(handlers, key=lambda each: each.type)
        for template in [element_template(handler)]
        for version in range(kept.version(handler, digest(template)), 0, -1)
    ]


def element_template(handler: Handler) -> Template:
    """The template without its version."""
    about = handler.about
    category, name = _category(handler)
    inputs = [_input(parameter) for parameter in handler.parameters]
    outputs = [_output(doc) for doc in about.outputs]
    groups = [(_INPUTS, "What it takes", inputs), (_OUTPUTS, "What it gives", outputs)]
    return {
        "$schema": SCHEMA,
        "id": ID_PREFIX + handler.type,
        "name": _first_sentence(about.summary) or handler.type,
        "description": _description(handler, about),
        "keywords": list(dict.fromkeys([handler.type, category, *re.split(r"[._]", handler.type)])),
        "category": {"id": f"{ID_PREFIX}{category}", "name": name},
        "icon": {"contents": icon_of(category)},
        "appliesTo": ["bpmn:Task"],
        "elementType": {"value": "bpmn:ServiceTask"},
        "groups": [{"id": id, "label": label} for id, label, fields in groups if fields],
        "properties": [_type(handler), *inputs, *outputs],
        "metadata": {"turnup": _metadata(handler, about)},
    }


def digest(template: Template) -> str:
    """Changes with what a template writes into diagrams, not with its words."""
    words = {"label", "description", "tooltip", "group"}
    written = [
        {name: value for name, value in each.items() if name not in words and name != "choices"}
        | {"choices": [choice["value"] for choice in each.get("choices", ())]}
        for each in template["properties"]
    ]
    return digest_of(written)


def _type(handler: Handler) -> Property:
    return {"type": "Hidden", "value": handler.type, "binding": {"type": "zeebe:taskDefinition", "property": "type"}}


def _input(parameter: Parameter) -> Property:
    """A required one is the variable of its name, unless the author says otherwise."""
    made: Property = {
        "id": f"input.{parameter.name}",
        "label": _words(parameter.name),
        "description": _about_input(parameter),
        "group": _INPUTS,
        **_field(parameter.annotation, parameter.name),
        "binding": {"type": "zeebe:input", "name": parameter.name},
    }
    if parameter.required:
        return {**made, "value": f"={parameter.name}", "constraints": {"notEmpty": True}}
    default = _as_written(parameter.default, made)
    return {**made, "optional": True, **({} if default is None else {"value": default})}


def _field(annotation: Any, name: str) -> Property:
    """What kind of field a type has. `"12"` is no number: numbers are written as FEEL, texts as they are."""
    inner = _without_null(annotation)
    if values := _choices(inner):
        choices = [{"name": str(value), "value": value if isinstance(value, str) else _feel(value)} for value in values]
        # A list of choices has no place for an expression: the variable of its name is one of them.
        return {"type": "Dropdown", "choices": [*choices, {"name": f"the variable {name}", "value": f"={name}"}]}
    if inner is bool:
        return {"type": "Boolean", "feel": "optional"}
    if inner in _NUMBERS:
        return {"type": "Number", "feel": "optional"}
    if inner in _TEXTS:
        return {"type": "String", "feel": "optional"}
    return {"type": "Text", "feel": "required"}


def _output(doc: OutputDoc) -> Property:
    type = _capital(describe_type(_TYPES.get(doc.type, doc.type)))
    about = f"{type}{': ' + doc.text if doc.text else ''}. The variable that gets it; left empty, it is dropped."
    return {
        "id": f"output.{doc.name}",
        "label": _words(doc.name),
        "description": about,
        "group": _OUTPUTS,
        "type": "String",
        "optional": True,
        "value": doc.name,
        "binding": {"type": "zeebe:output", "source": f"={doc.name}"},
    }


def _about_input(parameter: Parameter) -> str:
    personal = " It concerns a person, and is masked." if parameter.personal else ""
    return f"{_capital(parameter.expected)}.{personal}"


def _as_written(default: Any, field: Property) -> Any:
    """A default as the field holds it; None for none."""
    plain = default.value if isinstance(default, Enum) else default
    if plain is None:
        return None
    if field["type"] in ("Boolean", "Number"):
        return plain
    if field["type"] == "Text":
        return _feel(plain)
    if field["type"] == "Dropdown" and not isinstance(plain, str):
        return _feel(plain)
    return _iso(plain)


def _iso(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _feel(value: Any) -> str:
    """What JSON writes, FEEL reads."""
    return "=" + json.dumps(value, ensure_ascii=False, default=_iso)


def _choices(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [member.value for member in annotation]
    return []


def _without_null(annotation: Any) -> Any:
    """`str | None` as str: an input that is not given needs no value."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    inside = [part for part in get_args(annotation) if part is not types.NoneType]
    return inside[0] if len(inside) == 1 else annotation


def _category(handler: Handler) -> tuple[str, str]:
    """The system that it calls: its key, and what the handler's module calls it."""
    named = handler.system.name if handler.system is not None else handler.type
    key = re.split(r"[=.{]", named, maxsplit=1)[0] or named
    doc = getattr(sys.modules.get(handler.module), "__doc__", None) or ""
    name = re.split(r"[:.;,]", " ".join(doc.split()), maxsplit=1)[0].removeprefix("The ").removeprefix("A ").strip()
    return key, _capital(name) if 0 < len(name) <= _LONGEST_CATEGORY else key


def _description(handler: Handler, about: HandlerDoc) -> str:
    refusals = ", ".join(f"{code} ({when})" if when else code for code, when in about.refusals.items())
    said = [about.summary, " ".join(about.text.split()), refusals and f"Refuses with: {refusals}."]
    return " ".join([*filter(None, said), f"[{handler.type}]"])


def _metadata(handler: Handler, about: HandlerDoc) -> dict[str, Any]:
    """For our own pages; others pass over it."""
    return {
        "handler": handler.type,
        "system": None if handler.system is None else handler.system.name,
        "outputs": {doc.name: doc.type for doc in about.outputs},
        "refusals": about.refusals,
        "faults": list(about.faults),
        "repeats": about.repeats,
        "undo": handler.undo is not None,
        "timeoutSeconds": handler.timeout_s,
    }


def _words(name: str) -> str:
    return _capital(name.replace("_", " ").strip() or name)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first_sentence(summary: str) -> str:
    return re.split(r"(?<=\w)[.:](?:\s|$)", summary, maxsplit=1)[0].strip().rstrip(".")
