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


def outputs_of(place: str) -> set[str]:
    """The names that it gives what it returns, itself or by functions of its module that make its Done."""
    module, _, name = place.partition(":")
    tree = ast.parse(Path(*module.split(".")).with_suffix(".py").read_text())
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    calls = [each for each in ast.walk(functions[name]) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)]
    makers = [functions[call.func.id] for call in calls if isinstance(call.func, ast.Name) and call.func.id in functions]
    found = {keyword.arg for each in (functions[name], *makers) for keyword in given(each)}
    return {each if each is not None else "**" for each in found}


def given(function: ast.FunctionDef) -> list[ast.keyword]:
    calls = [each for each in ast.walk(function) if isinstance(each, ast.Call)]
    done = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Done"]
    return [keyword for call in done for keyword in call.keywords]


def test_every_handler_of_the_house_says_what_it_gives_and_whether_a_repeat_is_safe() -> None:
    for handler in Registry.scan("handlers", "none"):
        assert handler.about.summary.endswith("."), handler.place
        told, gives = {output.name for output in handler.about.outputs}, outputs_of(handler.place)
        assert told == gives or (told and "**" in gives), handler.place
        assert handler.about.repeats, handler.place
