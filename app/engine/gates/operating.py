"""What operators do to gates. Each says who and why."""

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import InvalidInput, NotFound
from app.core.log import Logger
from app.core.types import to_microseconds
from app.engine.gates import policy, rows
from app.engine.gates.doors import LONGEST_KEY, Gates
from app.engine.gates.policy import Gate
from app.engine.locks import lock
from app.engine.tables import gate
from app.handling.contract import Limit


class Gatekeeping:
    """Other processes know of it within a second."""

    def __init__(self, gates: Gates, clock: Clock, logger: Logger) -> None:
        self._gates = gates
        self._clock = clock
        self._logger = logger

    def set_limit(self, tx: Transaction, key: str, limit: Limit, by: str, reason: str) -> Gate:
        """In place of what the handler says, also where that is no limit at all. `olt=*`: for all such."""
        return self._limit(tx, key, limit, by, reason)

    def lift_limit(self, tx: Transaction, key: str, by: str, reason: str) -> Gate:
        """What the handler says holds again. NotFound if no limit is set."""
        if rows.read(tx.connection, key).limit is None:
            raise NotFound(f"Nobody has set a limit for '{key}': what its handler says holds.")
        return self._limit(tx, key, None, by, reason)

    def stop(self, tx: Transaction, key: str, by: str, reason: str) -> Gate:
        """Nobody calls it until it is let go; calls that run go on. IllegalMove if it is stopped already."""
        _check(key, reason)
        if key.endswith("*"):
            raise InvalidInput("One gate at a time is stopped. Name it in full.", path="$.key")
        return self._turn(tx, policy.stop(self._read(tx, key), by, reason, self._now()))

    def let_go(self, tx: Transaction, key: str, by: str, reason: str) -> Gate:
        """Call it again, gradually, also if it was found down. IllegalMove if it is called already."""
        _check(key, reason)
        return self._turn(tx, policy.let_go(self._read(tx, key), by, reason, self._now()))

    def _limit(self, tx: Transaction, key: str, limit: Limit | None, by: str, reason: str) -> Gate:
        _check(key, reason)
        rows.put(tx, self._read(tx, key))
        given = limit or Limit()
        tx.connection.execute(
            sa.update(gate)
            .where(gate.c.key == key)
            .values(
                concurrent=given.concurrent,
                per_s=given.per_s,
                set_by=by,
                set_reason=reason,
                set_at=None if limit is None else self._clock.now(),
            )
        )
        self._logger.info("limit set", gate=key, concurrent=given.concurrent, per_s=given.per_s, by=by, reason=reason)
        return self._known(tx, key)

    def _turn(self, tx: Transaction, turned: Gate) -> Gate:
        rows.put(tx, turned)
        self._logger.info("gate turned", gate=turned.key, breaker=turned.breaker, by=turned.changed_by)
        return self._known(tx, turned.key)

    def _read(self, tx: Transaction, key: str) -> Gate:
        lock(tx, "gate", key)
        return rows.read(tx.connection, key)

    def _known(self, tx: Transaction, key: str) -> Gate:
        found = rows.read(tx.connection, key)
        tx.after_commit(lambda: self._gates.know(found))
        return found

    def _now(self) -> int:
        return to_microseconds(self._clock.now())


def _check(key: str, reason: str) -> None:
    if not key.strip("*") or len(key) > LONGEST_KEY or not key.isprintable() or "*" in key[:-1]:
        raise InvalidInput(
            f"A gate's key is a system such as 'olt=lon-3' or a handler such as 'handler=olt.activate_ont'; for a "
            f"limit also 'olt=*'. Found '{key[:80]}'.",
            path="$.key",
        )
    if not reason.strip():
        raise InvalidInput("Say why: what an operator does needs a reason.", path="$.reason")
