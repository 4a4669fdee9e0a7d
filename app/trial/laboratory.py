"""The laboratory in a trial: it answers for handlers, in the trial's own time, and what it tells later is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from app.core.clock import Clock
from app.core.errors import Conflict
from app.core.log import get_logger
from app.dispatch.attempt import Attempts, Outside
from app.engine.steps import ClaimedStep
from app.handling.registry import Handler
from app.trial.answering import answer_of
from app.trial.answers import Answer

LONGEST_S = 5.0


class LaboratoryAway(Conflict):
    """Nothing answers where the laboratory should be, or something else does."""


@dataclass(frozen=True)
class Notice:
    """A message that a system sends at `due_at` of the trial's clock; `id` is the laboratory's number of it."""

    id: int
    name: str
    key: str
    variables: dict[str, Any]
    due_at: datetime


class Post(Protocol):
    """Where what systems tell a trial is fetched."""

    def coming(self) -> Sequence[Notice]:
        """All that was not withdrawn, the earliest first, fetched before or not."""
        ...


class FromLaboratory:
    """The handlers themselves, with the laboratory's address and nothing else: no secret, no other system.

    To the laboratory the trial is a caller of its own, `name`: what its calls bring about is told to nobody else, least
    of all to the orders of this installation.
    """

    def __init__(self, lab_url: str, allowed_networks: str, clock: Clock, name: str) -> None:
        outside = Outside({"lab_url": lab_url, "allowed_networks": allowed_networks})
        self._attempts = Attempts(clock, outside, get_logger("turnup.trial"))
        self._clock = clock
        self._name = name
        self._url = lab_url

    def answer(self, place: str, step: ClaimedStep, handler: Handler) -> Answer:
        """LaboratoryAway."""
        now = self._clock.now()
        with self._asking() as lab:
            lab.put(f"/lab/callers/{self._name}", json={"at": now.timestamp()}).raise_for_status()
        return answer_of(self._attempts.make(replace(step, key=f"{self._name}:{step.key}"), handler, now))

    def coming(self) -> list[Notice]:
        """LaboratoryAway."""
        with self._asking() as lab:
            found = lab.get(f"/lab/callers/{self._name}/notices").raise_for_status().json()
        return [_notice(each) for each in found]

    @contextmanager
    def _asking(self) -> Iterator[httpx.Client]:
        try:
            # The environment's proxies are not for traffic inside the operator's network.
            with httpx.Client(base_url=self._url, timeout=LONGEST_S, trust_env=False) as client:
                yield client
        except (httpx.HTTPError, ValueError) as error:
            raise LaboratoryAway(
                f"No laboratory answers at {self._url}: {error}. Start it with `turnup lab`, say yourself what this "
                "step answers, or begin a trial whose answers are made up.",
            ) from error


def _notice(told: dict[str, Any]) -> Notice:
    due_at = datetime.fromtimestamp(told["due_at"], UTC)
    return Notice(told["id"], told["name"], told["key"], told["variables"], due_at)
