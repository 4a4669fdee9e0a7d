"""The log of an attempt, in which personal fields are masked."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.log import get_logger
from app.core.personal import MASK
from app.dispatch.attempt import Attempts, Outside
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep
from app.handling import Done, Work, handles
from app.handling.registry import Handler
from tests.factories.logs import captured

STEP = ClaimedStep("i", "ORD-1", 1, "i:/|a", 1, "a", "t", {"phone": "0171 2345678", "olt": "lon-3"}, False)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with captured("info") as stream:
        yield stream


def attempt(clock: FixedClock, *names: str) -> Any:
    @handles("t")
    def call(work: Work, phone: str, olt: str) -> Done:
        work.logger.info(f"calling {phone} on {olt}", phone="another one", answer={"to": [phone]})
        work.logger.bind(more=phone).info("bound")
        raise ValueError(f"no answer from {phone}")

    outside = Outside(personal=lambda: frozenset(names))
    return Attempts(clock, outside, get_logger("turnup.worker")).make(STEP, Handler(call), clock.now())


def test_lines_of_the_handler_and_ours_are_masked(clock: FixedClock, log: io.StringIO) -> None:
    attempt(clock, "phone")
    said, bound, failed = map(json.loads, log.getvalue().splitlines())
    assert "0171" not in log.getvalue()
    assert (said["event"], said["phone"], said["answer"]) == (f"calling {MASK} on lon-3", MASK, {"to": [MASK]})
    assert bound["more"] == MASK
    assert f"ValueError: no answer from {MASK}" in failed["exception"]
    assert "personal" not in said
    assert said["business_key"] == "ORD-1"


def test_what_comes_of_the_attempt_is_stored_whole(clock: FixedClock, log: io.StringIO) -> None:
    """Those who may see it need it to settle the step; for others it is masked where it is shown."""
    failed = attempt(clock, "phone")
    assert isinstance(failed, Failed)
    assert failed.message == "no answer from 0171 2345678"


def test_without_personal_fields_lines_are_as_they_were(clock: FixedClock, log: io.StringIO) -> None:
    attempt(clock)
    assert json.loads(log.getvalue().splitlines()[0])["event"] == "calling 0171 2345678 on lon-3"
