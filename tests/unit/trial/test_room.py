"""The trials that are open: one's own, few at once, and gone when nobody uses them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import Conflict, NotFound, TooMany
from app.engine.diagram import DiagramRefused
from app.trial.answers import Answer
from app.trial.events import Event
from app.trial.journal import IDLE, Journals, MovedMeanwhile
from app.trial.looks import look
from app.trial.room import Beginning, OpenTrial, Subject, Trials, UnknownTrial
from app.trial.tables import trial, trial_move
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


TWO_STEPS = (
    Diagram("p").start().service("a", "net.quiet").user("u").service("b", "net.quiet").end().chain("s", "a", "u", "b", "e")
)


class Hosts:
    """Behind one address, with one database."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.journals = Journals(database, clock)
        self.made: list[Trials] = []

    def another(self, most: int = 3) -> Trials:
        self.made.append(Trials(REGISTRY, self.clock, most=most, most_of_one=2, journals=self.journals))
        return self.made[-1]

    def rows(self) -> tuple[int, int]:
        """Trials and moves that are stored."""
        with self.database.reading() as connection:
            counts = [connection.scalar(sa.select(sa.func.count()).select_from(each)) for each in (trial, trial_move)]
        return counts[0] or 0, counts[1] or 0


@pytest.fixture
def hosts(database: Database, clock: FixedClock) -> Iterator[Hosts]:
    made = Hosts(database, clock)
    yield made
    for each in made.made:
        each.close_all()


def test_hosts_share_a_trial_and_a_restart_loses_nothing(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another()
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
    restarted = hosts.another()
    with restarted.use(made.id, "ada") as found:
        assert look(found.trial).state == "completed"
        assert look(found.trial).variables == {"x": 1, "y": 2}
        assert found.subject == made.subject
    with pytest.raises(UnknownTrial), restarted.use(made.id, "eve"):
        pass
    restarted.close(made.id, "ada")
    assert hosts.rows() == (0, 0)
    with pytest.raises(UnknownTrial), other.use(made.id, "ada"):
        pass


def test_of_two_hosts_that_go_on_at_once_one_is_told_to_look_again(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another()
    made = begin(one, diagram=TWO_STEPS)
    with pytest.raises(MovedMeanwhile, match="another window"), one.use(made.id, "ada") as slow:
        slow.trial.step(Answer("done", {"x": "slow"}))
        with other.use(made.id, "ada") as quick:
            quick.trial.step(Answer("done", {"x": "quick"}))
    for each in (one, other):
        with each.use(made.id, "ada") as found:
            assert look(found.trial).variables == {"x": "quick"}


def test_a_trial_that_was_thrown_away_elsewhere_goes_no_further(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another()
    made = begin(one, diagram=TWO_STEPS)
    with pytest.raises(MovedMeanwhile), one.use(made.id, "ada") as found:
        found.trial.step()
        other.close(made.id, "ada")
    assert hosts.rows() == (0, 0)


def test_a_host_that_is_asked_for_more_trials_than_it_holds_plays_them_again(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another(most=2)
    made = [begin(one, owner, TWO_STEPS) for owner in ("bob", "eve", "ann")]
    folders = set()
    for move in (Answer("done"), Event("complete", "u")):
        for each in made:
            hosts.clock.advance(timedelta(seconds=1))
            with other.use(each.id, each.owner) as found:
                found.trial.again([move])
                folders.add(found.trial.scratch.folder)
    assert len([each for each in folders if each.exists()]) == 2
    for each in made:
        with other.use(each.id, each.owner) as found:
            assert look(found.trial).path == ["s", "a", "u"]


def test_a_move_that_was_refused_is_in_no_journal(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another()
    made = begin(one, diagram=TWO_STEPS)
    with pytest.raises(NotFound), one.use(made.id, "ada") as found:
        found.trial.act(Event("complete", "nobody"))
    for each in (one, other):
        with each.use(made.id, "ada") as found:
            assert [pending.place for pending in look(found.trial).pending] == ["a"]


def test_what_the_laboratory_told_is_told_once_wherever_the_trial_goes_on(hosts: Hosts) -> None:
    one, other = hosts.another(), hosts.another()
    made = begin(one, diagram=TWO_STEPS)
    told = Event("message", "number_ported", "NP-1", notice=7)
    with one.use(made.id, "ada") as found:
        found.trial.again([told])
    with other.use(made.id, "ada") as found:
        assert found.trial.events[0].notice == 7


def test_stored_trials_go_with_time_and_number(hosts: Hosts) -> None:
    one = hosts.another()
    made = [begin(one, diagram=TWO_STEPS) for _ in range(3)]
    assert hosts.rows() == (2, 0)
    with one.use(made[2].id, "ada") as found:
        found.trial.step()
    hosts.clock.advance(IDLE - timedelta(seconds=1))
    assert is_open(one, made[2])
    hosts.clock.advance(timedelta(minutes=2))
    hosts.journals.drop_unused()
    assert hosts.rows() == (1, 1)
    hosts.clock.advance(IDLE)
    hosts.journals.drop_unused()
    assert hosts.rows() == (0, 0)
    assert not is_open(one, made[2])
