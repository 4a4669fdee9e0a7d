"""Parameters that are marked as personal."""

from __future__ import annotations

from typing import Annotated

import pytest

from app.handling import Done, Personal, Work, handles
from app.handling.faults import BadParameter
from app.handling.registry import Handler, Registry


@handles("crm.tell")
def tell(
    work: Work,
    subscriber: Annotated[str, Personal],
    phone: Annotated[str, Personal()] | None = None,
    contact: Annotated[dict[str, str] | None, Personal] = None,
    born: Annotated[int, Personal] = 0,
    olt: Annotated[str, "no mark of ours"] = "",
) -> Done:
    return Done(given=[subscriber, phone, contact, born, olt])


@handles("net.ping")
def ping(work: Work, olt: str) -> Done:
    return Done()


def test_a_registry_knows_the_names_that_any_handler_marks() -> None:
    assert Registry([tell, ping]).personal_fields() == {"subscriber", "phone", "contact", "born"}


def test_a_marked_parameter_is_read_as_any_other() -> None:
    handler = Handler(tell)
    given = {"subscriber": "Anna", "phone": None, "contact": {"a": "b"}, "born": 1984}
    assert handler.bind(given) == {**given, "olt": ""}
    assert [each.expected for each in handler.parameters][:2] == ["text", "text or null"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nineteen", "a text, which is personal"),
        (19.5, "a number, which"),
        (None, "null, which"),
        ([19], "a list, which"),
    ],
)
def test_what_does_not_fit_is_told_without_its_value(value: object, said: str) -> None:
    with pytest.raises(BadParameter) as refused:
        Handler(tell).bind({"subscriber": "Anna", "born": value})  # type: ignore[dict-item]  # any JSON
    assert f"born must be a whole number, found {said}" in refused.value.message
    assert "19" not in str(refused.value.facts)
    assert "nineteen" not in str(refused.value.facts)
