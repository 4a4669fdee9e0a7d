"""The trials that are open: one's own, few at once, and gone when nobody uses them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.core.errors import Conflict, NotFound, TooMany
from app.engine.diagram import DiagramRefused
from app.trial.answers import Answer
from app.trial.events import Event
from app.trial.looks import look
from app.trial.room import IDLE, Beginning, OpenTrial, Subject, Trials, UnknownTrial
from tests.factories.diagrams import Diagram
from tests.factories.trials import NOON, REGISTRY, Shelf

LINE = Diagram("p").start().service("a", "net.quiet").end().chain("s", "a", "e")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def trials(clock: FixedClock) -> Iterator[Trials]:
    made = Trials(REGISTRY, clock, most=3, most_of_one=2)
    yield made
    made.close_all()


def begin(trials: Trials, owner: str = "ada", diagram: Diagram = LINE, **facts: str) -> OpenTrial:
    beginning = Beginning({}, NOON, **facts)  # type: ignore[arg-type]  # only texts are given
    return trials.begin(owner, Subject(diagram.xml(), "A line", "p"), Shelf(), beginning)


def is_open(trials: Trials, trial: OpenTrial) -> bool:
    try:
        with trials.use(trial.id, trial.owner):
            return True
    except UnknownTrial:
        return False


def test_a_trial_is_its_owners_alone(trials: Trials) -> None:
    made = begin(trials)
    with trials.use(made.id, "ada") as found:
        found.trial.run()
        assert look(found.trial).state == "completed"
    with pytest.raises(UnknownTrial, match="of yours"), trials.use(made.id, "eve"):
        pass
    with pytest.raises(UnknownTrial):
        trials.close(made.id, "eve")
    trials.close(made.id, "ada")
    assert not is_open(trials, made)
    assert not made.trial.scratch.folder.exists()


def test_whoever_begins_one_more_than_they_may_loses_their_oldest(trials: Trials, clock: FixedClock) -> None:
    first = begin(trials)
    clock.advance(timedelta(seconds=1))
    second, third = begin(trials), begin(trials)
    assert [is_open(trials, each) for each in (first, second, third)] == [False, True, True]


def test_all_places_taken_by_others_are_waited_for_until_one_is_away(trials: Trials, clock: FixedClock) -> None:
    others = [begin(trials, owner) for owner in ("bob", "eve", "ann")]
    with pytest.raises(TooMany, match="3 trials are open"):
        begin(trials)
    clock.advance(timedelta(minutes=3))
    assert is_open(trials, others[0])
    begin(trials)
    assert [is_open(trials, each) for each in others] == [True, False, True]


def test_what_nobody_uses_is_thrown_away(trials: Trials, clock: FixedClock) -> None:
    old = begin(trials, "bob")
    clock.advance(IDLE + timedelta(seconds=1))
    begin(trials)
    assert not is_open(trials, old)


def test_a_diagram_that_is_refused_takes_no_place(trials: Trials) -> None:
    for _ in range(5):
        with pytest.raises(DiagramRefused):
            begin(trials, diagram=Diagram("p").start().service("a", "net.nobody").end().chain("s", "a", "e"))
    assert is_open(trials, begin(trials))


def test_a_laboratory_that_is_not_there_is_said(trials: Trials) -> None:
    with pytest.raises(Conflict, match="no laboratory"):
        begin(trials, answers="laboratory")


def two_processes(folder: Path, clock: FixedClock) -> tuple[Trials, Trials]:
    """On one host."""
    one, other = (Trials(REGISTRY, clock, most_of_one=2, folder=folder) for _ in range(2))
    return one, other


TWO_STEPS = (
    Diagram("p").start().service("a", "net.quiet").user("u").service("b", "net.quiet").end().chain("s", "a", "u", "b", "e")
)


def test_the_processes_of_a_host_share_a_trial_and_a_restart_loses_nothing(tmp_path: Path, clock: FixedClock) -> None:
    one, other = two_processes(tmp_path / "trials", clock)
    made = begin(one, diagram=TWO_STEPS)
    with one.use(made.id, "ada") as found:
        found.trial.step(Answer("done", {"x": 1}))
    with other.use(made.id, "ada") as found:
        assert look(found.trial).path == ["s", "a"]
        found.trial.act(Event("complete", "u", variables={"y": 2}))
    with one.use(made.id, "ada") as found:
        assert [each.place for each in look(found.trial).pending] == ["b"]
        found.trial.run()
    one.close_all()
    other.close_all()
    restarted, _ = two_processes(tmp_path / "trials", clock)
    with restarted.use(made.id, "ada") as found:
        assert look(found.trial).state == "completed"
        assert look(found.trial).variables == {"x": 1, "y": 2}
        assert found.subject == made.subject
    with pytest.raises(UnknownTrial), restarted.use(made.id, "eve"):
        pass
    restarted.close(made.id, "ada")
    assert list((tmp_path / "trials").iterdir()) == []
    with pytest.raises(UnknownTrial), other.use(made.id, "ada"):
        pass


def test_a_move_that_was_refused_is_in_no_journal(tmp_path: Path, clock: FixedClock) -> None:
    one, other = two_processes(tmp_path, clock)
    made = begin(one, diagram=TWO_STEPS)
    with pytest.raises(NotFound), one.use(made.id, "ada") as found:
        found.trial.act(Event("complete", "nobody"))
    for each in (one, other):
        with each.use(made.id, "ada") as found:
            assert [pending.place for pending in look(found.trial).pending] == ["a"]
    one.close_all()
    other.close_all()


def test_journals_are_for_their_owners_account_and_go_with_time_and_number(tmp_path: Path, clock: FixedClock) -> None:
    one, _ = two_processes(tmp_path, clock)
    made = [begin(one) for _ in range(3)]
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*.json")} == {0o600}
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    begin(one)
    assert len(list(tmp_path.glob("*.json"))) == 1
    with pytest.raises(UnknownTrial), one.use(made[2].id, "ada"):
        pass
    with pytest.raises(UnknownTrial), one.use("../../etc/passwd", "ada"):
        pass
    assert not list(tmp_path.glob("*none*"))
    one.close_all()
