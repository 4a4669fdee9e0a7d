"""A scenario: a JSON file with the faults of a day, such as a node that goes down after a minute and comes back.

[{"kind": "unavailable", "match": {"olt": "lon-3"}, "after_s": 60, "for_s": 30}, ...]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.lab import faults
from app.lab.faults import KINDS, FaultRequest
from app.lab.store import LabStore

ORIGIN = "scenario"
_FILE = TypeAdapter(list[FaultRequest])


class BadScenario(Exception):
    """The file is no scenario; the message says where and why."""


def read_scenario(file: Path) -> list[FaultRequest]:
    try:
        wanted = _FILE.validate_python(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise BadScenario(_what_is_wrong(file, error)) from error
    for number, fault in enumerate(wanted):
        if fault.kind not in KINDS:
            raise BadScenario(f"{file}: [{number}].kind: no fault {fault.kind!r}; there are {', '.join(KINDS)}.")
    return wanted


def play(store: LabStore, wanted: Sequence[FaultRequest], at: float) -> None:
    """From now on, in place of the scenario that was played before."""
    with store.transaction() as connection:
        faults.lift_of(connection, ORIGIN)
        for fault in wanted:
            faults.add(connection, fault, at, ORIGIN)


def _what_is_wrong(file: Path, error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        return (
            f"{file}: {place or 'the file'}: {first['msg']}. Expected a list of faults as POST /lab/faults takes them."
        )
    return f"{file} cannot be read as JSON: {error}."
