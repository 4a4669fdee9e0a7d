"""Starting an instance: accepted once, with variables that fit what the process declares."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import Conflict, InvalidInput, TooLarge
from app.core.ids import new_id
from app.core.priority import HIGHEST, LOWEST, NORMAL
from app.core.types import from_microseconds, to_microseconds
from app.engine import definitions, suspension
from app.engine.arrivals import Sent
from app.engine.locks import lock
from app.engine.queries.search import search_key
from app.engine.schemas import VariablesRefused, check_schema
from app.engine.spiff.scopes import VALUE
from app.engine.tables import arrival, process_instance, variable

LIMIT_BYTES = 1_000_000
_RESERVED = frozenset("/#|>~. ")


_PUT = Prepared(sa.insert(process_instance))
_PUT_VARIABLES = Prepared(sa.insert(variable))
_PUT_ARRIVAL = Prepared(sa.insert(arrival))
_BY_KEY = Prepared(
    sa.select(process_instance.c.id, process_instance.c.request_digest).where(
        process_instance.c.idempotency_key == sa.bindparam("key")
    )
)


class IdempotencyKeyReused(Conflict):
    """The key was used before, for another request."""


class StartedByEvents(Conflict):
    """The process has no start event without a trigger: it cannot be started by a request."""


@dataclass(frozen=True)
class StartRequest:
    """What to start. Without a version, the latest; the same idempotency key twice is one instance."""

    process_id: str
    variables: dict[str, Any]
    version: int | None = None
    business_key: str | None = None
    priority: int = NORMAL  # 0, the highest, to 4
    idempotency_key: str | None = None
    trace_parent: str | None = None  # of the request's trace: no part of what is asked


@dataclass(frozen=True)
class Started:
    """`created` is False when the idempotency key named an instance that exists."""

    instance_id: str
    created: bool


def start(tx: Transaction, request: StartRequest, clock: Clock) -> Started:
    """Store the instance, to be run by a worker. Repeats under one idempotency key give the same instance."""
    stored = check_variables(request.variables)
    if not HIGHEST <= request.priority <= LOWEST:
        raise InvalidInput(f"Expected a priority from 0 to 4, found {request.priority}.", path="$.priority")
    digest = _digest(request)
    if request.idempotency_key is not None:
        existing = _existing(tx, request.idempotency_key, digest)
        if existing is not None:
            return existing
    definition = definitions.find_in_use(tx.connection, request.process_id, request.version)
    if definition.none_start is None:
        raise StartedByEvents(
            f"Version {definition.version} of process '{request.process_id}' has no start event without a trigger. "
            "Send the message or signal that it waits for, or draw such a start event and deploy it.",
            path="$.processId",
        )
    check_schema(definition.variables_schema, request.variables)
    new = New(
        request.process_id,
        definition.id,
        definition.version,
        business_key=request.business_key,
        priority=request.priority,
        idempotency_key=request.idempotency_key,
        digest=digest,
        trace_parent=request.trace_parent,
    )
    now = to_microseconds(clock.now())
    instance_id = put(tx, new, now)
    given = {"instance_id": instance_id, "scope": "", "kind": VALUE, "number": None, "set_at": now}
    rows = [{**given, "name": name, "value": value} for name, value in stored.items()]
    _PUT_VARIABLES.run(tx.connection, rows)
    return Started(instance_id, True)


@dataclass(frozen=True, slots=True)
class New:
    """An instance to store: `element_id` is the event that starts it, if one does, and `sent` what that brings."""

    process_id: str
    definition_id: str
    version: int
    business_key: str | None = None
    priority: int = NORMAL
    idempotency_key: str | None = None
    digest: str | None = None
    element_id: str | None = None
    key: str | None = None  # the message's correlation key
    sent: Sent | None = None
    trace_parent: str | None = None


def put(tx: Transaction, new: New, now: int) -> str:
    """Store an instance, to be run by a worker, or suspended if its process is; its id."""
    instance_id = new_id()
    row = {
        "id": instance_id,
        "definition_id": new.definition_id,
        "process_id": new.process_id,
        "version": new.version,
        "business_key": new.business_key,
        "priority": new.priority,
        "search_key": None if new.business_key is None else search_key(new.business_key),
        "state": "active",
        "incidents": 0,
        "revision": 0,
        "next_number": 1,
        "rewinds": 0,
        "suspended_with": None,
        "start_element": new.element_id,
        "start_key": new.key,
        "writes": 0,
        "wake_at": now,
        "started_at": now,
        "updated_at": now,
        "ended_at": None,
        "idempotency_key": new.idempotency_key,
        "request_digest": new.digest,
        "trace_parent": new.trace_parent,
    }
    _PUT.run(tx.connection, [row])
    if new.sent is not None:
        place = {"instance_id": instance_id, "revision": 0, "number": 0, "element_id": new.element_id}
        _PUT_ARRIVAL.run(tx.connection, [place | asdict(new.sent)])
    suspension.begin_suspended(tx, new.process_id, instance_id, from_microseconds(now))
    return instance_id


def check_variables(variables: dict[str, Any], at: str = "$.variables") -> dict[str, str]:
    """Each variable as the text that is stored; TooLarge or VariablesRefused with the path."""
    stored, size = {}, 0
    for name, value in variables.items():
        if not name or not _RESERVED.isdisjoint(name) or not name.isprintable() or len(name) > 255:
            raise VariablesRefused(
                [
                    (
                        f"{at}['{name[:80]}']",
                        "A variable's name has 1 to 255 characters, without spaces or any of / # | > ~ .",
                    )
                ]
            )
        try:
            text = orjson.dumps(value)
        except (TypeError, ValueError) as error:
            raise VariablesRefused([(f"{at}.{name}", f"This is not JSON that can be stored: {error}.")]) from error
        size += len(text)
        if size > LIMIT_BYTES:
            raise TooLarge(
                f"The variables are larger than {LIMIT_BYTES:,} bytes. Keep documents outside and pass their ids.",
                path=f"{at}.{name}",
            )
        stored[name] = text.decode()
    return stored


def _digest(request: StartRequest) -> str:
    body: list[Any] = [request.process_id, request.version, request.business_key, request.variables]
    if request.priority != NORMAL:  # whoever names none asks the same as before there were any
        body.append(request.priority)
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def is_accepted(connection: sa.Connection, idempotency_key: str) -> bool:
    """Whether an instance was started under that key."""
    return bool(_BY_KEY.rows(connection, {"key": idempotency_key}))


def _existing(tx: Transaction, key: str, digest: str) -> Started | None:
    lock(tx, "start", key)
    rows = _BY_KEY.rows(tx.connection, {"key": key})
    if not rows:
        return None
    instance_id, stored_digest = rows[0]
    if stored_digest != digest:
        raise IdempotencyKeyReused(
            f"Idempotency-Key '{key}' was used for another request, which started {instance_id}. Use a new key.",
            instance_id=instance_id,
        )
    return Started(instance_id, False)
