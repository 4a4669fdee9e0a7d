"""Flows that no block describes: lanes with flows across them, joins of any kind, ways back.

Tokens may meet on one element, multiply, or wait for each other for ever. So all of it is in a sub-process of its own,
and nothing in it writes.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field, replace

from tests.reference.author import Author, Ends, Place, Recipe
from tests.reference.steps import trigger

Slot = tuple[int, int]  # lane, column
SPLITS = ("parallelGateway", "exclusiveGateway", "inclusiveGateway")
JOINS = ("exclusiveGateway", "exclusiveGateway", "inclusiveGateway", "inclusiveGateway", "parallelGateway")


@dataclass
class Tangle:
    """A grid of steps; `across` leads from slot to slot, forwards."""

    author: Author
    place: Place
    steps: dict[Slot, Ends] = field(default_factory=dict)
    across: dict[Slot, list[Slot]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[Slot, str] = field(default_factory=dict)  # where a flow to the slot has to lead

    def gateway(self, type: str) -> str:
        return self.place.drawing.add(type, self.author.new("t"), self.place.home)

    def fill(self, start: str) -> None:
        draw = self.author.draw
        lanes, columns = draw.randint(2, 3), draw.randint(2, 3)
        for slot in itertools.product(range(lanes), range(columns)):
            self.steps[slot] = self.author.step(self.place)
        for _ in range(draw.randint(1, 3)):
            source = draw.randrange(lanes), draw.randrange(columns - 1)
            target = draw.randrange(lanes), draw.randint(source[1] + 1, columns - 1)
            if target[0] != source[0] and target not in self.across[source]:
                self.across[source].append(target)
        into = {target for targets in self.across.values() for target in targets}
        for slot, (first, _) in self.steps.items():
            self.entries[slot] = first
            if slot in into:
                self.entries[slot] = self.gateway(draw.choice(JOINS))
                self.place.drawing.flow(self.entries[slot], first)
        self.split(start, [self.entries[lane, 0] for lane in range(lanes)])
        last = self.gateway(draw.choice(JOINS)) if draw.random() < 0.5 else None
        for slot in self.steps:
            self.lead_on(slot, columns, last)
        if last is not None:
            self.place.drawing.flow(last, self.end())

    def lead_on(self, slot: Slot, columns: int, last: str | None) -> None:
        (lane, column), (_, after) = slot, self.steps[slot]
        following = self.entries[lane, column + 1] if column + 1 < columns else last or self.end()
        targets = [following, *(self.entries[target] for target in self.across[slot])]
        if self.author.draw.random() < 0.15:
            after, following = self.way_back(slot, after)
        self.split(after, targets)

    def way_back(self, slot: Slot, after: str) -> Ends:
        """A message leads back to before the step, a timer on."""
        drawing = self.place.drawing
        gateway, back, on = self.gateway("eventBasedGateway"), self.author.new("w"), self.author.new("w")
        drawing.add("intermediateCatchEvent", back, self.place.home, **trigger(self.author, "message", back))
        drawing.add("intermediateCatchEvent", on, self.place.home, **trigger(self.author, "timer", on, "timeDuration"))
        self.author.flow.silent.add(back)
        drawing.chain(after, gateway, back, self.entries[slot])
        drawing.flow(gateway, on)
        return on, on

    def split(self, source: str, targets: list[str]) -> None:
        if len(targets) == 1:
            self.place.drawing.flow(source, targets[0])
            return
        gateway = self.gateway(self.author.draw.choice(SPLITS))
        chooses = self.place.drawing.elements[gateway].type != "parallelGateway"
        self.place.drawing.flow(source, gateway)
        for number, target in enumerate(dict.fromkeys(targets)):
            condition = f"=pick > {self.author.draw.randint(0, 4)}" if chooses and number else None
            self.place.drawing.flow(gateway, target, condition, default=chooses and not number)

    def end(self) -> str:
        return self.place.drawing.add("endEvent", self.author.new("e"), self.place.home)


def tangle(author: Author, place: Place) -> Ends:
    a, start = author.new("sub"), author.new("s")
    place.drawing.add("subProcess", a, place.home)
    place.drawing.add("startEvent", start, a)
    Tangle(author, replace(place.deeper(a), quiet=True)).fill(start)
    return a, a


RECIPES = [Recipe(tangle, frozenset({"subProcess", "inclusiveGateway", "parallelGateway"}), nests=True)]
