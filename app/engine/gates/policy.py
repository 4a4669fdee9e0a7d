"""How many calls a gate lets through: its limits, and its circuit breaker. No input or output.

Instants are microseconds since the epoch.
"""

from dataclasses import dataclass, replace
from typing import Any

from app.core.states import StateTable
from app.handling.contract import Limit, System

CLOSED, OPEN, HALF_OPEN, STOPPED = "closed", "open", "half_open", "stopped"
MOVES = StateTable(
    {
        CLOSED: {OPEN, STOPPED},  # calls pass
        OPEN: {HALF_OPEN, STOPPED},  # it is down: none passes until it is time for one to try
        HALF_OPEN: {CLOSED, OPEN, STOPPED},  # it may be back: a few pass, and more with each that is answered
        STOPPED: {HALF_OPEN},  # an operator says that it is not to be called
    }
)
SECOND = 1_000_000
LONGEST_REST_S = 300.0
TRUSTED_FROM = 32  # calls at once, while it comes back; beyond that it is back
AT_ONCE_S = 0.25  # a rate's calls of so long a time may begin together: turns are given about as often
MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as it is stored; one that is not stored has let everything through so far."""

    key: str
    limit: Limit | None = None  # what operators have set; None: what the handler says holds
    breaker: str = CLOSED
    failures: int = 0
    error: dict[str, Any] | None = None
    changed_at: int = 0
    changed_by: str | None = None
    reason: str | None = None
    look_at: int | None = None
    rest_s: float | None = None
    allowed: int | None = None
    spent_until: int = 0

    @property
    def is_shut(self) -> bool:
        """Whether a call that found the system down says nothing about its own step."""
        return self.breaker != CLOSED

    @property
    def is_sound(self) -> bool:
        return self.breaker == CLOSED and self.failures == 0


def room(gate: Gate, limit: Limit, running: int, now: int) -> int:
    """How many more calls may begin now; `running` have begun and are not over."""
    return max(0, min(_let(gate, running, now), (limit.concurrent or MANY) - running, _left_of_rate(gate, limit, now)))


def _let(gate: Gate, running: int, now: int) -> int:
    match gate.breaker:
        case "closed":
            return MANY
        case "half_open":
            return (gate.allowed or 1) - running
        case "open" if gate.look_at is not None and now >= gate.look_at:
            return 1 - running
    return 0


def _left_of_rate(gate: Gate, limit: Limit, now: int) -> int:
    if limit.per_s is None:
        return MANY
    each = SECOND / limit.per_s
    together = max(1.0, limit.per_s * AT_ONCE_S)
    return int((now + together * each - max(gate.spent_until, now)) / each + 1e-9)


def begun(gate: Gate, limit: Limit, now: int) -> Gate:
    """One call more begins."""
    if limit.per_s is not None:
        gate = replace(gate, spent_until=max(gate.spent_until, now) + round(SECOND / limit.per_s))
    return _turn(gate, HALF_OPEN, now, allowed=1) if gate.breaker == OPEN else gate


def found_down(gate: Gate, system: System, error: dict[str, Any], now: int) -> Gate:
    """A call found the system silent or failing. What began before it was shut says nothing new."""
    match gate.breaker:
        case "closed" if gate.failures + 1 < system.trips_after:
            return replace(gate, failures=gate.failures + 1, error=error)
        case "closed":
            return _open(replace(gate, failures=gate.failures + 1, error=error), system.rest_s, now)
        case "half_open":
            longer_s = min(LONGEST_REST_S, 2 * (gate.rest_s or system.rest_s))
            return _open(replace(gate, failures=gate.failures + 1, error=error), longer_s, now)
    return gate


def found_up(gate: Gate, now: int) -> Gate:
    """A call was answered, be it with a refusal."""
    match gate.breaker:
        case "closed":
            return replace(gate, failures=0)
        case "open":
            return _turn(gate, HALF_OPEN, now, allowed=1)
        case "half_open" if (gate.allowed or 1) < TRUSTED_FROM:
            return replace(gate, allowed=(gate.allowed or 1) + 1, failures=0)
        case "half_open":
            return _turn(gate, CLOSED, now, failures=0)
    return gate


def stop(gate: Gate, by: str, reason: str, now: int) -> Gate:
    return _turn(gate, STOPPED, now, changed_by=by, reason=reason)


def let_go(gate: Gate, by: str, reason: str, now: int) -> Gate:
    """An operator says that it can be called again: gradually, as after a rest."""
    return _turn(gate, HALF_OPEN, now, changed_by=by, reason=reason, allowed=1)


def _open(gate: Gate, rest_s: float, now: int) -> Gate:
    return _turn(gate, OPEN, now, look_at=now + round(rest_s * SECOND), rest_s=rest_s)


def _turn(gate: Gate, breaker: str, now: int, **facts: Any) -> Gate:
    MOVES.check(gate.breaker, breaker, f"The gate of '{gate.key}'")
    blank: dict[str, Any] = {"changed_by": None, "reason": None, "look_at": None, "allowed": None}
    return replace(gate, breaker=breaker, changed_at=now, **blank | facts)
