"""Starting an instance: accepted once, with variables that fit what the process declares."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson
import sqlalchemy as sa
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import Conflict, InvalidInput, TooLarge
from app.core.ids import new_id
from app.core.types import to_microseconds
from app.engine import definitions
from app.engine.spiff.scopes import VALUE
from app.engine.tables import process_instance, variable

LIMIT_BYTES = 1_000_000
_RESERVED = frozenset("/#|>~. ")


_PUT = Prepared(sa.insert(process_instance))
_PUT_VARIABLES = Prepared(sa.insert(variable))
_BY_KEY = Prepared(
    sa.select(process_instance.c.id, process_instance.c.request_digest).where(
        process_instance.c.idempotency_key == sa.bindparam("key")
    )
)


class VariablesRefused(InvalidInput):
    """The variables do not fit; `problems` holds (JSON path, message) for every one."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        path, message = problems[0]
        super().__init__(message, path=path, problems=problems)


class IdempotencyKeyReused(Conflict):
    """The key was used before, for another request."""


@dataclass(frozen=True)
class StartRequest:
    """What to start. Without a version, the latest; the same idempotency key twice is one instance."""

    process_id: str
    variables: dict[str, Any]
    version: int | None = None
    business_key: str | None = None
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
    digest = _digest(request)
    if request.idempotency_key is not None:
        existing = _existing(tx, request.idempotency_key, digest)
        if existing is not None:
            return existing
    definition = definitions.find(tx.connection, request.process_id, request.version)
    check_schema(definition.variables_schema, request.variables)
    instance_id, now = new_id(), to_microseconds(clock.now())
    put = {
        "id": instance_id,
        "definition_id": definition.id,
        "process_id": request.process_id,
        "version": definition.version,
        "business_key": request.business_key,
        "state": "active",
        "incidents": 0,
        "revision": 0,
        "next_number": 1,
        "rewinds": 0,
        "start_key": None,
        "writes": 0,
        "wake_at": now,
        "started_at": now,
        "updated_at": now,
        "ended_at": None,
        "idempotency_key": request.idempotency_key,
        "request_digest": digest,
        "trace_parent": request.trace_parent,
    }
    _PUT.run(tx.connection, [put])
    rows = [
        {"instance_id": instance_id, "scope": "", "kind": VALUE, "name": name, "value": value}
        for name, value in stored.items()
    ]
    _PUT_VARIABLES.run(tx.connection, rows)
    return Started(instance_id, True)


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


def check_schema(schema: dict[str, Any] | None, variables: dict[str, Any]) -> None:
    """Hold the variables against the process's JSON Schema, if it declares one; every problem at once."""
    if schema is None:
        return
    problems = [
        (path, error.message) for error in Draft202012Validator(schema).iter_errors(variables) for path in _paths(error)
    ]
    if problems:
        raise VariablesRefused(sorted(problems))


def _paths(error: ValidationError) -> Iterator[str]:
    base = "$.variables" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [str(name) for name in cast(list[str], error.validator_value) if name not in error.instance]
        yield from (f"{base}.{name}" for name in missing if repr(name) in error.message)
    else:
        yield base


def _digest(request: StartRequest) -> str:
    body = [request.process_id, request.version, request.business_key, request.variables]
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _existing(tx: Transaction, key: str, digest: str) -> Started | None:
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"start\n{key}", 0))))
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
