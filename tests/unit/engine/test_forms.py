"""Forms inside diagrams: which are accepted, and what fits them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.engine.diagram import DiagramRefused
from app.engine.forms import check_answers, keys_of, read_form
from app.engine.schemas import VariablesRefused
from tests.conftest import NOON
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.task_forms import VISIT, visit

GOOD = {"technician": "Olga", "outcome": "done"}


def answers(given: dict[str, Any], form: dict[str, Any] | None = None, **around: Any) -> dict[str, Any]:
    return check_answers(form or VISIT, given, around, FixedClock(NOON))


def one(component: dict[str, Any]) -> dict[str, Any]:
    return {"components": [component]}


def test_what_fits_is_taken_and_nothing_else() -> None:
    given = {**GOOD, "signal_dbm": -19.5, "router_swapped": True, "unknown": 1, "come_again": "2026-12-01"}
    assert answers(given) == {**GOOD, "signal_dbm": -19.5, "router_swapped": True}


def test_a_field_is_asked_for_only_while_it_is_shown() -> None:
    with pytest.raises(VariablesRefused) as refused:
        answers({**GOOD, "outcome": "no_show"})
    assert refused.value.problems == [("$.variables.come_again", "come_again: fill this in.")]
    assert answers({**GOOD, "outcome": "no_show", "come_again": "2026-12-01"})["come_again"] == "2026-12-01"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"technician": ""}, "Technician: fill this in."),
        ({"technician": "Al"}, "Technician: at least 3 characters."),
        ({"technician": 5}, "Technician: expected a text."),
        ({"signal_dbm": "low"}, "Optical power, dBm: expected a number."),
        ({"signal_dbm": True}, "Optical power, dBm: expected a number."),
        ({"signal_dbm": -31}, "Optical power, dBm: at least -30."),
        ({"signal_dbm": 3}, "Optical power, dBm: at most 0."),
        ({"outcome": "lost"}, "Outcome: 'lost' is not among what can be chosen."),
        ({"outcome": "no_show", "come_again": "soon"}, "come_again: expected a date such as 2026-12-01."),
        ({"router_swapped": "yes"}, "Router swapped: expected yes or no."),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(given: dict[str, Any], said: str) -> None:
    with pytest.raises(VariablesRefused) as refused:
        answers({**GOOD, **given})
    assert [message for _, message in refused.value.problems] == [said]


def test_options_may_come_from_a_variable() -> None:
    form = one({"type": "checklist", "key": "ports", "valuesKey": "free"})
    assert answers({"ports": ["a"]}, form, free=[{"value": "a", "label": "A"}, "b"]) == {"ports": ["a"]}
    with pytest.raises(VariablesRefused):
        answers({"ports": ["a", "c"]}, form, free=["a", "b"])
    assert keys_of(form) == ["ports", "free"]


def test_a_pattern_is_looked_for_anywhere_and_no_pattern_keeps_a_process_busy() -> None:
    form = one({"type": "textfield", "key": "serial", "validate": {"pattern": "ALCL[0-9]+"}})
    assert answers({"serial": "x ALCL77"}, form) == {"serial": "x ALCL77"}
    slow = one({"type": "textfield", "key": "serial", "validate": {"pattern": "(a+)+$"}})
    with pytest.raises(VariablesRefused):
        answers({"serial": "a" * 40 + "!"}, slow)


def test_what_is_only_shown_is_not_taken() -> None:
    form = {"components": [{"type": "group", "components": [{"type": "number", "key": "n", "readonly": True}]}]}
    assert answers({"n": 5}, form) == {}


@pytest.mark.parametrize(
    ("component", "said"),
    [
        ({"type": "iframe"}, "type 'iframe' is not supported"),
        ({"type": "textfield", "key": "a.b"}, "no plain name"),
        ({"type": "textfield"}, "no plain name"),
        ({"type": "select", "key": "a", "valuesExpression": "=b"}, "computes its options"),
        ({"type": "textfield", "key": "a", "conditional": {"hide": "=b +"}}, "The condition '=b +'"),
        ({"type": "textfield", "key": "a", "validate": {"pattern": "("}}, "cannot be read"),
        ({"type": "number", "key": "a", "validate": {"max": "=b"}}, "is an expression"),
    ],
)
def test_a_form_that_could_not_be_held_to_its_word_is_refused(component: dict[str, Any], said: str) -> None:
    schema, problems = read_form(json.dumps(one(component)))
    assert schema is None
    assert said in problems[0]


def test_a_refused_form_keeps_its_diagram_from_being_deployed(bench: Bench) -> None:
    with pytest.raises(DiagramRefused) as refused:
        bench.deploy(visit(form=one({"type": "iframe", "key": "a"})))
    assert [finding.code for finding in refused.value.findings] == ["form"]


def test_a_task_takes_what_its_form_takes_whoever_completes_it(bench: Bench) -> None:
    instance_id = bench.start(visit(), technician="Ada", speed=500)
    bench.advance(instance_id)
    with bench.database.reading() as connection:
        form = bench.engine.task_form(connection, bench.task(instance_id))
    assert form is not None
    assert (form.schema, form.data) == (VISIT, {"technician": "Ada"})
    with pytest.raises(VariablesRefused):
        bench.complete(instance_id, outcome="done")
    bench.complete(instance_id, **GOOD, unknown=1)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {**GOOD, "speed": 500}


def test_a_task_without_an_embedded_form_has_none(bench: Bench) -> None:
    instance_id = bench.start(Diagram("p").start("s").user("u", form="elsewhere").end("e").chain("s", "u", "e"))
    bench.advance(instance_id)
    with bench.database.reading() as connection:
        assert bench.engine.task_form(connection, bench.task(instance_id)) is None
    bench.complete(instance_id, anything=1)
    assert bench.variables(instance_id) == {"anything": 1}
