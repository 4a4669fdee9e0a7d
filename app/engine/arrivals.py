"""What is on its way to an instance: messages and signals, each for one of its tokens.

Whoever sends holds the instance's row, writes what comes with the next revision and has the instance looked at. So no
other writer can finish the token without having seen it, and neither a stale one nor a crash loses it. It is taken
by whoever loads the instance next, before anything else is done with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from app.core.db import Prepared, Transaction
from app.engine.instances import StaleInstance, hold
from app.engine.spiff.index import Node
from app.engine.spiff.live import CATCHING, Live
from app.engine.tables import arrival, process_instance, token

MESSAGE: Literal["message"] = "message"
SIGNAL: Literal["signal"] = "signal"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message or signal on its way; `variables` as stored."""

    kind: Literal["message", "signal"]
    name: str
    variables: str
    correlation: str | None = None
    message_id: str | None = None  # its id in the inbox
    sent_id: str | None = None  # the sender's own


@dataclass(frozen=True, slots=True)
class Arrival:
    """What has come for the token `number`; 0: for the start event that it starts the instance with."""

    number: int
    element_id: str
    kind: Literal["message", "signal"]
    name: str
    correlation: str | None
    message_id: str | None
    sent_id: str | None
    variables: dict[str, Any]

    @property
    def shown(self) -> dict[str, Any]:
        """As the history has it."""
        if self.kind == SIGNAL:
            return {"name": self.name}
        return {"name": self.name, "key": self.correlation, "message_id": self.sent_id or self.message_id}


_b = sa.bindparam
_PUT = Prepared(sa.insert(arrival))
_TAKEN = ("revision", "number", "element_id", "kind", "name", "correlation", "message_id", "sent_id", "variables")
_TAKE = Prepared(
    sa.delete(arrival).where(arrival.c.instance_id == _b("id_")).returning(*(arrival.c[name] for name in _TAKEN))
)
_WAKE = Prepared(
    sa.update(process_instance)
    .where(process_instance.c.id == _b("id_"))
    .values(revision=process_instance.c.revision + 1, wake_at=_b("now"))
)


def locking(*wanted: sa.ColumnElement[bool]) -> Prepared:
    """Locks the instances whose open tokens are wanted, and the sender, always in the order of their ids."""
    waiting = sa.select(token.c.instance_id).where(token.c.open == sa.literal_column("1"), *wanted)
    return Prepared(
        sa.select(process_instance.c.id, process_instance.c.revision)
        .where(sa.or_(process_instance.c.id == _b("sender_"), process_instance.c.id.in_(waiting)))
        .order_by(process_instance.c.id)
        .with_for_update()
    )


def lock_waiting(tx: Transaction, locks: Prepared, params: Mapping[str, Any], sender: Live | None) -> dict[str, int]:
    """Instance -> revision, of those that wait, without the sender's; StaleInstance if that was written meanwhile."""
    own = "" if sender is None else sender.instance_id
    revisions = dict(locks.rows(tx.connection, {**params, "sender_": own}))
    if sender is not None and revisions.pop(own, sender.revision) != sender.revision:
        raise StaleInstance(f"Instance {own} was changed by another writer.")
    return revisions


def send(
    tx: Transaction, sent: Sent, tokens: Iterable[tuple[str, int, str]], revisions: Mapping[str, int], now: int
) -> list[str]:
    """Put it on its way to each of (instance, number, element) in locked instances; the instances, to be woken."""
    rows: list[dict[str, Any]] = [
        {
            "instance_id": instance_id,
            "revision": revisions[instance_id] + 1,
            "number": number,
            "element_id": element_id,
            "kind": sent.kind,
            "name": sent.name,
            "correlation": sent.correlation,
            "message_id": sent.message_id,
            "sent_id": sent.sent_id,
            "variables": sent.variables,
        }
        for instance_id, number, element_id in tokens
    ]
    _PUT.run(tx.connection, rows)
    return wake(tx, {row["instance_id"]: None for row in rows}, now)


def wake(tx: Transaction, instance_ids: Iterable[str], now: int) -> list[str]:
    """Raise their revisions and ask for a worker's look at each."""
    woken = list(instance_ids)
    _WAKE.run(tx.connection, [{"id_": instance_id, "now": now} for instance_id in woken])
    return woken


def take(tx: Transaction, live: Live) -> list[Arrival]:
    """All that has come, in the order in which it came; it is the caller's to deliver. Raises as `hold`."""
    hold(tx, live)
    rows = sorted(_TAKE.rows(tx.connection, {"id_": live.instance_id}))
    return [Arrival(*[*row[1:-1], orjson.loads(row[-1])]) for row in rows]


def recipient(live: Live, come: Arrival) -> Node | None:
    """The token that it was sent to; where that has gone round a loop since, the one that waits in its place."""
    kinds = CATCHING if come.kind == MESSAGE else (SIGNAL,)
    waiting = [
        node
        for node in live.waiting(*kinds)
        if node.wait.name == come.name and node.wait.correlation == come.correlation
    ]
    same = (node for node in waiting if node.id == come.number)
    return next(same, None) or next((node for node in waiting if node.task_spec.bpmn_id == come.element_id), None)
