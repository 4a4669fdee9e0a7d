"""Draws diagrams by lot: blocks with one way in and one way out, nested, the scarcest constructs first.

What decides between rivals (an error, a terminate end, a signal that is thrown) always follows a step that waits, so
that only one token moves then, and one script of outside events means one course of the flow.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.engine.diagram import Diagram
from app.engine.spiff.dialect import constructs_of
from tests.reference.drawing import Drawing

STEEP, LEAST = 6, 1e-9  # how much likelier the scarcer is
Ends = tuple[str, str]  # ids of a block's first and last element


@dataclass(frozen=True)
class Place:
    """Where a block is drawn. `holds` is the variable that results go into; `loop` the multi-instance activity around."""

    drawing: Drawing
    home: str
    depth: int
    holds: str = "r"
    loop: str | None = None
    quiet: bool = False  # tokens may meet here on one element: nothing is written

    def deeper(self, home: str) -> Place:
        return replace(self, home=home, depth=self.depth - 1)


@dataclass(frozen=True)
class Recipe:
    """A kind of block: `nests` if it holds others; `plain` if tokens may meet in it, and in instances of a loop."""

    make: Callable[[Author, Place], Ends]
    constructs: frozenset[str]
    nests: bool = False
    plain: bool = True
    looped: bool = True  # may stand within a multi-instance activity


@dataclass
class Flow:
    """A main process with those that it calls, and what the script of outside events has to know about it."""

    drawings: list[Drawing] = field(default_factory=list)  # the called ones first, the main one last
    start: str = "s"
    refusals: dict[str, list[str]] = field(default_factory=dict)  # service task -> codes that it may refuse with
    silent: set[str] = field(default_factory=set)  # steps that bring no variables
    early: list[str] = field(default_factory=list)  # messages that may come before anybody waits for them

    def diagrams(self) -> dict[str, Diagram]:
        return {drawing.process_id: drawing.diagram() for drawing in self.drawings}


class Author:
    """Draws one flow. `counts` are how often each construct was drawn before; those in `refused` are left out."""

    def __init__(self, seed: int, name: str, counts: Counter[str], refused: Collection[str] = ()) -> None:
        self.draw = random.Random(seed)
        self.name = name
        self.counts = Counter(counts)
        self.refused = frozenset(refused)
        self.flow = Flow()
        self.caught: set[str] = set()  # processes and sub-processes in which something catches every escalation
        self.left = 14  # steps to draw
        self._numbers = itertools.count(1)

    def new(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def named(self, kind: str, id: str) -> str:
        """The name of a message or signal, which reaches no other flow."""
        return f"{kind}_{self.name}_{id}"

    # processes
    def process(self) -> Flow:
        from tests.reference.scopes import draw_process

        self.flow.start = draw_process(self, self.name)
        return self.flow

    # blocks
    def block(self, place: Place) -> Ends:
        self.left -= 1
        nests = place.depth > 0 and self.left > 0 and self.draw.random() < 0.85
        return self.choose([recipe for recipe in recipes() if recipe.nests is nests], place)

    def step(self, place: Place) -> Ends:
        """Something small."""
        return self.choose([recipe for recipe in recipes() if not recipe.nests], place)

    def choose(self, among: Sequence[Recipe], place: Place) -> Ends:
        fitting = [each for each in among if self.fits(each, place)]
        recipe = self.draw.choices(fitting, [self.worth(each.constructs) for each in fitting])[0]
        self.counts.update(recipe.constructs)
        return recipe.make(self, place)

    def fits(self, recipe: Recipe, place: Place) -> bool:
        if recipe.constructs & self.refused or (place.quiet and not recipe.plain):
            return False
        return recipe.looped or place.loop is None

    def worth(self, constructs: frozenset[str]) -> float:
        """The scarcer, the likelier."""
        return max((1 / (1 + self.counts[name]) ** STEEP for name in constructs), default=0.0) + LEAST

    def may(self, *constructs: str) -> bool:
        return self.refused.isdisjoint(constructs)

    def sequence(self, place: Place, least: int = 1, most: int = 3) -> Ends:
        parts = [self.block(place) for _ in range(self.draw.randint(least, most))]
        for (_, last), (first, _) in itertools.pairwise(parts):
            place.drawing.flow(last, first)
        return parts[0][0], parts[-1][1]

    # variables
    def results(self, place: Place, step: str) -> dict[str, Any]:
        """Output mappings (or none) of a step, whose variable nobody else writes."""
        if place.quiet or (place.loop is not None and self.draw.random() < 0.3):
            self.flow.silent.add(step)
            return {}
        if place.loop is not None:
            return {"outputs": (("=v", self.local(place, f"l_{step}")),)}
        if self.draw.random() < 0.3:
            return {}
        counted = (f"=if n_{step} = null then 1 else n_{step} + 1", f"n_{step}")
        return {"outputs": (("=v", f"{place.holds}.{step}"), counted)}

    def local(self, place: Place, name: str) -> str:
        """A variable of each instance of the loop around, so that nothing leaves it."""
        assert place.loop is not None
        looped = place.drawing.elements[place.loop]
        if name not in [target for _, target in looped.inputs]:
            place.drawing.change(place.loop, inputs=(*looped.inputs, ("=0", name)))
        return name

    def own(self, place: Place, name: str) -> str:
        """A variable that can be written here."""
        return name if place.loop is None else self.local(place, name)

    def seconds(self) -> int:
        return self.draw.randint(60, 90_000)


def draw_flows(number: int, first: int = 0) -> Iterator[Flow]:
    """One flow for each seed; what was scarce in those before is likelier in those after."""
    counts: Counter[str] = Counter()
    for seed in range(first, first + number):
        flow = Author(seed, f"p{seed}", counts).process()
        for diagram in flow.diagrams().values():
            counts.update(constructs_of(diagram))
        yield flow


def recipes() -> list[Recipe]:
    from tests.reference import branching, repeats, scopes, steps, tangles

    return [*steps.RECIPES, *branching.RECIPES, *scopes.RECIPES, *repeats.RECIPES, *tangles.RECIPES]
