"""Instances and their checkpoints: what is open is loaded, what changed is written, one revision each time."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.db import Prepared, Transaction
from app.core.errors import NotFound, TurnupError
from app.core.ids import new_id
from app.core.types import from_microseconds
from app.engine.callees import Callees, ProgramSource
from app.engine.gates import rows as passes
from app.engine.signatures import cause_of
from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.codec import TOKEN_COLUMNS, restore, token_rows, variable_rows
from app.engine.spiff.live import Live, Outcome, Raised
from app.engine.spiff.scopes import VISITS, as_json
from app.engine.tables import history, incident, process_instance, token, user_task, variable

ACTIVE, SUSPENDED, COMPLETED, CANCELLED = "active", "suspended", "completed", "cancelled"


class StaleInstance(TurnupError):
    """Another writer was first; load again and apply again."""

    status = 409


def _upsert(table: sa.Table, *keys: str) -> Prepared:
    """Insert rows, or replace those that are there."""
    insert = postgresql.insert(table)
    others = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return Prepared(insert.on_conflict_do_update(index_elements=keys, set_=others))


_b = sa.bindparam


def _update(names: str) -> Prepared:
    changed: dict[str, Any] = {name: _b(name) for name in names.split()}
    unchanged = (process_instance.c.id == _b("id_"), process_instance.c.revision == _b("revision_"))
    return Prepared(sa.update(process_instance).where(*unchanged).values(changed))


# What indexes hold is written when it has changed: SQLite writes an index anew for whatever an update names.
_STEP = _update("revision next_number writes updated_at")
_ADVANCE = _update("revision state incidents next_number rewinds writes wake_at updated_at ended_at")
_TOKENS = _upsert(token, "instance_id", "number")
_TASKS = _upsert(user_task, "instance_id", "number")
_VARIABLES = _upsert(variable, "instance_id", "scope", "kind", "name")
_CLOSED = Prepared(
    sa.delete(variable).where(variable.c.instance_id == _b("instance_id_"), variable.c.scope == _b("scope_"))
)
_ENDED = Prepared(
    sa.delete(variable).where(
        variable.c.instance_id == _b("instance_id_"),
        variable.c.scope == _b("scope_"),
        variable.c.kind == VISITS,
        variable.c.name == _b("name_"),
    )
)
_UNDONE = Prepared(
    sa.update(token)
    .where(token.c.instance_id == _b("instance_id_"), token.c.number == _b("number_"))
    .values(undo=sa.null())
)
_HISTORY = Prepared(sa.insert(history))
_INSTANCE_COLUMNS = (
    "definition_id business_key state incidents revision next_number rewinds writes wake_at ended_at start_element "
    "start_key trace_parent priority"
).split()
_SELECT_INSTANCE = sa.select(*(process_instance.c[name] for name in _INSTANCE_COLUMNS)).where(
    process_instance.c.id == _b("id_")
)
_READ_INSTANCE = Prepared(_SELECT_INSTANCE)
_LOCK_INSTANCE = Prepared(_SELECT_INSTANCE.with_for_update())
_HOLD = Prepared(sa.select(process_instance.c.revision).where(process_instance.c.id == _b("id_")).with_for_update())
_READ_REVISION = Prepared(sa.select(process_instance.c.revision).where(process_instance.c.id == _b("id_")))
_READ_TOKENS = Prepared(
    sa.select(*(token.c[name] for name in TOKEN_COLUMNS))
    .where(token.c.instance_id == _b("id_"), token.c.open == sa.literal_column("1"))
    .order_by(token.c.number)
)
_READ_VARIABLES = Prepared(
    sa.select(variable.c.scope, variable.c.kind, variable.c.name, variable.c.value).where(
        variable.c.instance_id == _b("id_")
    )
)


class Instances:
    """Reads and writes instances; `programs` gives a definition's specs by its id."""

    def __init__(self, programs: ProgramSource) -> None:
        self._programs = programs

    def load(self, tx: Transaction, instance_id: str, *, locked: bool = False) -> Live:
        """What is open in an instance; NotFound if there is none with that id.

        `locked`: no other writer comes between until the transaction ends. Senders lock themselves together with whom
        they send to, in one order; one who is locked before may be in another's way, and one of the two is repeated.
        """
        return self._load(tx.connection, instance_id, _LOCK_INSTANCE if locked else _READ_INSTANCE)

    def read(self, connection: sa.Connection, instance_id: str) -> Live:
        """As `load`, to look at."""
        return self._load(connection, instance_id, _READ_INSTANCE)

    def _load(self, connection: sa.Connection, instance_id: str, query: Prepared) -> Live:
        found = query.rows(connection, {"id_": instance_id})
        if not found:
            raise NotFound(f"There is no process instance '{instance_id}'.", instance_id=instance_id)
        row = dict(zip(_INSTANCE_COLUMNS, found[0], strict=True))
        program = self._programs.program(connection, row["definition_id"])
        live = Live.create(instance_id, row["business_key"], program, row["next_number"], row["writes"])
        live.revision, live.incidents, live.woken = row["revision"], row["incidents"], row["wake_at"] is not None
        live.begun, live.state, live.ended_at = row["next_number"] > 1, row["state"], row["ended_at"]
        live.rewinds, live.start_element, live.start_key = row["rewinds"], row["start_element"], row["start_key"]
        live.trace_parent, live.priority = row["trace_parent"], row["priority"]
        live.stored = (live.state, live.incidents, live.rewinds, row["wake_at"], live.ended_at)
        live.tree.completed = live.state in (COMPLETED, CANCELLED)
        live.callees = Callees(self._programs, connection)
        variables = _READ_VARIABLES.rows(connection, {"id_": instance_id})
        tokens = _READ_TOKENS.rows(connection, {"id_": instance_id})
        try:
            restore(live, tokens, variables)
        except KeyError:  # not locked, and another writer came between the reads: a migration to other elements
            _verify(connection, live)
            raise
        return live

    def verify(self, tx: Transaction, live: Live) -> None:
        """StaleInstance if somebody else has written since it was loaded."""
        _verify(tx.connection, live)

    def checkpoint(self, tx: Transaction, live: Live, wake_at: int | None = None) -> None:
        """Write what changed since the last checkpoint; StaleInstance if somebody else wrote in between.

        At most 4 statements, but for history and incidents; `wake_at` asks for a worker's look.
        """
        connection = tx.connection
        live.incidents += len(live.raised) - len(live.dropped) - live.settled
        if live.ended and live.ended_at is None:
            live.state, live.ended_at = COMPLETED, live.now
        standing = (live.state, live.incidents, live.rewinds, wake_at, live.ended_at)
        changed = (_STEP if standing == live.stored else _ADVANCE).run(
            connection,
            [
                {
                    "id_": live.instance_id,
                    "revision_": live.revision,
                    "revision": live.revision + 1,
                    "state": live.state,
                    "incidents": live.incidents,
                    "next_number": live.tree.next_number,
                    "rewinds": live.rewinds,
                    "writes": live.scopes.writes,
                    "wake_at": wake_at,
                    "updated_at": live.now,
                    "ended_at": live.ended_at,
                }
            ],
        )
        if changed != 1:
            raise _stale(live)
        live.revision += 1
        live.stored = standing
        live.woken = False
        _write_history(tx, live)
        for raised in live.raised:
            _write_incident(tx, live, raised)
        tokens = token_rows(live)
        if tokens:
            _TOKENS.run(connection, tokens)
        if live.passed_gates:
            passes.leave(tx, live.instance_id, live.passed_gates)
        if live.undone:
            _UNDONE.run(connection, [{"instance_id_": live.instance_id, "number_": n} for n in live.undone])
        rows, closed, ended = variable_rows(live)
        if closed:
            _CLOSED.run(connection, closed)
        if ended:
            _ENDED.run(connection, ended)
        if rows:  # last: after a rewind a scope may begin again under the name of one that was closed
            _VARIABLES.run(connection, rows)
        for outcome in live.outcomes:
            _write_outcome(tx, live, outcome)
        if live.dropped:
            _drop_incidents(tx, live)
        if live.offered:
            _write_tasks(tx, live)
        live.settled = 0
        done: list[Any]
        for done in (live.happenings, live.raised, live.outcomes, live.dropped):
            done.clear()
        for done in (live.thrown, live.undone, live.taken, live.passed_gates, live.offered):
            done.clear()


