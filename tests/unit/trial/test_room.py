"""The trials that are open: one's own, few at once, and gone when nobody uses them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.core.errors import Conflict, TooMany
from app.engine.diagram import DiagramRefused
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
    assert not Path(made.trial.scratch.folder.name).exists()


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
