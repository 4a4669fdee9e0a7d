"""Who answers for the handlers of a trial: the laboratory by itself alone, and what is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.factory import PROCESSES
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from app.trial.answering import Written
from app.trial.answers import Answer
from app.trial.documents import Folder, gather
from app.trial.events import Event
from app.trial.laboratory import FromLaboratory, LaboratoryAway
from app.trial.looks import look
from app.trial.playing import play, written_of
from app.trial.scenario import read_scenario, write_scenario
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
    with a_lab(tmp_path, FixedClock(NOON - timedelta(days=99)), latency_ms=(0, 0), registers_after_s=0) as made:
        yield made
    close_clients()


def in_laboratory(lab: RunningLab, document: bytes, registry: Registry) -> Trial:
    library = Shelf() if registry.get("net.real") else Folder(PROCESSES)
    scratch = open_scratch(gather(document, library, registry), registry, NOON, STORES)
    answering = FromLaboratory(lab.url, "", scratch.clock, "trial-1")
    return Trial(scratch, answering, answering)


def test_the_laboratory_answers_as_it_would_a_worker(lab: RunningLab) -> None:
    document = (PROCESSES / "service/voice_activate.bpmn").read_bytes()
    trial = in_laboratory(lab, document, Registry.scan("handlers", "none"))
    trial.start({"order_id": "ORD-1", "customer": {"name": "Ada Byron"}, "area": "020"}, "ORD-1")
    trial.run()
    assert look(trial).state == "completed"
    assert trial.results["reserve_number"] == [Answer("done", {"number": "+442079460000"})]
    assert len(lab.calls()) == trial.answered
    trial.close()


def ported_number(lab: RunningLab) -> Trial:
    """Begun, and answered as far as it goes without being told anything."""
    document = (PROCESSES / "service/voice_port_in.bpmn").read_bytes()
    trial = in_laboratory(lab, document, Registry.scan("handlers", "none"))
    sample = json.loads((PROCESSES / "samples/50_number_comes_along.json").read_text())["request"]
    trial.start(sample["variables"], sample["business_key"])
    trial.run()
    return trial


def test_what_the_laboratory_tells_comes_at_its_time_of_the_trials_clock_and_to_nobody_else(lab: RunningLab) -> None:
    trial = ported_number(lab)
    answer, ported = look(trial).coming
    assert (answer.name, answer.due_at, look(trial).next_due) == ("porting_answer", *[NOON + timedelta(seconds=2)] * 2)
    assert {each["caller"] for each in lab.client.get("/lab/notices").json()} == {"trial-1"}
    trial.act(Event("wait", "next"))
    assert [(each.kind, each.name) for each in trial.events] == [("wait", "PT2S"), ("message", "porting_answer")]
    trial.act(Event("wait", "PT1H"))
    assert [each.name for each in trial.events[2:]] == ["PT4S", "number_ported", "PT59M56S"]
    assert look(trial).now == NOON + timedelta(hours=1, seconds=2)
    trial.run()
    assert (look(trial).state, look(trial).coming) == ("completed", [])
    assert look(trial).variables["ported_on"] == ported.variables["ported_on"]
    trial.close()


def test_a_scenario_of_what_the_laboratory_told_needs_no_laboratory(lab: RunningLab) -> None:
    trial = ported_number(lab)
    trial.act(Event("wait", "PT1H"))
    trial.run()
    kept = read_scenario(write_scenario(written_of(trial, "The number comes along")))
    document = trial.scratch.needed.tried.document
    trial.close()
    played = play(kept, document, Folder(PROCESSES), Registry.scan("handlers", "none"), STORES)
    assert (played.differs, kept.expect.state) == ([], "completed")


def test_what_the_laboratory_keeps_back_or_has_told_already_does_not_come(lab: RunningLab) -> None:
    lab.fault("donor_silent")
    trial = ported_number(lab)
    assert [each.name for each in look(trial).coming] == ["number_ported"]
    lab.lift()
    trial.act(Event("wait", "PT2S"))
    moves = list(trial.moves)
    assert [each.name for each in look(trial).coming] == ["number_ported"]
    trial.close()
    document = (PROCESSES / "service/voice_port_in.bpmn").read_bytes()
    other = in_laboratory(lab, document, Registry.scan("handlers", "none"))
    other.start(trial.variables, trial.business_key)
    other.again(moves)
    assert [each.name for each in look(other).coming] == ["number_ported"]
    other.close()


def test_a_laboratory_that_is_away_is_said_and_the_step_is_answered_by_hand(lab: RunningLab) -> None:
    document = (PROCESSES / "service/voice_port_in.bpmn").read_bytes()
    registry = Registry.scan("handlers", "none")
    scratch = open_scratch(gather(document, Folder(PROCESSES), registry), registry, NOON, STORES)
    nobody = FromLaboratory("http://127.0.0.1:9", "", scratch.clock, "trial-1")
    trial = Trial(scratch, nobody, nobody)
    trial.start(json.loads((PROCESSES / "samples/50_number_comes_along.json").read_text())["request"]["variables"])
    with pytest.raises(LaboratoryAway, match="Start it with `turnup lab`"):
        trial.step()
    assert (trial.answered, len(trial.pending)) == (0, 1)
    trial.step(Answer("done", {"port_id": "NP-1"}))
    assert [each.kind for each in look(trial).standing] == ["message", "message", "timer"]
    with pytest.raises(LaboratoryAway):
        trial.act(Event("wait", "next"))
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
