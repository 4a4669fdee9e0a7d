"""Who answers for the handlers of a trial: the laboratory by itself alone, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.factory import PROCESSES
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from app.trial.answering import FromLaboratory, Written
from app.trial.answers import Answer
from app.trial.documents import Folder, gather
from app.trial.looks import look
from app.trial.scratch import open_scratch
from app.trial.trial import Trial
from handlers.clients.http import close_clients
from tests.factories.diagrams import Diagram
from tests.factories.labs import RunningLab, a_lab
from tests.factories.trials import NOON, STORES, Shelf, trying

CALLED: list[str] = []


@handles("net.real")
def real(work: Work) -> Done:
    """Wants a system of the operator's own."""
    CALLED.append(work.setting("ims_url"))
    return Done()


@handles("net.opens")
def opens(work: Work) -> Done:
    CALLED.append(work.secret("ims/main"))
    return Done()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with a_lab(tmp_path, FixedClock(NOON), latency_ms=(0, 0), registers_after_s=0) as made:
        yield made
    close_clients()


def in_laboratory(lab: RunningLab, document: bytes, registry: Registry) -> Trial:
    library = Shelf() if registry.get("net.real") else Folder(PROCESSES)
    scratch = open_scratch(gather(document, library, registry), registry, NOON, STORES)
    return Trial(scratch, FromLaboratory(lab.url, "", scratch.clock))


def test_the_laboratory_answers_as_it_would_a_worker(lab: RunningLab) -> None:
    document = (PROCESSES / "service/voice_activate.bpmn").read_bytes()
    trial = in_laboratory(lab, document, Registry.scan("handlers", "none"))
    trial.start({"order_id": "ORD-1", "customer": {"name": "Ada Byron"}, "area": "020"}, "ORD-1")
    trial.run()
    assert look(trial).state == "completed"
    assert trial.results["reserve_number"] == [Answer("done", {"number": "+442079460000"})]
    assert len(lab.calls()) == trial.answered
    trial.close()


@pytest.mark.parametrize("handler", ["net.real", "net.opens"])
def test_a_handler_of_another_system_is_given_neither_its_address_nor_its_secret(
    lab: RunningLab, handler: str
) -> None:
    made = Diagram("p").start().service("a", handler).end().chain("s", "a", "e")
    trial = in_laboratory(lab, made.xml(), Registry([real, opens]))
    trial.start({})
    trial.run()
    (answer, *_) = trial.results["a"]
    assert (answer.kind, answer.code) == ("failed", "MissingSetting")
    assert CALLED == []
    trial.close()


def test_what_is_written_comes_attempt_by_attempt_and_the_last_again() -> None:
    made = Diagram("p").start().xor("m").service("a", "net.quiet").xor("g", default="round").end()
    made.chain("s", "m", "a", "g").flow("g", "m", id="round").flow("g", "e", "=n = 3")
    given = [Answer("done", {"n": 1}), Answer("done", {"n": 2}), Answer("done", {"n": 3})]
    with trying(made, answering=Written({"a": given})) as trial:
        trial.start({})
        trial.run()
        assert (look(trial).state, trial.results["a"]) == ("completed", given)
    with trying(made, answering=Written({"a": given[:1]})) as trial:
        trial.start({})
        for _ in range(3):
            trial.step()
        assert trial.results["a"] == given[:1] * 3
