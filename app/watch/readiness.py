"""Whether this process can do its work now: each part is looked at, and what is wrong is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from app.core.log import Logger, get_logger
from app.watch.bounded import Look

LIMIT_S = 2.0
KEPT_S = 1.0  # so that a thousand who ask cost no more than one

Check = Callable[[], None]


class NotReady(Exception):
    """A part that cannot do its work, and why. The message is shown to everybody: it carries no secrets."""


@dataclass(frozen=True)
class Ready:
    """Of each part what is wrong with it, or None."""

    checks: Mapping[str, str | None]

    @property
    def ok(self) -> bool:
        return not any(self.checks.values())


class Readiness:
    """Looks at all parts at once; an answer takes `limit_s` at most, even if the database hangs."""

    def __init__(
        self,
        checks: Mapping[str, Check] | None = None,
        *,
        limit_s: float = LIMIT_S,
        kept_s: float = KEPT_S,
        logger: Logger | None = None,
    ) -> None:
        self._limit_s = limit_s
        self._looks = {
            name: Look(name, check, limit_s=limit_s, kept_s=kept_s) for name, check in (checks or {}).items()
        }
        self._logger = logger or get_logger("turnup.watch")
        self._lock = Lock()
        self._wrongs: Mapping[str, _Wrong | None] = {}

    def see(self) -> Ready:
        until = time.monotonic() + self._limit_s
        begun = {name: look.begin() for name, look in self._looks.items()}
        found = {name: self._wrong(future, until) for name, future in begun.items()}
        self._say(found)
        return Ready({name: None if wrong is None else wrong.shown for name, wrong in found.items()})

    def _wrong(self, begun: Future[None], until: float) -> _Wrong | None:
        try:
            begun.result(max(0.0, until - time.monotonic()))
        except NotReady as error:
            return _Wrong(str(error), None)
        except TimeoutError:
            return _Wrong(f"no answer within {self._limit_s:g} s", None)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            return _Wrong(f"{type(error).__name__}; the log tells more", error)
        return None

    def _say(self, found: Mapping[str, _Wrong | None]) -> None:
        """Log what has changed, not each look."""
        with self._lock:
            before, self._wrongs = self._wrongs, found
        for name, wrong in found.items():
            if wrong is not None and before.get(name) is None:
                self._logger.warning("not ready", check=name, why=wrong.shown, exc_info=wrong.error)
            elif wrong is None and before.get(name) is not None:
                self._logger.info("ready again", check=name)


@dataclass(frozen=True)
class _Wrong:
    shown: str
    error: Exception | None
