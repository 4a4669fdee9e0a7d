"""The words between a handler and whoever runs it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import JsonValue

from app.core.clock import Clock, SystemClock
from app.core.log import Logger
from app.core.secrecy import NoSecret
from app.core.tracing import NO_SPAN, Span
from app.handling.faults import MissingSetting


@dataclass(frozen=True, init=False)
class Done:
    """The step's work is done. `Done(ont_id="7")`: the outputs, by name.

    Decimals become text and dates ISO text once stored; see `app.handling.outputs`.
    """

    outputs: dict[str, Any]

    def __init__(self, /, **outputs: Any) -> None:
        object.__setattr__(self, "outputs", outputs)


@dataclass(frozen=True)
class Waiting:
    """The system has accepted the work and will call back: the step is parked until the message arrives.

    `key` is the message's correlation key; after `until` (aware) the wait counts as timed out.
    """

    message: str
    key: str
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError(f"Waiting.until needs a time zone, found {self.until.isoformat()}; use datetime.now(UTC)")


@dataclass(frozen=True)
class Refused:
    """The system's expected "no": a BPMN error with this code, an incident when no boundary event catches it."""

    code: str
    message: str = ""
    detail: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Backoff:
    """When a failed attempt is made again.

    `tries` counts all attempts, the first one too. `jitter` is the part of each delay (0 to 1) that is drawn by lot,
    so that a thousand orders do not come back in the same second; 0 keeps delays exact.
    """

    first_s: float = 10
    factor: float = 3
    tries: int = 3
    limit_s: float = 3600
    jitter: float = 0

    def __post_init__(self) -> None:
        if self.tries < 1 or self.first_s < 0 or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError(f"a Backoff needs tries >= 1, first_s >= 0, factor >= 1 and jitter 0 to 1; found {self}")

    def delay_s(self, attempt: int, draw: Callable[[], float] = random.random) -> float | None:
        """Seconds until the next attempt after `attempt` (from 1) failed; None when there is none."""
        if attempt >= self.tries:
            return None
        # A long run of tries would overflow a float long after the limit was reached.
        whole = min(self.limit_s, self.first_s * self.factor ** min(attempt - 1, 64))
        return whole * (1 - self.jitter * draw()) if self.jitter else whole


LEAST_PER_S = 0.00001  # about one a day: what is next to none shuts a system for years, and is no number to reckon with


@dataclass(frozen=True)
class Limit:
    """How many calls run at once, and how many begin in a second, over all workers; None: as many as come."""

    concurrent: int | None = None
    per_s: float | None = None

    def __post_init__(self) -> None:
        is_rate = self.per_s is None or LEAST_PER_S <= self.per_s < math.inf
        if (self.concurrent is not None and self.concurrent < 1) or not is_rate:
            raise ValueError(f"a Limit has concurrent >= 1 and per_s >= {LEAST_PER_S:f}, or None; found {self}")

    @property
    def is_none(self) -> bool:
        return self.concurrent is None and self.per_s is None


@dataclass(frozen=True)
class System:
    """What a handler calls: "acs", or "olt={olt}" where an input says which of many.

    Its `limit` is for all handlers that call it together; operators may set another. After `trips_after` calls in a row
    that found it silent or failing nobody calls it for `rest_s`, then for twice as long, and so on; its steps are held.
    """

    name: str
    limit: Limit = Limit()
    trips_after: int = 5
    rest_s: float = 15

    def __post_init__(self) -> None:
        if not self.name or self.trips_after < 1 or self.rest_s <= 0:
            raise ValueError(f"a System has a name, trips_after >= 1 and rest_s > 0; found {self}")


class Secrets(Protocol):
    """Secrets by name, looked up when one is asked for; a dict is one. KeyError for one that is not there."""

    def __getitem__(self, name: str, /) -> str: ...


@dataclass(frozen=True)
class Work:
    """One attempt at one step. `key` is the same at every attempt of the step: give it to systems that honour keys."""

    key: str
    attempt: int  # from 1
    deadline: datetime  # aware; past it the attempt is recorded as timed out
    instance_id: str
    business_key: str | None
    element_id: str
    logger: Logger = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Secrets = field(default_factory=dict[str, str], repr=False)
    clock: Clock = field(default_factory=SystemClock, repr=False)
    span: Span = field(default=NO_SPAN, repr=False)  # of the attempt; calls to other systems are its children

    def setting(self, name: str) -> str:
        """Where a system is and how to talk to it, such as `setting("lab_url")`."""
        try:
            return self.settings[name]
        except KeyError:
            known = ", ".join(sorted(self.settings)) or "none"
            raise MissingSetting(
                f"{self.element_id} needs the setting {name!r}; this process was given {known}. "
                f"Add it to the server's configuration, restart, and retry the step.",
                name=name,
            ) from None

    def secret(self, name: str) -> str:
        """What opens a system, such as `secret("olt/lon-3")`. Ask when it is needed: a changed one is here in seconds.

        Its value is taken out of everything that the handler gives, raises and logs.
        """
        try:
            return self.secrets[name]
        except KeyError as error:
            looked = "; ".join(error.places) if isinstance(error, NoSecret) else "the secrets of this process"
            raise MissingSetting(
                f"{self.element_id} needs the secret {name!r}, which was found nowhere. Looked at: {looked}. "
                f"Add it to one of them, and retry the step.",
                name=name,
            ) from None

    def remaining_s(self) -> float:
        """Seconds left; never below 0."""
        return max(0.0, (self.deadline - self.clock.now()).total_seconds())
