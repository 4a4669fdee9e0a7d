"""What starts instances by itself: start events that wait, of each process's newest version that is not withdrawn."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.types import to_microseconds
from app.engine import starts
from app.engine.arrivals import MESSAGE, SIGNAL, Sent
from app.engine.diagram import Diagram, DiagramRefused, Element, Finding
from app.engine.spiff.faults import FlowFault
from app.engine.spiff.mapping import source_of
from app.engine.spiff.timers import Cycle, Timer
from app.engine.tables import process_definition, start_trigger

TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A start event that waits; `due_at` is None for a timer that has no time left, and for all others."""

    process_id: str
    element_id: str
    definition_id: str
    version: int
    name: str | None = None
    due_at: int | None = None
    remaining: int | None = None
    cycle: str | None = None


_b = sa.bindparam
_COLUMNS = ("process_id", "element_id", "definition_id", "name", "due_at", "remaining", "cycle")
_SELECT = sa.select(
    *(start_trigger.c[name] for name in _COLUMNS[:3]),
    process_definition.c.version,
    *(start_trigger.c[name] for name in _COLUMNS[3:]),
).join(process_definition, process_definition.c.id == start_trigger.c.definition_id)
_BY_NAME = Prepared(
    _SELECT.where(start_trigger.c.kind == _b("kind_"), start_trigger.c.name == _b("name_")).order_by(
        start_trigger.c.process_id, start_trigger.c.element_id
    )
)
_DUE = Prepared(
    _SELECT.where(start_trigger.c.due_at <= _b("now"))
    .order_by(start_trigger.c.due_at, start_trigger.c.process_id, start_trigger.c.element_id)
    .limit(_b("limit_", type_=sa.Integer))
)
_PUT = Prepared(sa.insert(start_trigger))
_NEXT = Prepared(
    sa.update(start_trigger)
    .where(
        start_trigger.c.process_id == _b("process_id_"),
        start_trigger.c.element_id == _b("element_id_"),
        start_trigger.c.definition_id == _b("definition_id_"),
        start_trigger.c.due_at == _b("seen"),
    )
    .values(due_at=_b("due_at"), remaining=_b("remaining"))
)


def replace(tx: Transaction, diagram: Diagram, definition_id: str, clock: Clock) -> None:
    """The start events of a version that is now the newest in use take the places of those before.

    Times are evaluated here, once, without variables: a timer begins anew. DiagramRefused if that fails.
    """
    table, now = start_trigger.c, to_microseconds(clock.now())
    query = sa.select(table.kind, table.name, sa.type_coerce(table.since, sa.BigInteger))
    before = tx.connection.execute(query.where(table.process_id == diagram.process_id))
    since = {(kind, name): since for kind, name, since in before}
    tx.connection.execute(sa.delete(start_trigger).where(table.process_id == diagram.process_id))
    rows = [_row(element, clock) for element in diagram.inside(diagram.process_id) if _waits(element)]
    for row in rows:
        known = since.get((row["kind"], row["name"]), now)
        row |= {"process_id": diagram.process_id, "definition_id": definition_id, "since": known}
    _PUT.run(tx.connection, rows)


def remove(tx: Transaction, process_id: str) -> None:
    """Nothing starts it by itself any more; a version that comes back begins to wait anew."""
    tx.connection.execute(sa.delete(start_trigger).where(start_trigger.c.process_id == process_id))


def _waits(element: Element) -> bool:
    return element.type == "startEvent" and element.event in (MESSAGE, SIGNAL, TIMER)


def _row(element: Element, clock: Clock) -> dict[str, Any]:
    name = element.signal if element.event == SIGNAL else (element.message or (None,))[0]
    row = {"element_id": element.id, "kind": element.event, "name": name} | dict.fromkeys(_COLUMNS[4:])
    if element.timer is not None:
        timer = Timer(element.timer[0], source_of(element.timer[1], f"the timer of '{element.id}'"))
        try:
            row["due_at"] = timer.due({}, clock)
            if timer.kind == "cycle":
                row["cycle"] = timer.text({}, clock)
                row["remaining"] = Cycle.parse(row["cycle"]).repetitions
        except FlowFault as fault:
            raise DiagramRefused([_unknown(element, fault.message)]) from fault
    return row


def _unknown(element: Element, message: str) -> Finding:
    remedy = "It is evaluated when the diagram is deployed, and no variables are known then: use none."
    return Finding.error(element, "bad_start_time", message, remedy)


def find(tx: Transaction, kind: str, name: str) -> list[Trigger]:
    """The start events that wait for a message or signal of that name, one of each process."""
    found: dict[str, Trigger] = {}
    for row in _BY_NAME.rows(tx.connection, {"kind_": kind, "name_": name}):
        found.setdefault(row[0], Trigger(*row))
    return list(found.values())


def start(tx: Transaction, trigger: Trigger, now: int, sent: Sent | None = None, key: str | None = None) -> str:
    """A new instance that begins at the start event with what has come; `key` is the message's, unless empty."""
    place = (trigger.process_id, trigger.definition_id, trigger.version)
    return starts.put(tx, starts.New(*place, element_id=trigger.element_id, key=key or None, sent=sent), now)


def start_due(tx: Transaction, clock: Clock, limit: int = 100) -> list[str]:
    """Start what is due, each exactly once whoever else looks; after a downtime once, not for each missed time."""
    now = to_microseconds(clock.now())
    due = [Trigger(*row) for row in _DUE.rows(tx.connection, {"now": now, "limit_": limit})]
    return [start(tx, trigger, now) for trigger in due if _claim(tx, trigger, now)]


def _claim(tx: Transaction, trigger: Trigger, now: int) -> bool:
    """Move the timer on to its next time; False if somebody else has, or a newer version was deployed."""
    remaining = None if trigger.remaining is None else trigger.remaining - 1
    due_at = None
    if trigger.cycle is not None and trigger.due_at is not None and remaining != 0:
        due_at = Cycle.parse(trigger.cycle).next_due(trigger.due_at, now)
    names = ("process_id", "element_id", "definition_id")
    where = {f"{name}_": getattr(trigger, name) for name in names} | {"seen": trigger.due_at}
    return _NEXT.run(tx.connection, [{**where, "due_at": due_at, "remaining": remaining}]) == 1
