"""No silent stall (DESIGN promise 6): what nothing can move, or no worker can move on, becomes an incident."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.ids import new_id
from app.core.texts import as_text
from app.engine.signatures import cause_of, signature
from app.engine.tables import incident, process_instance, token

# What can move an instance, or has a person looking at it. A join or a sub-process waits for other tokens, and a
# boundary event that listens for errors waits for its activity: none of them moves anything by itself.
CATCHES = ("message", "signal", "condition")
MOVING = ("job", "held", "claim", "retry", "timer", "callback", "user_task", "incident", *CATCHES)
STANDING = (*MOVING, "join", "child", "attached")
CODE = "Stalled"
FAILING = "AdvanceFailed"


@dataclass(frozen=True)
class Stall:
    """An instance that nothing will ever move, or one token of it."""

    instance_id: str
    process_id: str
    elements: tuple[str, ...]  # where its tokens stand
    number: int = 0  # the token that has no reason to stand there; 0: all of them wait for each other


def find_stalled(connection: sa.Connection, now: datetime, limit: int = 100) -> list[Stall]:
    """What was left alone for half a minute with no reason recorded: tokens, and active instances as a whole."""
    quiet_since = now - timedelta(seconds=30)
    lost = _lost_tokens(connection, quiet_since, limit)
    named = {stall.instance_id for stall in lost}
    # Looked up for each: of an EXISTS PostgreSQL makes a join of all that is open with all that is open
    moving = (
        sa.select(token.c.number)
        .where(token.c.instance_id == process_instance.c.id, token.c.open == 1, token.c.kind.in_(MOVING))
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(process_instance.c.id, process_instance.c.process_id)
        .where(
            process_instance.c.state == "active",
            process_instance.c.incidents == 0,
            process_instance.c.wake_at.is_(None),
            process_instance.c.updated_at <= quiet_since,
            moving.is_(None),
        )
        .limit(limit)
    ).all()
    unnamed = [row for row in rows if row.id not in named]
    return lost + [Stall(row.id, row.process_id, _standing(connection, row.id)) for row in unnamed]


def _lost_tokens(connection: sa.Connection, quiet_since: datetime, limit: int) -> list[Stall]:
    """Open tokens whose reason is none of the list (DESIGN promise 6), whatever else moves in their instances."""
    rows = connection.execute(
        sa.select(token.c.instance_id, token.c.number, token.c.element_id, process_instance.c.process_id)
        .join(process_instance, process_instance.c.id == token.c.instance_id)
        .where(
            token.c.open == 1,
            sa.or_(token.c.kind.is_(None), token.c.kind.not_in(STANDING)),
            process_instance.c.state == "active",
            process_instance.c.wake_at.is_(None),
            process_instance.c.updated_at <= quiet_since,
        )
        .limit(limit)
    )
    return [Stall(row.instance_id, row.process_id, (row.element_id or "",), row.number) for row in rows]


def _standing(connection: sa.Connection, instance_id: str) -> tuple[str, ...]:
    rows = connection.execute(
        sa.select(token.c.element_id).where(token.c.instance_id == instance_id, token.c.open == 1)
    )
    return tuple(sorted({row.element_id for row in rows}))


def report(tx: Transaction, stall: Stall, now: datetime) -> bool:
    """Raise the incident; False if the instance moved meanwhile."""
    unmoved = [process_instance.c.id == stall.instance_id, process_instance.c.state == "active"]
    if stall.number:
        marked = tx.connection.execute(
            sa.update(token)
            .where(
                token.c.instance_id == stall.instance_id,
                token.c.number == stall.number,
                token.c.open == 1,
                sa.or_(token.c.kind.is_(None), token.c.kind.not_in(STANDING)),
            )
            .values(kind="incident", since=now)
        )
        if marked.rowcount != 1:
            return False
    else:
        unmoved.append(process_instance.c.incidents == 0)
    marked = tx.connection.execute(
        sa.update(process_instance)
        .where(*unmoved)
        .values(incidents=process_instance.c.incidents + 1, revision=process_instance.c.revision + 1)
    )
    if marked.rowcount != 1:
        return False
    tx.connection.execute(sa.insert(incident).values(_incident(stall, now)))
    return True


def _incident(stall: Stall, now: datetime) -> dict[str, Any]:
    places = ", ".join(stall.elements) or "no element at all"
    mark = signature(stall.process_id, "+".join(stall.elements), None, CODE, "")  # the message says no more than that
    if stall.number:
        message = f"The token at {places} waits for nothing that is recorded: a defect of the engine. Retry the step."
    else:
        message = (
            f"Nothing can move this instance: its tokens stand at {places} and wait for each other. "
            "Correct the diagram (a parallel gateway that joins what an exclusive one split?)."
        )
    return {
        "id": new_id(),
        "instance_id": stall.instance_id,
        "process_id": stall.process_id,
        "number": stall.number,
        "element_id": stall.elements[0] if stall.elements else None,
        "code": CODE,
        "message": message,
        "signature": mark,
        "cause": cause_of(mark),
        "detail": {"elements": list(stall.elements)},
        "attempt": 0,
        "state": "open",
        "raised_at": now,
    }


def report_failing(
    tx: Transaction, instance_id: str, error: BaseException, now: datetime, patience: timedelta = timedelta(0)
) -> bool:
    """Workers fail at moving the instance on, again and again: an incident, unless one says so already.

    Not before `patience` is over: until then another worker, of a later version perhaps, may be able to.
    """
    here = sa.and_(incident.c.instance_id == instance_id, incident.c.state == "open", incident.c.code == FAILING)
    marked = tx.connection.execute(
        sa.update(process_instance)
        .where(process_instance.c.id == instance_id, process_instance.c.updated_at <= now - patience)
        .where(~sa.select(incident.c.id).where(here).exists())
        .values(incidents=process_instance.c.incidents + 1, revision=process_instance.c.revision + 1)
    )
    if marked.rowcount != 1:
        return False
    fault = as_text(f"{type(error).__name__}: {error}")[:500]
    mine = process_instance.c.id == instance_id
    process_id = tx.connection.execute(sa.select(process_instance.c.process_id).where(mine)).scalar_one()
    mark = signature(process_id, None, None, FAILING, fault)
    message = (
        f"No worker can move this instance on: {fault}. It is tried again by itself; the log tells more under its id. "
        "Install what mends it, or move a token, rewind or cancel the instance."
    )
    row = {
        "id": new_id(),
        "instance_id": instance_id,
        "process_id": process_id,
        "number": 0,
        "code": FAILING,
        "message": message,
        "signature": mark,
        "cause": cause_of(mark),
        "detail": {"error": fault},
        "attempt": 0,
        "state": "open",
        "raised_at": now,
    }
    tx.connection.execute(sa.insert(incident).values(row))
    return True


def settle_failing(tx: Transaction, now: datetime) -> int:
    """Settle what was reported of instances that have been moved on since; how many."""
    table = process_instance.c
    failing = sa.select(incident.c.id, incident.c.instance_id, incident.c.raised_at).where(
        incident.c.state == "open", incident.c.code == FAILING
    )
    settled = 0
    for row in tx.connection.execute(failing.order_by(incident.c.instance_id)).all():
        held = sa.select(table.updated_at).where(table.id == row.instance_id).with_for_update()
        if tx.connection.execute(held).scalar_one() <= row.raised_at:
            continue
        still_open = sa.and_(incident.c.id == row.id, incident.c.state == "open")
        resolved = {"state": "resolved", "outcome": "passed", "outcome_detail": "it was moved on", "ended_at": now}
        if tx.connection.execute(sa.update(incident).where(still_open).values(resolved)).rowcount == 1:
            fewer = {"incidents": table.incidents - 1, "revision": table.revision + 1}
            tx.connection.execute(sa.update(process_instance).where(table.id == row.instance_id).values(fewer))
            settled += 1
    return settled
