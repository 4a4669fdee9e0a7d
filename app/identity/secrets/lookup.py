"""`work.secret(name)`: the first place that has it, asked when a handler asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Protocol

from app.core.secrecy import NoSecret, Scrubber
from app.identity.secrets.names import check_name, check_value

KEPT_S = 5.0  # so long is a value given out again without looking


class Source(Protocol):
    """A place where secrets lie."""

    def find(self, name: str) -> str | None: ...

    def place(self, name: str) -> str:
        """What to call it in an error."""
        ...


class Secrets:
    """Safe to use from many threads; two that ask at once for what is not kept may both look."""

    def __init__(
        self, sources: Sequence[Source], scrubber: Scrubber, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sources = sources
        self._scrubber = scrubber
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, str]] = {}
        self._lock = Lock()

    def __getitem__(self, name: str) -> str:
        """NoSecret if no place has it: what is missing is looked for each time. Also BadSecretName, and SecretFault."""
        kept = self._kept.get(name)
        now = self._monotonic()
        if kept is not None and now < kept[0]:
            return kept[1]
        value = self._find(check_name(name))
        self._scrubber.learn(name, value)  # before anybody has it
        with self._lock:
            self._kept[name] = (now + KEPT_S, value)
        return value

    def _find(self, name: str) -> str:
        for source in self._sources:
            value = source.find(name)
            if value is not None:
                return check_value(name, value)
        raise NoSecret(name, [source.place(name) for source in self._sources])
