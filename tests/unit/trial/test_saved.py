"""How far the saved scenarios of a process come: played once, until one of them or what they are played on changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.trial.documents import Needed
from app.trial.playing import Played
from app.trial.room import Trials
from app.trial.saved import Readings, SavedScenarios
from app.trial.scenario import Scenario
from tests.factories.diagrams import Diagram
from tests.factories.trials import NOON, REGISTRY, Shelf

SLOW = "process: p\ntitle: Slow\nstart: {fast: false}\nexpect: {state: completed}\n"
FAST = "process: p\ntitle: Fast\nstart: {fast: true}\nexpect: {state: completed}\n"


def choosing(called: str = "called") -> Diagram:
    made = Diagram("p").start().xor("g", default="slow").service("a", "net.quiet").call("c", called).xor("m").end()
    made.chain("s", "g").flow("g", "a", "=fast", id="fast").flow("g", "c", id="slow")
    return made.chain("a", "m", "e").chain("c", "m")


def called(name: str = "Called") -> Diagram:
    return Diagram("called", name).start().end().chain("s", "e")


class Counting(Trials):
    """Counts what it plays."""

    count = 0

    def play_on(self, needed: Needed, scenario: Scenario) -> Played:
        self.count += 1
        return super().play_on(needed, scenario)

    def needing(self, diagram: Diagram, beside: Diagram) -> Callable[[], Needed]:
        return lambda: self.gather(diagram.xml(), Shelf(beside))


@pytest.fixture
def trials() -> Iterator[Counting]:
    made = Counting(REGISTRY, FixedClock(NOON))
    yield made
    made.close_all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flows" / "scenarios"
    made.mkdir(parents=True)
    return made


def test_what_the_saved_scenarios_go_through_together_is_read(trials: Counting, folder: Path) -> None:
    readings = Readings(SavedScenarios(folder.parent), trials)
    (folder / "other.yaml").write_text("process: other\ntitle: Of another\n")
    assert readings.read("p", trials.needing(choosing(), called())) is None
    (folder / "p_fast.yaml").write_text(FAST)
    reading = readings.read("p", trials.needing(choosing(), called()))
    assert reading is not None
    assert reading.coverage is not None
    assert reading.coverage.missed == ["c"]
    (folder / "p_slow.yaml").write_text(SLOW)
    reading = readings.read("p", trials.needing(choosing(), called()))
    assert reading is not None
    assert reading.coverage is not None
    assert (reading.coverage.share, [each.title for each in reading.played]) == (1.0, ["Fast", "Slow"])


def test_nothing_is_played_again_until_a_scenario_or_what_it_is_played_on_changes(
    trials: Counting, folder: Path
) -> None:
    readings = Readings(SavedScenarios(folder.parent), trials)
    (folder / "p_slow.yaml").write_text(SLOW)
    for _ in range(3):
        readings.read("p", trials.needing(choosing(), called()))
    assert trials.count == 1
    readings.read("p", trials.needing(choosing(), called("Another version")))
    assert trials.count == 2
    readings.read("p", trials.needing(choosing("other"), called()))
    assert trials.count == 3
    (folder / "p_slow.yaml").write_text(SLOW.replace("Slow", "Late"))
    os.utime(folder / "p_slow.yaml", (1, 1))
    reading = readings.read("p", trials.needing(choosing(), called()))
    assert trials.count == 4
    assert reading is not None
    assert [each.title for each in reading.played] == ["Late"]
    readings.read("p", trials.needing(choosing(), called("Another version")))
    readings.read("p", trials.needing(choosing(), called()))
    assert trials.count == 5


def test_a_file_that_is_no_scenario_is_said_and_the_others_are_played(trials: Counting, folder: Path) -> None:
    readings = Readings(SavedScenarios(folder.parent), trials)
    (folder / "p_fast.yaml").write_text(FAST)
    (folder / "p_wrong.yaml").write_text("process: p\n")
    (folder / "p_differs.yaml").write_text(SLOW.replace("completed", "cancelled"))
    reading = readings.read("p", trials.needing(choosing(), called()))
    assert reading is not None
    differs, fast, wrong = reading.played
    assert differs.differs == ["it is completed, expected cancelled"]
    assert (fast.title, fast.differs) == ("Fast", [])
    assert wrong.differs == ["title: expected a text, found None."]
