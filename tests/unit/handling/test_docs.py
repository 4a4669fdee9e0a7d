"""Docstrings as data."""

from __future__ import annotations

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


def test_every_handler_of_the_house_says_what_it_gives_and_whether_a_repeat_is_safe() -> None:
    for handler in Registry.scan("handlers", "none"):
        assert handler.about.summary.endswith("."), handler.place
        assert handler.about.outputs, handler.place
        assert handler.about.repeats, handler.place
