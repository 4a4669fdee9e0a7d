"""What operators did to an instance by hand, and what is so now because of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from app.engine.spiff.index import COMPLETED
from app.engine.tables import history, incident, message_delivery, token

BY_HAND = ("complete", "move", "rewind", "cancel", "suspend", "resume", "send")
_LOOKED_AT = 50  # rows of the history: what lies further back is told there
Verdict = Literal["passed", "stands", "failed_alike", "failed_differently", "cancelled", "done", "unread"]


@dataclass(frozen=True)
class ActedView:
    """`verdict` is looked up in what is stored now: where the token that was put somewhere is, or went.

    `element_id` is what was acted on, `to` where it led; `error` what it fell out with, `waits` what it waits for.
    """

    at: datetime
    by: str | None
    action: str
    reason: str
    element_id: str | None
    verdict: Verdict
    to: tuple[str, ...] = ()
    error: str | None = None
    waits: str | None = None


def list_acted(connection: sa.Connection, instance_id: str, limit: int = 6) -> list[ActedView]:
    """The youngest first. What was done about an incident is told with that incident."""
    query = (
        sa.select(history)
        .where(history.c.instance_id == instance_id, history.c.kind == "action")
        .order_by(history.c.revision.desc(), history.c.position.desc())
        .limit(_LOOKED_AT)
    )
    rows = [row for row in connection.execute(query) if row.detail.get("action") in BY_HAND]
    return [_view(connection, row) for row in rows[:limit]]


def _view(connection: sa.Connection, row: Any) -> ActedView:
    detail = row.detail
    facts = (row.at, row.actor, detail["action"], detail.get("reason", ""))
    match detail["action"]:
        case "move" | "rewind":
            return ActedView(*facts, detail["to"], **_came(connection, row, _begun(connection, row)))
        case "complete":
            return ActedView(*facts, row.element_id, **_came(connection, row, _token(connection, row, row.number)))
        case "send":
            taken = _takers(connection, detail.get("message_id"), row.instance_id)
            return ActedView(*facts, detail.get("name"), "passed" if taken else "unread", taken)
        case "cancel":
            return ActedView(*facts, None, "cancelled")
    return ActedView(*facts, None, "done")


def _begun(connection: sa.Connection, row: Any) -> Any:
    """The token that began on the element where it was put."""
    query = _of(row.instance_id).where(token.c.element_id == row.detail["to"], token.c.entered_at >= row.at)
    return connection.execute(query.order_by(token.c.number).limit(1)).first()


def _token(connection: sa.Connection, row: Any, number: int) -> Any:
    return connection.execute(_of(row.instance_id).where(token.c.number == number)).first()


def _of(instance_id: str) -> sa.Select[Any]:
    return sa.select(token).where(token.c.instance_id == instance_id)


def _came(connection: sa.Connection, row: Any, found: Any) -> dict[str, Any]:
    if found is None:
        return {"verdict": "done"}
    if found.open and found.kind == "incident":
        error = found.error or {}
        alike = _had(connection, row, found.element_id, error.get("code"), error.get("message"))
        said = f"{error.get('code')}: {error.get('message')}"
        return {"verdict": "failed_alike" if alike else "failed_differently", "error": said}
    if found.open:
        return {"verdict": "stands", "waits": found.kind}
    if found.state != COMPLETED:
        return {"verdict": "cancelled"}
    return {"verdict": "passed", "to": _next(connection, found)}


def _had(connection: sa.Connection, row: Any, element_id: str, code: str | None, message: str | None) -> bool:
    """Had it fallen out with the same, before somebody acted?"""
    same = (incident.c.element_id == element_id, incident.c.code == code, incident.c.message == message)
    query = sa.select(incident.c.id).where(incident.c.instance_id == row.instance_id, *same)
    return connection.execute(query.where(incident.c.raised_at < row.at).limit(1)).first() is not None


def _next(connection: sa.Connection, found: Any) -> tuple[str, ...]:
    """The elements that tokens came to as this one ended."""
    query = (
        sa.select(token.c.element_id)
        .where(token.c.instance_id == found.instance_id, token.c.call == found.call, token.c.number > found.number)
        .where(token.c.entered_at == found.ended_at, token.c.element_id.is_not(None))
        .order_by(token.c.number)
        .limit(1)
    )
    return tuple(row.element_id for row in connection.execute(query))


def _takers(connection: sa.Connection, message_id: str | None, instance_id: str) -> tuple[str, ...]:
    query = sa.select(message_delivery.c.element_id).where(
        message_delivery.c.message_id == message_id, message_delivery.c.instance_id == instance_id
    )
    return tuple(row.element_id for row in connection.execute(query) if row.element_id)
