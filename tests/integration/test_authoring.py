"""What docs/authoring.md promises."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from app.engine.spiff.dialect_table import FLOW_NODES
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
        "startEvent": "start and end event",
        "endEvent": "start and end event",
        "serviceTask": "service task",
        "scriptTask": "script task",
        "businessRuleTask": "business rule task",
        "userTask": "user task",
        "exclusiveGateway": "exclusive gateway",
        "parallelGateway": "parallel gateway",
        "intermediateCatchEvent": "message catch event",
        "boundaryEvent": "error boundary event",
        "subProcess": "embedded sub-process",
    }
    for element in FLOW_NODES.split():
        assert f"| {words[element]}" in PAGE
