"""Docstrings as data."""

from __future__ import annotations

import ast
from pathlib import Path

from app.handling.docs import OutputDoc, read_doc
from app.handling.registry import Registry

DOCSTRING = """Put the customer's ONT in service.

    The port must be reserved.

    Outputs  ont_id (str)
             level_dbm (float): what the node
               measures
    Raises   SystemSilent if the node does not answer
             Refused("port_taken") if another ONT holds the port
    Repeats  safe: an ONT already there
             is returned
    """


def test_sections_are_read_with_their_continued_lines() -> None:
    doc = read_doc(DOCSTRING)
    assert doc.summary == "Put the customer's ONT in service."
    assert doc.text == "The port must be reserved."
    assert doc.outputs == (OutputDoc("ont_id", "str", ""), OutputDoc("level_dbm", "float", "what the node measures"))
    assert doc.faults == ("SystemSilent if the node does not answer",)
    assert doc.refusals == {"port_taken": "if another ONT holds the port"}
    assert doc.repeats == "safe: an ONT already there is returned"


def test_a_function_without_docstring_has_an_empty_doc() -> None:
    assert read_doc(None).summary == ""
    assert read_doc("Do it.").outputs == ()


def gives_something(place: str) -> bool:
    """Whether what it returns at its end has a name."""
    module, _, name = place.partition(":")
    tree = ast.parse(Path(*module.split(".")).with_suffix(".py").read_text())
    function = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name)
    calls = [each for each in ast.walk(function) if isinstance(each, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == "Done" and call.keywords for call in calls)


def test_every_handler_of_the_house_says_what_it_gives_and_whether_a_repeat_is_safe() -> None:
    for handler in Registry.scan("handlers", "none"):
        assert handler.about.summary.endswith("."), handler.place
        assert handler.about.outputs or not gives_something(handler.place), handler.place
        assert handler.about.repeats, handler.place
