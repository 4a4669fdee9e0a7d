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
    """The system's "no", with its business code; `detail` are further fields of the answer, in its own form."""

    def __init__(self, status: int, code: str, message: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail or {}

    @property
    def body(self) -> dict[str, Any]:
        return {**self.detail, "code": self.code, "message": self.message}


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"  # an injected fault may meet a call that does not say it


@dataclass(frozen=True)
class Failure:
    """One documented way in which a system says no, in the words that its engineers know.

    `text` names facts of the call as {serial}; `when` is what brings it about. `nokia`: what OLTs of that vendor say
    instead. `detail` are further fields of the answer.
    """

    status: int
    text: str
    when: str
    nokia: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)

    def refusal(self, code: str, facts: Mapping[str, Any]) -> LabRefusal:
        known = _Facts(facts)
        text = self.nokia if self.nokia and known["vendor"] == "Nokia" else self.text
        detail = {
            name: value.format_map(known) if isinstance(value, str) else value for name, value in self.detail.items()
        }
        return LabRefusal(self.status, code, text.format_map(known), detail)


@dataclass(frozen=True)
class Scene:
    """What an operation can see: the network's tables and whether an injected condition holds for its subject.

    `at` is now, in seconds since the epoch; `key` is the call's. `no` makes the refusal of a documented failure.
    """

    connection: sqlite3.Connection
    holds: Callable[[str], bool]
    settings: LabSettings
    at: float
    key: str | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    subject: Mapping[str, Any] = field(default_factory=dict)

    def no(self, code: str, **facts: Any) -> LabRefusal:
        return self.failures[code].refusal(code, {**self.subject, **facts})

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
    takes: Mapping[str, type] = field(default_factory=dict)  # those that may be missing or null

    def check(self, arguments: Arguments) -> None:
        for name, kind in {**self.takes, **self.needs}.items():
            found = arguments.get(name)
            if found is None and name in self.takes:
                continue
            if not isinstance(found, kind) or isinstance(found, bool):
                raise LabRefusal(400, "bad_request", f"{self.name} needs {name} as {kind.__name__}, found {found!r}")
