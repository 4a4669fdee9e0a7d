"""The kinds of bulk work that this installation knows; whoever builds it registers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.db import Transaction


@dataclass(frozen=True)
class Item:
    """One target of a job, with what the whole job was created with.

    `begun_at`: it was begun then, and is asked for what has come of it.
    """

    job_id: str
    target: str
    parameters: Mapping[str, Any]
    by: str
    reason: str
    begun_at: datetime | None = None


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


@dataclass(frozen=True)
class Begun:
    """It is under way. The kind is asked again, and again, until it knows what came of it."""


@dataclass(frozen=True)
class Failed:
    """It has not succeeded; what was written for it stays. `detail` is JSON worth keeping.

    `differs`: not in the way in which it was to be done away with. Of one that is tried first this is for a person to
    look at, where the same failure as before ends the job.
    """

    code: str
    message: str
    detail: dict[str, Any] = field(default_factory=dict)
    differs: bool = False


Worked = Passed | Skipped | NotYet | Begun | Failed
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
