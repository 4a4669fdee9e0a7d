"""The kinds of bulk work that this installation knows; whoever builds it registers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.db import Transaction


@dataclass(frozen=True)
class Item:
    """One target of a job, with what the whole job was created with."""

    job_id: str
    target: str
    parameters: Mapping[str, Any]
    by: str
    reason: str


@dataclass(frozen=True)
class Passed:
    """It is done; `detail` is JSON worth keeping."""

    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """There was nothing to do, and why."""

    message: str


@dataclass(frozen=True)
class NotYet:
    """The target is busy: try it again later. After enough tries it counts as failed, with this code and message."""

    code: str
    message: str


Worked = Passed | Skipped | NotYet
# Does it in the given transaction and commits nothing. A TurnupError is the item's failure: whatever was written for
# it is taken back.
Kind = Callable[[Transaction, Item], Worked]


class Kinds:
    """By name; names are stored with the jobs."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = dict(kinds)

    def get(self, name: str) -> Kind | None:
        return self._kinds.get(name)

    def names(self) -> list[str]:
        return sorted(self._kinds)
