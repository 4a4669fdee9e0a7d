"""Camunda 7's decision models: they decide as they did, and what they cannot say here is refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.conversion import Dialect, convert
from app.decisions.dmn import lint, load
from tests.factories.dialects import DMN_11, DMN_13, model
from tests.factories.flows import DECISIONS

JUEL, GROOVY = ' expressionLanguage="juel"', ' expressionLanguage="groovy"'


def decided(document: bytes, **given: Any) -> Any:
    loaded = load(convert(document).document)
    assert [finding for finding in lint(loaded) if finding.severity == "error"] == []
    return loaded.evaluate("profile", given)


@pytest.mark.parametrize("space", [DMN_11, DMN_13])
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"asks": "${speed}"},
        {"asks": "order.get('speed')", "facts": (JUEL, "", "")},
        {"asks": "${order.speed + 0}"},
        {"gives": "${speed == 500 &amp;&amp; !empty order ? 'fast' : 'odd'}"},
        {"gives": "'fast'", "facts": ("", "", JUEL)},
        {"head": JUEL, "cell": "&gt;= 300", "facts": ("", ' expressionLanguage="feel"', ""), "gives": "'fast'"},
    ],
)
def test_what_is_written_in_juel_decides_as_it_did(space: str, document: dict[str, Any]) -> None:
    made = model(space=space, **document)
    assert [note.grade for note in convert(made).notes if note.grade == "lost"] == []
    assert decided(made, speed=500, order={"speed": 500}) == "fast"
    assert decided(made, speed=50, order={"speed": 50}) == "slow"


def test_what_only_code_can_say_stays_in_its_language_and_is_refused() -> None:
    found = convert(model(cell="mbps > 5", facts=("", GROOVY, "")))
    assert [(note.grade, note.what) for note in found.notes] == [
        ("check", "camunda:historyTimeToLive P180D"),
        ("check", "camunda:inputVariable mbps"),
        ("lost", "inputEntry (groovy) mbps > 5"),
    ]
    assert [each.code for each in lint(load(found.document)) if each.severity == "error"] == ["other_language"]
    called = convert(model(gives="${bean.name(speed)}"))
    assert [note.what for note in called.notes if note.grade == "lost"] == ["outputEntry ${bean.name(speed)}"]
    assert [each.code for each in lint(load(called.document)) if each.severity == "error"] == ["other_language"]


def test_nothing_of_camunda_7_is_left_and_what_is_ours_comes_back_as_it_was() -> None:
    found = convert(model(asks="${speed}"))
    assert (found.dialect, found.has_layout) == (Dialect.CAMUNDA_7, True)
    assert b"camunda" not in found.document
    assert found.document == convert(found.document).document
    assert DMN_13.encode() in found.document
    ours = convert(DECISIONS)
    assert (ours.dialect, ours.document, ours.notes) == (Dialect.CAMUNDA_8, DECISIONS, ())
