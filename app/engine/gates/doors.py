"""Gates as workers pass them: which a step has to pass, whether it may now, and what its call found.

A step without a limit whose systems answer costs nothing here: what this process remembers of the gates, a second old
at most, says so. Whoever does have to look holds its instance's row, then the gate's lock, until the claim is stored.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.engine.gates import policy, rows
from app.engine.gates.policy import Gate
from app.engine.instances import hold
from app.engine.locks import lock
from app.engine.outcomes import Attempted, Failed, TimedOut
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.handling.contract import Limit, System
from app.handling.registry import HANDLER_GATE, Handler, Registry

LONGEST_KEY = 255
MOST_TURNS = 100  # given at one gate in one go


@dataclass(frozen=True, slots=True)
class Bar:
    """A gate that a step has to stop at, and the limit there."""

    key: str
    limit: Limit


class Gates:
    """Safe to use from many threads; `refresh` is to be called once a second."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, Gate] = {}
        self._families: tuple[tuple[str, Limit], ...] = ()  # `olt=` and the limit of all that begin so

    def refresh(self, connection: sa.Connection) -> None:
        """Remember what is unusual."""
        self._know(rows.unusual(connection))

    def know(self, gate: Gate) -> None:
        """Remember what has been stored of one."""
        self._know({**self._known, gate.key: gate})

    def _know(self, known: dict[str, Gate]) -> None:
        families = [(key[:-1], gate.limit) for key, gate in known.items() if key.endswith("*") and gate.limit]
        self._known, self._families = known, tuple(sorted(families, key=lambda family: -len(family[0])))

    def limit_of(self, key: str, handler: Handler | None) -> Limit:
        """What operators have set for it, or for all of its kind; else what the handler says, if one is known."""
        gate = self._known.get(key)
        if gate is not None and gate.limit is not None:
            return gate.limit
        for beginning, limit in self._families:
            if key.startswith(beginning):
                return limit
        if handler is not None and key.startswith(HANDLER_GATE):
            return handler.limit
        return handler.system.limit if handler is not None and handler.system is not None else Limit()

    def bars(self, handler: Handler, inputs: dict[str, Any]) -> list[Bar]:
        """The gates at which such a call has to stop, by key; mostly none."""
        if handler.system is None and handler.limit.is_none and not self._known:
            return []
        found = []
        for key in sorted(filter(None, (HANDLER_GATE + handler.type, handler.system_of(inputs)))):
            limit, gate = self.limit_of(key, handler), self._known.get(key)
            if not limit.is_none or (gate is not None and gate.is_shut):
                found.append(Bar(key, limit))
        return found

    def is_shut(self, handler: Handler, inputs: dict[str, Any]) -> bool:
        """Whether its system is known to be down or stopped: no fault of the step that called it."""
        gate = self._known.get(handler.system_of(inputs) or "")
        return gate is not None and gate.is_shut

    # for the engine
    def admit(self, tx: Transaction, live: Live, node: Node, handler: Handler, inputs: dict[str, Any]) -> str | None:
        """Let a ready step pass, or say which gate holds it; it is the caller's to claim or to hold."""
        bars = self.bars(handler, inputs)
        if not bars:
            return None
        hold(tx, live)
        for bar in bars:
            lock(tx, "gate", bar.key)
        if live.passed_gates:  # its own, stored as running until the checkpoint
            rows.leave(tx, live.instance_id, live.passed_gates)
            live.passed_gates.clear()
        place = {
            "instance_id": live.instance_id,
            "number": node.id,
            "priority": live.priority,
            "since": node.wait.since if node.wait.kind == "held" else live.now,
            "handler": handler.type,
        }
        gates = [rows.read(tx.connection, bar.key) for bar in bars]
        for bar, gate in zip(bars, gates, strict=True):
            space = policy.room(gate, bar.limit, rows.running(tx.connection, bar.key), live.now)
            here = {**place, "gate": bar.key}
            if space == 0 or rows.ahead(tx.connection, here, live.now, space) >= space:
                if not (node.wait.kind == "held" and node.wait.correlation == bar.key):
                    rows.enter(tx, [{**here, "given": 0}])
                return bar.key
        rows.enter(tx, [{**place, "gate": bar.key, "given": 1} for bar in bars])
        for bar, gate in zip(bars, gates, strict=True):
            passed = policy.begun(gate, bar.limit, live.now)
            if passed != gate:
                rows.put(tx, passed)
        node.internal_data["gated"] = True
        return None

    # for workers
    def is_told(self, system: str, outcome: Attempted) -> bool:
        """Is there anything that `tell` would write?"""
        gate = self._known.get(system)
        return is_down(outcome) or (gate is not None and not gate.is_sound)

    def tell(self, tx: Transaction, system: System, key: str, outcome: Attempted, now: int) -> None:
        """What a call found its system to be. In a transaction of its own, before the result is applied."""
        lock(tx, "gate", key)
        gate = rows.read(tx.connection, key)
        if isinstance(outcome, Failed | TimedOut) and is_down(outcome):
            found = policy.found_down(gate, system, _error(outcome), now)
        elif isinstance(outcome, Failed):  # a defect of ours tells nothing of the system
            return
        else:
            found = policy.found_up(gate, now)
        if found != gate:
            rows.put(tx, found)
            tx.after_commit(lambda: self.know(found))

    def whose_turn(self, connection: sa.Connection, now: int) -> dict[str, int]:
        """Instance -> revision, of those with a step that a gate holds and would let pass now."""
        found: dict[str, int] = {}
        for key, type in rows.barred(connection):
            handler = self._registry.get(type)
            if handler is None:  # a later release's: whoever has it gives the turns
                continue
            gate, limit = rows.read(connection, key), self.limit_of(key, handler)
            space = min(MOST_TURNS, policy.room(gate, limit, rows.running(connection, key), now))
            if space:
                found |= rows.next_ones(connection, key, now, space)
        return found


def is_down(outcome: Attempted) -> bool:
    """Does it say that the system is silent or failing, whoever calls?"""
    return isinstance(outcome, TimedOut) or (isinstance(outcome, Failed) and outcome.system_down)


def _error(outcome: Failed | TimedOut) -> dict[str, Any]:
    if isinstance(outcome, TimedOut):
        return {"code": "TimedOut", "message": f"No result after {outcome.after_s:g} s."}
    return {"code": outcome.code, "message": outcome.message}
