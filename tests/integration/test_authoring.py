"""What docs/authoring.md promises."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from app.engine.spiff.dialect.table import FLOW_NODES
from app.engine.spiff.dialect.triggers import EVENT_SUB, EVENTS, PLACES
from app.handling.registry import Registry
from app.lab.faults import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "authoring.md").read_text()


def test_the_handler_of_the_page_is_found_by_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    file = tmp_path / "authored" / "voice" / "ims.py"
    file.parent.mkdir(parents=True)
    file.write_text(example[1])
    monkeypatch.syspath_prepend(str(tmp_path))
    handler = Registry.scan("authored", "none").get("ims.add_subscriber")
    for name in [name for name in sys.modules if name.split(".")[0] == "authored"]:
        monkeypatch.delitem(sys.modules, name)
    assert handler is not None
    assert handler.verify is not None
    assert handler.bind({"number": "+44 20 7946 0000"}) == {"number": "+44 20 7946 0000", "lines": 1}
    assert list(handler.about.refusals) == ["number_taken"]


def test_the_page_lists_every_fault_of_the_lab() -> None:
    for kind in KINDS:
        assert f"`{kind}`" in PAGE


def test_the_page_lists_every_element_that_can_be_drawn() -> None:
    words = {
        "serviceTask": "service task",
        "userTask": "user task",
        "scriptTask": "script task",
        "businessRuleTask": "business rule task",
        "sendTask": "send task",
        "receiveTask": "receive task",
        "manualTask": "manual task",
        "task": "manual task, task without a type",
        "subProcess": "embedded sub-process",
        "transaction": "transaction",
        "callActivity": "call activity",
        "exclusiveGateway": "exclusive gateway",
        "inclusiveGateway": "inclusive gateway",
        "parallelGateway": "parallel gateway",
        "eventBasedGateway": "event-based gateway",
    }
    for element in FLOW_NODES.split():
        if element not in EVENTS:
            assert f"| {words[element]}" in PAGE


def test_the_page_says_where_each_trigger_may_stand() -> None:
    header, _, *rows = next(table for table in PAGE.split("\n\n") if table.startswith("| trigger")).splitlines()
    columns = ["start event", "catch event", "boundary event", "event sub-process", "throw event", "end event"]
    places = ["startEvent", "intermediateCatchEvent", "boundaryEvent", EVENT_SUB, "intermediateThrowEvent", "endEvent"]
    assert [cell.strip() for cell in header.strip("|").split("|")] == ["trigger", *columns]
    for row in rows:
        name, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        kind = {"compensation": "compensate"}.get(name, name)
        assert [place for place, cell in zip(places, cells, strict=True) if cell] == [
            place for place in places if kind in PLACES[place].kinds
        ]
        beside = [place for place, cell in zip(places, cells, strict=True) if "+" in cell]
        assert beside == [place for place in places if kind in PLACES[place].beside]
    kinds = {kind for place in PLACES.values() for kind in place.kinds}
    assert len(rows) == len(kinds)
