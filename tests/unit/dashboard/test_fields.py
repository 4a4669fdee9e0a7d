from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest

from app.core.errors import InvalidInput
from app.dashboard.fields import fields_of, read_changes, read_json, read_object
from app.handling.parameters import Parameter


class Medium(Enum):
    FIBRE = "fibre"
    COPPER = "copper"


def a_parameter(annotation: Any, *, required: bool = True, default: Any = None) -> Parameter:
    return Parameter("value", annotation, required, default)


@pytest.mark.parametrize(
    ("annotation", "widget"),
    [
        (str, "text"),
        (int, "whole"),
        (float, "number"),
        (bool, "yes_no"),
        (int | None, "whole"),
        (Decimal, "text"),
        (date, "text"),
        (Literal["a", "b"], "choice"),
        (Medium, "choice"),
        (list[str], "json"),
        (dict[str, Any], "json"),
        (int | str, "json"),
    ],
)
def test_a_field_suits_the_type_of_its_parameter(annotation: Any, widget: str) -> None:
    assert fields_of((a_parameter(annotation),), {})[0].widget == widget


def test_a_value_of_the_wrong_kind_is_shown_whole() -> None:
    field = fields_of((a_parameter(str),), {"value": {"a": 1}})[0]
    assert (field.widget, field.shown) == ("json", '{\n  "a": 1\n}')


@pytest.mark.parametrize(
    ("annotation", "written", "read"),
    [
        (str, "500", "500"),
        (int, "500", 500),
        (int, " 500 ", 500),
        (int, "fast", "fast"),  # the engine says what it expected
        (float, "0.5", 0.5),
        (bool, "false", False),
        (int | None, "", None),
        (str | None, "", None),
        (str, "", ""),
        (list[str], '["a"]', ["a"]),
        (Medium, "fibre", "fibre"),
    ],
)
def test_what_is_written_is_read_as_its_type(annotation: Any, written: str, read: Any) -> None:
    given = read_changes((a_parameter(annotation),), {"value": 9.75}, {"input.value": written})
    assert given["value"] == read
    assert type(given["value"]) is type(read)


def test_a_field_left_empty_is_the_handlers_default() -> None:
    parameter = a_parameter(int, required=False, default=5)
    assert read_changes((parameter,), {"value": 7}, {"input.value": ""}) == {"value": 5}


def test_only_what_changed_is_sent() -> None:
    parameters = (a_parameter(int), Parameter("other", list[str], False, None))
    inputs = {"value": 1, "other": ["a"], "unnamed": 3}
    assert read_changes(parameters, inputs, {"input.value": "1", "input.other": '["a"]'}) == {}
    assert read_changes(parameters, inputs, {"input.value": "2", "input.other": '["a"]'}) == {"value": 2}


def test_the_right_value_of_the_wrong_type_is_a_change() -> None:
    assert read_changes((a_parameter(str),), {"value": 42}, {"input.value": "42"}) == {"value": "42"}


@pytest.mark.parametrize("written", ["{", "NaN", "[1, Infinity]"])
def test_what_is_no_json_is_refused_with_its_field(written: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_changes((a_parameter(list[float]),), {}, {"input.value": written})
    assert refused.value.path == "$.inputs.value"


def test_outputs_must_be_an_object() -> None:
    assert read_object("", "$.outputs", "Outputs") == {}
    with pytest.raises(InvalidInput, match="Outputs must be a JSON object"):
        read_object("[1]", "$.outputs", "Outputs")


@pytest.mark.parametrize("written", ["[" * 100_000, '{"a": 1, "a": 2}', "1e999", "9" * 5000, '{"a": NaN}', '"\\ud800"'])
def test_json_in_a_form_is_held_to_the_rules_of_a_body(written: str) -> None:
    with pytest.raises(InvalidInput, match="Variables must be JSON") as caught:
        read_json(written, "$.variables", "Variables")
    assert caught.value.path == "$.variables"
