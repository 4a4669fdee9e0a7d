"""Rows of the engine's tables, written by hand: what a test names, the rest as harmless as can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.db import Database
from app.core.priority import NORMAL
from app.engine.signatures import signature
from app.engine.tables import history, incident, process_definition, process_instance, token, user_task, variable

Read = Callable[..., Any]  # (query, *its arguments) -> what it finds
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DONE, CANCELLED, WAITING = 64, 256, 8  # states of a token, as SpiffWorkflow numbers them


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Rows:
    """Writes rows to a database; every method returns the id or number of what it wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[str, int] = {}
        self._processes: dict[str, str] = {}  # by instance

    def definition(self, process_id: str = "p", version: int = 1, **values: Any) -> str:
        row = {
            "id": f"{process_id}-{version}",
            "process_id": process_id,
            "version": version,
            "name": process_id.title(),
            "digest": f"digest {version}",
            "document": f"<{process_id}-{version}/>".encode(),
            "deployed_at": at(version),
        }
        self._insert(process_definition, {**row, **values})
        return row["id"]  # type: ignore[return-value]

    def instance(self, id: str, started_s: float = 0, *, process_id: str = "p", version: int = 1, **values: Any) -> str:
        row = {
            "id": id,
            "definition_id": f"{process_id}-{version}",
            "process_id": process_id,
            "version": version,
            "priority": NORMAL,
            "state": "active",
            "incidents": 0,
            "revision": 1,
            "next_number": 1,
            "rewinds": 0,
            "writes": 0,
            "started_at": at(started_s),
            "updated_at": at(started_s),
        }
        key, self._processes[id] = values.get("business_key"), process_id
        self._insert(process_instance, {**row, "search_key": key and key.lower(), **values})
        return id

    def token(self, instance_id: str, element_id: str | None, kind: str | None = None, **values: Any) -> int:
        """An open token that waits for `kind`."""
        number = self._numbers[instance_id] = self._numbers.get(instance_id, 0) + 1
        row = {
            "instance_id": instance_id,
            "number": number,
            "open": 1,
            "parent": 0,
            "inside": 0,
            "call": 0,
            "state": WAITING,
            "spec": element_id or "spec",
            "internal": "{}",
            "element_id": element_id,
            "kind": kind,
            "since": at(number),
            "attempt": 0,
            "entered_at": at(number),
        }
        self._insert(token, {**row, **values})
        return number

    def passed(self, instance_id: str, element_id: str | None, *, ended_s: float, **values: Any) -> int:
        """A token that has come and gone: completed, unless another `state` is given."""
        over = {"open": 0, "state": DONE, "since": None, "ended_at": at(ended_s)}
        return self.token(instance_id, element_id, None, **{**over, **values})

    def user_task(self, instance_id: str, number: int, **values: Any) -> None:
        """For whom the task of a token is, and by when."""
        self._insert(user_task, {"instance_id": instance_id, "number": number, "groups": [], **values})

    def variable(self, instance_id: str, name: str, value: Any, scope: str = "", kind: str = "v") -> None:
        text = orjson.dumps(value).decode()
        self._insert(variable, {"instance_id": instance_id, "scope": scope, "kind": kind, "name": name, "value": text})

    def noted(self, instance_id: str, kind: str, at_s: float, revision: int, position: int = 0, **values: Any) -> None:
        row = {"instance_id": instance_id, "revision": revision, "position": position, "at": at(at_s), "kind": kind}
        self._insert(history, {**row, "detail": {}, **values})

    def incident(self, id: str, instance_id: str, raised_s: float = 0, **values: Any) -> str:
        row = {
            "id": id,
            "instance_id": instance_id,
            "process_id": self._processes.get(instance_id, "p"),
            "number": 1,
            "code": "SystemSilent",
            "message": "The node did not answer.",
            "cause": "c1",
            "detail": {"inputs": {"port": 1}},
            "attempt": 3,
            "state": "open",
            "raised_at": at(raised_s),
        }
        made = {**row, **values}
        made.setdefault("signature", signature(made["process_id"], "a", None, made["code"], made["message"]))
        self._insert(incident, made)
        return id

    def _insert(self, table: sa.Table, row: dict[str, Any]) -> None:
        with self._database.transaction() as tx:
            tx.connection.execute(sa.insert(table).values(row))
