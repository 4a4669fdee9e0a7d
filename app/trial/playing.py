"""A scenario played from its beginning to its end, and held to what it expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.core.errors import TurnupError
from app.handling.registry import Registry
from app.trial.answering import Written
from app.trial.answers import Answer
from app.trial.coverage import Coverage, cover
from app.trial.documents import Library, Needed, gather
from app.trial.looks import TrialView, look
from app.trial.scenario import Expected, Scenario
from app.trial.scratch import Stores, open_scratch
from app.trial.trial import Trial

SHOWN = 6  # elements of a path, about where it differs


@dataclass(frozen=True)
class Played:
    """`differs` says what was not as expected, one sentence each; empty: all was."""

    differs: list[str]
    covered: dict[str, Coverage] = field(default_factory=dict)
    view: TrialView | None = None

    @property
    def passed(self) -> bool:
        return not self.differs


def play(scenario: Scenario, document: bytes, library: Library, registry: Registry, stores: Stores) -> Played:
    """Never raises for what is the scenario's or the diagram's fault: that is a difference."""
    try:
        needed = gather(document, library, registry)
    except TurnupError as error:
        return Played([error.message])
    return play_on(needed, scenario, registry, stores)


def play_on(needed: Needed, scenario: Scenario, registry: Registry, stores: Stores) -> Played:
    """As `play`, on what is gathered already."""
    if needed.tried.process_id != scenario.process_id:
        drawn = needed.tried.process_id
        return Played([f"it is a scenario of '{scenario.process_id}', and this diagram draws '{drawn}'"])
    try:
        scratch = open_scratch(needed, registry, scenario.at, stores)
    except TurnupError as error:
        return Played([error.message])
    try:
        trial = Trial(scratch, Written(scenario.results))
        covered: dict[str, Coverage] = {}
        try:
            go_through(trial, scenario)
        except TurnupError as error:
            return Played([error.message], covered, look(trial))
        cover(trial, covered)
        view = look(trial)
        return Played(list(differences(scenario, trial, view)), covered, view)
    finally:
        scratch.close()


def go_through(trial: Trial, scenario: Scenario) -> None:
    """Start it and let everything happen."""
    trial.start(scenario.start, scenario.business_key)
    ahead = list(scenario.events)
    while ahead or trial.pending:
        place = trial.place_of(trial.pending[0]) if trial.pending else None
        if ahead and ahead[0].meanwhile == place:
            trial.act(ahead.pop(0))
        elif trial.pending:
            trial.step()
        else:
            trial.act(ahead.pop(0))  # what should have happened meanwhile happens now, or is refused


def differences(scenario: Scenario, trial: Trial, view: TrialView) -> Iterator[str]:
    """What came of it that was not expected, a sentence each."""
    expect = scenario.expect
    if expect.state is not None and view.state != expect.state:
        fallen = "; ".join(
            f"{each.place}: {each.error['code']}: {each.error['message']}" for each in view.standing if each.error
        )
        yield f"it is {view.state}, expected {expect.state}" + (f" ({fallen})" if fallen else "")
    if expect.path is not None and tuple(view.path) != expect.path:
        yield _of_path(expect.path, view.path)
    for name, value in expect.outputs.items():
        if name not in view.variables:
            yield f"{name} has no value, expected {value!r}"
        elif view.variables[name] != value:
            yield f"{name} is {view.variables[name]!r}, expected {value!r}"
    standing = {each.place: each.kind for each in view.standing}
    if expect.standing is not None and standing != dict(expect.standing):
        yield f"it stands at {standing or 'nothing'}, expected {dict(expect.standing)}"
    unused = sorted(place for place in scenario.results if place not in trial.results)
    if unused:
        yield f"no step ever asked for the results of {', '.join(unused)}"


def _of_path(expected: tuple[str, ...], found: list[str]) -> str:
    """Where the two part."""
    pairs = zip(expected, found, strict=False)
    at = next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(found)))
    before = f"after {expected[at - 1]} " if at else ""
    rest = [", ".join(path[at : at + SHOWN]) or "nothing more" for path in (found, list(expected))]
    return f"{before}the path is {rest[0]}; expected {rest[1]}"


def written_of(trial: Trial, title: str) -> Scenario:
    """What was done in a trial as a scenario that expects what came of it."""
    view = look(trial)
    standing = {each.place: each.kind for each in view.standing}
    start = trial.variables
    outputs = {name: value for name, value in view.variables.items() if name not in start or start[name] != value}
    expect = Expected(view.state, tuple(view.path), outputs, standing or None)
    results = {place: _short(given) for place, given in trial.results.items()}
    return Scenario(
        trial.process_id, title, trial.began_at, start, results, list(trial.events), expect, trial.business_key
    )


def _short(given: list[Answer]) -> list[Answer]:
    """The last is given again: once is enough."""
    kept = list(given)
    while len(kept) > 1 and kept[-1] == kept[-2]:
        kept.pop()
    return kept
