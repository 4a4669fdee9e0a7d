"""What every operation of the lab's systems is made of."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.lab.settings import LabSettings

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Notice:
    """A message with this name and correlation key, `after_s` from the call that causes it.

    While the condition `unless` holds for that call's subject it is kept back.
    """

    name: str
    key: str
    variables: Mapping[str, Any]
    after_s: float
    unless: str | None = None


@dataclass(frozen=True)
class Answer:
    """`effect` names what was changed in the network, None when nothing was. `online` is the serial of an ONT that
    starts up because of it; `notices` are what the system will tell Turnup later."""

    body: dict[str, Any]
    effect: str | None = None
    status: int = 200
    online: str | None = None
    notices: tuple[Notice, ...] = ()


class LabRefusal(Exception):
    """The system's "no", with its business code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Scene:
    """What an operation can see: the network's tables and whether an injected condition holds for its subject.

    `at` is now, in seconds since the epoch; `key` is the call's.
    """

    connection: sqlite3.Connection
    holds: Callable[[str], bool]
    settings: LabSettings
    at: float
    key: str | None = None

    def one(self, statement: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(statement, values).fetchone()
        return row

    def withdraw(self, name: str, key: str) -> None:
        """What was going to be told by messages of this name and key is told no more."""
        self.connection.execute("UPDATE notice SET ended = 1 WHERE name = ? AND key = ? AND NOT ended", (name, key))


@dataclass(frozen=True)
class Operation:
    """`keyed`: the same Idempotency-Key gets the same answer and has one effect. Without it each call is an effect."""

    name: str
    method: str
    rule: str  # Flask's URL rule
    act: Callable[[Scene, Arguments], Answer]
    needs: Mapping[str, type] = field(default_factory=dict)  # argument -> type
    keyed: bool = False

    def check(self, arguments: Arguments) -> None:
        for name, kind in self.needs.items():
            found = arguments.get(name)
            if not isinstance(found, kind) or isinstance(found, bool):
                raise LabRefusal(400, "bad_request", f"{self.name} needs {name} as {kind.__name__}, found {found!r}")
