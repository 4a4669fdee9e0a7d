"""Inputs against a handler's signature."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest

from app.handling import Done, Work, handles
from app.handling.faults import BadHandler, BadParameter
from app.handling.registry import Handler


class Speed(Enum):
    SLOW = "slow"
    FAST = "fast"


@handles("test.everything")
def everything(
    work: Work,
    text: str = "",
    count: int = 0,
    level: float = 0,
    flag: bool = False,
    amount: Decimal = Decimal(0),
    counts: list[int] = [],  # noqa: B006  the default is copied for each call, which a test below holds
    things: dict[str, Any] = {},  # noqa: B006
    maybe: str | None = None,
    mode: Literal["add", "delete"] = "add",
    speed: Speed = Speed.SLOW,
    at: datetime | None = None,
    exact_at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    day: date = date(2026, 1, 1),
    pause: timedelta = timedelta(),
    rows: list[dict[str, int]] = [],  # noqa: B006
) -> Done:
    return Done()


@handles("test.two")
def two(work: Work, serial: str, speed_mbps: int) -> Done:
    return Done()


HANDLER = Handler(everything)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("text", "x", "x"),
        ("count", 12, 12),
        ("count", 10**30, 10**30),
        ("level", 12, 12.0),
        ("level", 1.5, 1.5),
        ("flag", True, True),
        ("amount", "1.50", Decimal("1.50")),
        ("amount", 0.1, Decimal("0.1")),
        ("counts", [1, 2], [1, 2]),
        ("things", {"a": {"b": [1]}}, {"a": {"b": [1]}}),
        ("maybe", None, None),
        ("mode", "delete", "delete"),
        ("speed", "fast", Speed.FAST),
        ("at", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("at", None, None),
        ("day", "2026-01-31", date(2026, 1, 31)),
        ("pause", "PT5M", timedelta(minutes=5)),
    ],
)
def test_an_input_is_converted_to_its_parameters_type(name: str, given: Any, read: Any) -> None:
    bound = HANDLER.bind({name: given})[name]
    assert bound == read
    assert type(bound) is type(read)


@pytest.mark.parametrize(
    ("name", "given", "expected", "found"),
    [
        ("text", 1, "text", "the number 1"),
        ("text", None, "text", "null"),
        ("count", "12", "a whole number", 'the text "12"'),
        ("count", True, "a whole number", "true"),
        ("count", 99.5, "a whole number", "the number 99.5"),
        ("count", None, "a whole number", "null"),
        ("level", "1.5", "a number", 'the text "1.5"'),
        ("level", False, "a number", "false"),
        ("flag", 1, "true or false", "the number 1"),
        ("flag", "true", "true or false", 'the text "true"'),
        ("amount", "a lot", "an exact number (text or number)", 'the text "a lot"'),
        ("amount", True, "an exact number (text or number)", "true"),
        ("counts", "1", "a list, each a whole number", 'the text "1"'),
        (
            "counts",
            [1, "2"],
            "a list, each a whole number",
            'the text "2" (input should be a valid integer) at counts[1]',
        ),
        ("things", [1], "an object", "a list of 1"),
        ("maybe", 3, "text or null", "the number 3"),
        ("mode", "modify", 'one of "add", "delete"', 'the text "modify"'),
        ("speed", "medium", 'one of "slow", "fast"', 'the text "medium"'),
        ("exact_at", "2026-01-31", "a date and time such as 2026-01-31T12:00:00Z", 'the text "2026-01-31"'),
        ("exact_at", "1700000000", "a date and time such as 2026-01-31T12:00:00Z", 'the text "1700000000"'),
        ("day", 5, "a date such as 2026-01-31", "the number 5"),
        ("pause", 5, "a duration such as PT5M", "the number 5"),
        (
            "rows",
            [{"x": "1"}],
            "a list, each an object, each value a whole number",
            'the text "1" (input should be a valid integer) at rows[0].x',
        ),
    ],
)
def test_a_misfit_is_told_with_parameter_expectation_and_finding(
    name: str, given: Any, expected: str, found: str
) -> None:
    with pytest.raises(BadParameter) as caught:
        HANDLER.bind({name: given})
    assert caught.value.message == (
        f"test.everything: {name} must be {expected}, found {found}. "
        "Map the input in the diagram, or correct the variable and retry."
    )
    assert caught.value.facts["parameter"] == name


def test_every_misfit_is_told_at_once_and_the_first_gives_the_path() -> None:
    with pytest.raises(
        BadParameter, match=r"serial must be text, found nothing; speed_mbps must be a whole number"
    ) as c:
        Handler(two).bind({"speed_mbps": "fast"})
    assert [problem["parameter"] for problem in c.value.facts["problems"]] == ["serial", "speed_mbps"]
    assert c.value.path == "$.serial"


def test_inputs_that_no_parameter_names_are_left_alone() -> None:
    assert Handler(two).bind({"serial": "A", "speed_mbps": 1, "other": object()}) == {"serial": "A", "speed_mbps": 1}


def test_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(BadParameter) as caught:
        HANDLER.bind({"count": "x" * 10_000})
    assert len(caught.value.message) < 250


def test_a_value_that_is_no_json_is_a_misfit() -> None:
    with pytest.raises(BadParameter, match="things must be an object, found what JSON cannot hold"):
        HANDLER.bind({"things": {"x": object()}})  # type: ignore[dict-item]  # the point of the test


def test_bound_arguments_share_nothing_with_the_inputs_nor_with_defaults() -> None:
    inputs: dict[str, Any] = {"things": {"a": [1]}}
    bound = HANDLER.bind(inputs)
    bound["things"]["a"].append(2)
    bound["counts"].append(3)
    assert inputs == {"things": {"a": [1]}}
    assert HANDLER.bind({})["counts"] == []


class Unreadable:
    pass


def without_work(serial: str) -> Done: ...


def without_type(work: Work, serial) -> Done: ...  # type: ignore[no-untyped-def]  # the point of the test


def with_rest(work: Work, **rest: str) -> Done: ...


def with_strange_type(work: Work, thing: Unreadable) -> Done: ...


def with_unknown_name(work: Work, thing: Nowhere) -> Done: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (without_work, "the first parameter must be `work: Work`"),
        (without_type, "parameter serial has no type"),
        (with_rest, r"parameters are passed by name, so \*\*rest"),
        (with_strange_type, "parameter thing has the type"),
        (with_unknown_name, "an annotation names something unknown"),
    ],
)
def test_a_signature_that_cannot_be_served_is_refused_with_its_place(function: Any, message: str) -> None:
    with pytest.raises(BadHandler, match=message) as caught:
        Handler(handles("test.bad")(function))
    assert f"test_parameters:{function.__name__}" in caught.value.message