def hold(tx: Transaction, live: Live) -> None:
    """Let no other writer come between until the transaction ends. StaleInstance as a checkpoint.

    To be called before any lock that is not an instance's: in another order two would wait for each other.
    """
    if _HOLD.rows(tx.connection, {"id_": live.instance_id}) != [(live.revision,)]:
        raise _stale(live)


def _verify(connection: sa.Connection, live: Live) -> None:
    if _READ_REVISION.rows(connection, {"id_": live.instance_id}) != [(live.revision,)]:
        raise _stale(live)


def _stale(live: Live) -> StaleInstance:
    return StaleInstance(f"Instance {live.instance_id} was changed by another writer.")


def _write_history(tx: Transaction, live: Live) -> None:
    rows = [
        {
            "instance_id": live.instance_id,
            "revision": live.revision,
            "position": position,
            "at": live.now,
            "kind": happening.kind,
            "element_id": happening.node.task_spec.bpmn_id if happening.node is not None else None,
            "number": happening.node.id if happening.node is not None else None,
            "actor": happening.actor,
            "detail": as_json(happening.detail),
        }
        for position, happening in enumerate(live.happenings)
    ]
    if rows:
        _HISTORY.run(tx.connection, rows)


def _write_incident(tx: Transaction, live: Live, raised: Raised) -> None:
    node = raised.node
    tx.connection.execute(
        sa.insert(incident).values(
            id=new_id(),
            instance_id=live.instance_id,
            process_id=live.process_id,
            number=node.id,
            element_id=node.task_spec.bpmn_id,
            handler=node.task_spec.handler_of(node) if isinstance(node.task_spec, HandlerTask) else None,
            code=raised.code,
            message=raised.message,
            signature=raised.signature,
            cause=cause_of(raised.signature),
            detail={"inputs": node.wait.inputs, "step_key": node.wait.step_key, **raised.detail},
            attempt=node.wait.attempt,
            state="open",
            raised_at=from_microseconds(live.now),
        )
    )


def _write_outcome(tx: Transaction, live: Live, outcome: Outcome) -> None:
    tx.connection.execute(
        sa.update(incident)
        .where(incident.c.id == outcome.incident_id)
        .values(
            state="resolved",
            outcome=outcome.outcome,
            outcome_detail=outcome.detail,
            ended_at=from_microseconds(live.now),
        )
    )


def _write_tasks(tx: Transaction, live: Live) -> None:
    rows = [
        {
            "instance_id": live.instance_id,
            "number": each.number,
            "groups": as_json(each.groups),
            "due_at": each.due_at,
            "follow_up_at": each.follow_up_at,
            "form_row_id": each.form_row_id,
        }
        for each in live.offered
    ]
    _TASKS.run(tx.connection, rows)


def _drop_incidents(tx: Transaction, live: Live) -> None:
    numbers = [node.id for node in live.dropped]
    tx.connection.execute(
        sa.update(incident)
        .where(incident.c.instance_id == live.instance_id, incident.c.number.in_(numbers), incident.c.state == "open")
        .values(
            state="resolved",
            outcome="cancelled",
            outcome_detail="the step was cancelled",
            ended_at=from_microseconds(live.now),
        )
    )
