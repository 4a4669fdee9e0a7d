"""What a business rule task gives the decision that it asks: names that nothing sets, values of the wrong type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.decisions.dmn import load
from app.decisions.dmn.asked import asked_by
from app.engine import decisions
from app.engine.bundle import File
from app.engine.diagram import Finding
from app.engine.lint.house import House, Offer
from app.engine.spiff.dialect import check
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.decisions import Dmn, literal, table
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


@handles("net.read")
def read(work: Work) -> Done:
    """Read a line.

    Outputs  level (float)
    """
    return Done()


HANDLERS = Registry([read])
STARTS = {
    "properties": {
        "speed": {"type": "number"},
        "port": {"type": ["string", "null"]},
        "wanted_on": {"type": "string"},
        "customer": {"type": "object", "properties": {"segment": {"type": "string"}, "age": {"type": "number"}}},
    }
}
CLOSED = {
    "properties": {
        "customer": {"type": "object", "properties": {"segment": {"type": "string"}}, "additionalProperties": False}
    }
}
Row = str | tuple[str, str | None, str]


def columns(*inputs: Row, cells: Sequence[str] = ()) -> Dmn:
    """A table as one draws it first: no input data."""
    return Dmn().decision("d", table(inputs, ["v"], [[*(cells or ["-"] * len(inputs)), "1"]]))


def drawn(name: str, type_ref: str | None) -> Dmn:
    return Dmn().input(name, type_ref).decision("d", table([name], ["v"], [["-", "1"]]), needs=[name])


def asking(inputs: dict[str, str] | None = None, *, before: str = "", schema: dict[str, Any] | None = STARTS) -> Diagram:
    d = Diagram("p").start().end().decision("a", "_d", "r", inputs=inputs)
    if before == "user":
        d.user("b")
    elif before:
        d.service("b", before)
    d.chain("s", *(["b"] if before else []), "a", "e")
    return d if schema is None else d.variables(schema)


def findings_of(d: Diagram, dmn: Dmn) -> list[Finding]:
    model = load(dmn.xml())
    assert [each for each in model.findings if each.severity == "error"] == []
    offer = Offer(decisions=frozenset({"_d"}), asked={"_d": partial(asked_by, model, "_d")})
    return check(d.xml(), HANDLERS.get, HANDLERS.types(), House(lambda: [offer]))[2]


NUMBER = ("speed", None, "number")
TOLD: dict[str, tuple[Diagram, Dmn, str, str]] = {
    "a column of nobody": (asking(), columns("segment"), "missing_input", "Map an input to segment"),
    "a column nearly as it is called": (asking(), columns("sped"), "missing_input", "Did you mean speed?"),
    "a column a little as it is called": (asking(), columns("wanted"), "missing_input", "Did you mean wanted_on?"),
    "input data of nobody": (asking(), drawn("order id", None), "missing_input", "'order id'"),
    "an input that is the variable of its name": (asking({"port": "=port"}), columns(("port", None, "number")), "unfit_input", "it holds a text"),
    "nearly, where anything may come": (asking(before="user"), columns("wanted_no"), "missing_input", "wanted_on?"),
    "what a required decision reads": (
        asking(),
        Dmn().decision("first", literal("base + speed")).decision("d", table(["first"], ["v"], [["-", "1"]]), decisions=["first"]),
        "missing_input",
        "reads 'base' (an expression of 'first')",
    ),
    "what an output reads": (asking(), Dmn().decision("d", table(["speed"], ["v"], [["-", "speed * rate"]])), "missing_input", "'rate'"),
    "text in a column of numbers": (asking(), columns(("port", None, "number")), "unfit_input", "Map a number to port"),
    "a part in a column of numbers": (asking(), columns(("customer.segment", None, "number")), "unfit_input", "'customer.segment'"),
    "an input for a column": (asking({"speed": "=port"}), columns(NUMBER), "unfit_input", "it holds a text"),
    "a literal for a column": (asking({"speed": "100"}), columns(NUMBER), "unfit_input", "it holds a text"),
    "an input for input data": (asking({"n": '="100"'}), drawn("n", "number"), "unfit_input", "Map a number to n."),
    "what a handler gives": (asking(before="net.read"), columns(("level", None, "string")), "unfit_input", "it holds a number"),
    "a time in a column": (
        asking(),
        columns(("wanted_on", None, "date"), cells=['< date("2027-01-01")']),
        "unfit_input",
        "ask for date(wanted_on)",
    ),
    "a field that is never there": (
        asking(schema=CLOSED),
        columns("customer.segmnt"),
        "missing_input",
        "Did you mean segment?",
    ),
    "a field of an input": (asking({"who": "=customer"}, schema=CLOSED), columns("who.age"), "missing_input", "map an input to who"),
    "a part of a text in an object": (asking(), columns("customer.segment.code"), "missing_input", "there is no 'code'"),
    "a part of a date": (asking(), columns("wanted_on.year"), "missing_input", "there is no 'year'"),
    "a number for a time": (asking(), drawn("speed", "date"), "unfit_input", "Map a text to speed."),
}  # fmt: skip


@pytest.mark.parametrize(("diagram", "dmn", "code", "words"), TOLD.values(), ids=TOLD.keys())
def test_what_a_decision_would_not_find_or_not_compare_is_told(diagram: Diagram, dmn: Dmn, code: str, words: str) -> None:
    (finding,) = findings_of(diagram, dmn)
    assert (finding.severity, finding.element_id, finding.code) == ("warning", "a", code)
    assert words in f"{finding.message} {finding.remedy}"


PASSED: dict[str, tuple[Diagram, Dmn]] = {
    "what the start gives": (asking(), columns(NUMBER, "port", "customer.segment")),
    "what an input gives": (asking({"segment": "=customer.segment"}), columns(("segment", None, "string"))),
    "an input that is made of the variable of its name": (asking({"port": "=port"}), columns(("port", None, "string"))),
    "null, on purpose": (asking({"segment": "=null"}), columns(("segment", None, "number"))),
    "where anything may come": (asking(before="user"), columns("segment")),
    "where nothing is declared": (asking(schema=None), columns("segment")),
    "what a handler gives": (asking(before="net.read"), columns(("level", None, "number"))),
    "input data by its id": (asking({"_order_id": "=port"}), drawn("order id", "string")),
    "a date that input data reads": (asking(), drawn("wanted_on", "date")),
    "a list of one for input data": (asking({"n": "=[1]"}), drawn("n", "number")),
    "one for a list of them": (asking({"n": "=1"}), drawn("n", "list")),
    "a time that the column reads": (asking(), columns(("date(wanted_on)", None, "date"), cells=['< date("2027-01-01")'])),
    "a time that cells have as text": (asking(), columns(("wanted_on", None, "date"), cells=['"2027-01-01"'])),
    "a type of the model's own": (asking(), Dmn().item("speed_type", "number").decision("d", table([("speed", None, "speed_type")], ["v"], [["-", "1"]]))),
    "an entry of what is looked through": (asking({"lines": "=[]"}), columns("count(lines[state = 1])")),
    "an expression that makes a number of it": (asking(), columns(("number(port)", None, "number"))),
    "a field that may be there": (asking(), columns("customer.tariff")),
    "a field that is there": (asking(schema=CLOSED), columns("customer.segment")),
    "another decision": (
        asking(),
        Dmn().decision("first", literal("speed + 1")).decision("d", table(["first"], ["v"], [["-", "1"]]), decisions=["first"]),
    ),
    "what the model has and the decision does not require": (
        asking(),
        Dmn().input("segment").decision("d", literal("segment")),
    ),
    "a function that is a value": (asking(), Dmn().decision("d", literal("speed = count"))),
    "a function of the model": (
        asking(),
        Dmn().knowledge("twice", ["n"], literal("n * 2")).decision("d", literal("twice(speed)"), knows=["twice"]),
    ),
    "input data that nothing reads": (asking(), Dmn().input("order id").decision("d", literal("speed"), needs=["order id"])),
}  # fmt: skip


@pytest.mark.parametrize(("diagram", "dmn"), PASSED.values(), ids=PASSED.keys())
def test_what_a_decision_may_find_is_passed(diagram: Diagram, dmn: Dmn) -> None:
    assert findings_of(diagram, dmn) == []


def test_a_decision_that_is_not_in_the_house_is_told_once() -> None:
    found = check(asking().xml(), HANDLERS.get, HANDLERS.types(), House(lambda: ()))[2]
    assert [each.code for each in found] == ["unknown_decision"]


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, (read,))


def test_the_newest_model_counts_and_of_those_that_come_together_the_new_one(bench: Bench) -> None:
    def codes(*models: Dmn) -> list[str]:
        files = [File("p.bpmn", asking().xml()), *(File("d.dmn", model.xml()) for model in models)]
        with bench.database.reading() as connection:
            return [each.code for each in bench.engine.examine_all(files, connection)[0].findings]

    for model, told in ((columns("segment"), ["missing_input"]), (columns("port"), [])):
        bench.clock.advance(timedelta(seconds=1))
        with bench.database.transaction() as tx:
            bench.engine.deploy_decisions(tx, decisions.accept(model.xml()))
        assert codes() == told
    assert codes(columns("segment")) == ["missing_input"]


def test_what_would_take_long_is_not_looked_at_and_that_is_said() -> None:
    names = [f"t{number}" for number in range(300)]
    d = Diagram("p").start().end().chain("s", *names, "e")
    for name in names:
        d.decision(name, "_d", "r")
    outputs = " + ".join(f"n{number}" for number in range(500))
    (finding,) = findings_of(d, Dmn().decision("d", literal(outputs)))
    assert (finding.element_id, finding.code) == ("t200", "not_checked")
