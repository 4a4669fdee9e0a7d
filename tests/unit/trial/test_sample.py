"""What a trial is begun with when nobody says otherwise."""

from pathlib import Path

import pytest

from app.engine.definitions import examine
from app.engine.schemas import check_schema
from app.factory import PROCESSES
from app.handling.registry import Registry
from app.trial.sample import sample_of

FILES = sorted(PROCESSES.rglob("*.bpmn"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_what_a_shipped_process_takes(file: Path) -> None:
    diagram, _ = examine(file.read_bytes(), Registry.scan())
    assert diagram is not None
    assert diagram.variables_schema is not None
    check_schema(diagram.variables_schema, sample_of(diagram.variables_schema))
