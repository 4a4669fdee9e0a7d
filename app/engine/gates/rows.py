"""Gates and passes as they are stored. A pass counts as long as its step is what the pass says: held, or claimed."""

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.db import Prepared, Transaction
from app.engine.gates.policy import CLOSED, Gate
from app.engine.spiff.scopes import as_json
from app.engine.tables import gate, gate_pass, process_instance, token
from app.handling.contract import Limit

ASKED_US = 5_000_000  # who was asked to come and has not for so long loses the turn to others, until it does

_b = sa.bindparam
_COLUMNS = [column.name for column in gate.columns]
_READ = Prepared(sa.select(gate).where(gate.c.key == _b("key_")))
_UNUSUAL = Prepared(
    sa.select(gate).where(
        sa.or_(gate.c.breaker != sa.literal_column(f"'{CLOSED}'"), gate.c.failures > 0, gate.c.set_at.is_not(None))
    )
)
_KNOWN = "breaker failures error changed_at changed_by reason look_at rest_s allowed spent_until".split()
_INSERT = postgresql.insert(gate).values({name: _b(name) for name in ("key", *_KNOWN)})
_PUT = Prepared(
    _INSERT.on_conflict_do_update(index_elements=["key"], set_={name: _INSERT.excluded[name] for name in _KNOWN})
)
_step = sa.and_(
    token.c.instance_id == gate_pass.c.instance_id,
    token.c.number == gate_pass.c.number,
    token.c.open == sa.literal_column("1"),
)
_WITH_STEP = gate_pass.join(token, _step)
_IS_HELD = sa.and_(gate_pass.c.given == sa.literal_column("0"), token.c.kind == sa.literal_column("'held'"))
_RUNNING = Prepared(
    sa.select(sa.func.count())
    .select_from(_WITH_STEP)
    .where(
        gate_pass.c.gate == _b("gate_"),
        gate_pass.c.given == sa.literal_column("1"),
        token.c.kind == sa.literal_column("'claim'"),
    )
)
_HELD = _WITH_STEP.join(process_instance, process_instance.c.id == gate_pass.c.instance_id)
_MAY_COME = (
    gate_pass.c.gate == _b("gate_"),
    _IS_HELD,
    process_instance.c.state == sa.literal_column("'active'"),
    sa.or_(process_instance.c.wake_at.is_(None), process_instance.c.wake_at > _b("asked_since_")),
)
_TURN = (gate_pass.c.priority, gate_pass.c.since, gate_pass.c.instance_id, gate_pass.c.number)
_AHEAD = Prepared(
    sa.select(sa.func.count()).select_from(
        sa.select(sa.literal_column("1"))
        .select_from(_HELD)
        .where(
            *_MAY_COME,
            sa.tuple_(*_TURN) < sa.tuple_(_b("priority_"), _b("since_"), _b("instance_id_"), _b("number_")),
        )
        .limit(_b("most_"))
        .subquery()
    )
)
_NEXT = Prepared(
    sa.select(process_instance.c.id, process_instance.c.revision, process_instance.c.wake_at)
    .select_from(_HELD)
    .where(*_MAY_COME)
    .order_by(*_TURN)
    .limit(_b("most_"))
)
_BARRED = Prepared(
    sa.select(gate_pass.c.gate, sa.func.min(gate_pass.c.handler))
    .where(gate_pass.c.given == sa.literal_column("0"))
    .group_by(gate_pass.c.gate)
)
_PASS = Prepared(sa.insert(gate_pass))
_LEAVE = Prepared(
    sa.delete(gate_pass).where(gate_pass.c.instance_id == _b("instance_id_"), gate_pass.c.number == _b("number_"))
)


def read(connection: sa.Connection, key: str) -> Gate:
    found = _READ.rows(connection, {"key_": key})
    return gate_of(dict(zip(_COLUMNS, found[0], strict=True))) if found else Gate(key)


def unusual(connection: sa.Connection) -> dict[str, Gate]:
    """Those that are not to be passed without a look, by key."""
    rows = _UNUSUAL.rows(connection, {})
    return {gate.key: gate for gate in (gate_of(dict(zip(_COLUMNS, row, strict=True))) for row in rows)}


def gate_of(row: dict[str, Any]) -> Gate:
    """From a row as the driver gives it."""
    limit = Limit(row["concurrent"], row["per_s"]) if row["set_at"] is not None else None
    error = None if row["error"] is None else orjson.loads(row["error"])
    known = {name: row[name] for name in _KNOWN if name != "error"}
    return Gate(key=row["key"], limit=limit, error=error, **known)


def put(tx: Transaction, changed: Gate) -> None:
    """All but the limit, which operators set."""
    row = {name: getattr(changed, name) for name in ("key", *_KNOWN)}
    row["error"] = None if changed.error is None else as_json(changed.error)
    _PUT.run(tx.connection, [row])


def running(connection: sa.Connection, key: str) -> int:
    """Calls that have begun, by any worker."""
    return int(_RUNNING.rows(connection, {"gate_": key})[0][0])


def ahead(connection: sa.Connection, place: dict[str, Any], now: int, most: int) -> int:
    """Steps held by the gate whose turn comes before this place; it is counted up to `most`."""
    asked = {"gate_": place["gate"], "asked_since_": now - ASKED_US, "most_": most}
    turn = {f"{name}_": place[name] for name in ("priority", "since", "instance_id", "number")}
    return int(_AHEAD.rows(connection, asked | turn)[0][0])


def next_ones(connection: sa.Connection, key: str, now: int, most: int) -> dict[str, int]:
    """Instance -> revision, of those whose turn it is at the gate, but for those who have been asked to come."""
    rows = _NEXT.rows(connection, {"gate_": key, "asked_since_": now - ASKED_US, "most_": most})
    return {instance_id: revision for instance_id, revision, wake_at in rows if wake_at is None}


def barred(connection: sa.Connection) -> list[tuple[str, str]]:
    """Gates that hold steps, each with the handler of one of them."""
    return [(key, handler) for key, handler in _BARRED.rows(connection, {})]


def enter(tx: Transaction, places: Iterable[dict[str, Any]]) -> None:
    """A step's passes, in place of those that it had."""
    rows = list(places)
    leave(tx, rows[0]["instance_id"], [rows[0]["number"]])
    _PASS.run(tx.connection, rows)


def leave(tx: Transaction, instance_id: str, numbers: Iterable[int]) -> None:
    _LEAVE.run(tx.connection, [{"instance_id_": instance_id, "number_": number} for number in numbers])


def sweep(tx: Transaction) -> int:
    """Drop the passes of steps that have been ended by other ways than a result."""
    kind = sa.case((gate_pass.c.given == 1, "claim"), else_="held")
    stands = sa.select(token.c.number).where(_step, token.c.kind == kind).exists()
    return int(tx.connection.execute(sa.delete(gate_pass).where(~stands)).rowcount)
