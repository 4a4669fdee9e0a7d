"""One instance, and a crowd that is at it all at once: systems, timers, people with tasks, operators, the worker.

Everything that is done to it carries a number of its own and is written down, so that at the end each is found again
exactly once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa

from app.core.errors import Conflict, NotFound
from app.engine import queries
from app.engine.messages import MessageIn
from app.engine.operators import Operators
from app.engine.tables import incident, token
from app.handling import Backoff, Done, Refused, Work, handles
from app.handling.faults import SystemSilent
from tests.factories.diagrams import Diagram
from tests.factories.sites import Site
from tests.factories.triggers import message

LANES = (1, 2, 3)
REST_S = 0.002


def _rounds(inner: Diagram, step: str, rounds: int, kept: str) -> Diagram:
    """The step again and again, until `kept` has one item for each round."""
    inner.start(f"start_{step}").end(f"end_{step}").xor(f"again_{step}").xor(f"enough_{step}", default=f"out_{step}")
    inner.chain(f"start_{step}", f"again_{step}", step, f"enough_{step}")
    inner.flow(f"enough_{step}", f"again_{step}", f"=count({kept}) < {rounds}")
    return inner.flow(f"enough_{step}", f"end_{step}", id=f"out_{step}")


def crowded(rounds: int) -> Diagram:
    """Five kinds of lanes beside each other, each with three that go round."""
    add = {"kept": "=concatenate(kept, [n])"}
    hear = Diagram("i").catch("hear", message("news", '=string(lane) + "|" + order'), outputs=add)
    make = Diagram("i").service("make", "crowd.make", outputs=add)
    ask = Diagram("i").user("ask", outputs=add)
    tick = Diagram("i").timer("tick", "PT0.02S").script("mark", "=concatenate(kept, [count(kept)])", "kept")
    race = Diagram("i").service("race", "crowd.slow", outputs=add)
    halts = message("halt", '=string(lane) + "|" + order')
    race.boundary("halt", "race", halts, outputs=add).chain("halt", "enough_race")
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f").chain("j", "e")
    for name, inner in (("hear", hear), ("make", make), ("ask", ask), ("race", race)):
        _lane(diagram, name, _rounds(inner, name, rounds, "kept"))
    tick.start("ts").end("te").xor("tm").xor("tg", default="to").chain("ts", "tm", "tick", "mark", "tg")
    tick.flow("tg", "tm", f"=count(kept) < {rounds}").flow("tg", "te", id="to")
    _lane(diagram, "tick", tick)
    return diagram


def _lane(diagram: Diagram, name: str, inner: Diagram) -> None:
    lane = f"lanes_{name}"
    diagram.sub(lane, inner, inputs={"kept": "=[]"}).each(f"={list(LANES)}", "lane", collect=(f"all_{name}", "=kept"))
    diagram.chain("f", lane, "j")


@dataclass
class Crowd:
    """What was accepted: `told` messages by lane, `answered` tasks, `acted` operators' moves by name.

    `made` holds what handlers gave, by step key; `calls` counts what came of their attempts.
    """

    rounds: int
    seed: int = 0
    site: Site = field(init=False)  # whose doors the crowd takes
    numbers: Any = field(default_factory=lambda: count(1))
    told: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    halted: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    acted: Counter[str] = field(default_factory=Counter)
    made: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    broken: list[BaseException] = field(default_factory=list)

    def number(self) -> int:
        with self.lock:
            return next(self.numbers)

    # the systems' side
    def handlers(self) -> list[Any]:
        @handles("crowd.make", retry=Backoff(first_s=0.005, factor=1, tries=3))
        def make(work: Work) -> Done | Refused:
            chance = random.Random(f"{work.key}{work.attempt}{self.seed}").random()
            if chance < 0.15:
                self.count("failed")
                raise SystemSilent("no answer")
            if chance < 0.3:
                self.count("refused")
                return Refused("no_port", "not now")
            return self.give(work)

        @handles("crowd.slow")
        def slow(work: Work) -> Done:
            time.sleep(random.Random(f"{work.key}{self.seed}").random() * 0.02)
            return self.give(work)

        return [make, slow]

    def give(self, work: Work) -> Done:
        number = self.number()
        with self.lock:
            self.made[work.key].append(number)
            self.calls["done"] += 1
        return Done(n=number)

    def count(self, what: str) -> None:
        with self.lock:
            self.calls[what] += 1

    # the crowd
    def run(self, instance_id: str, order: str, patience_s: float) -> None:
        """Until the instance has ended; an error of anybody is raised."""
        self.instance_id, self.order = instance_id, order
        self.operators = Operators(self.site.engine)
        self.over = threading.Event()
        people: list[Callable[[random.Random], None]] = [self.answer] * 2 + [self.fix] * 2 + [self.halt, self.pause]
        news = [lambda draw, lane=lane: self.tell(lane, draw) for lane in LANES]
        threads = [
            threading.Thread(target=self.keep_on, args=(do, random.Random(self.seed * 100 + number)))
            for number, do in enumerate([*people, *news])
        ]
        for thread in threads:
            thread.start()
        ends_at = time.monotonic() + patience_s
        while not self.site.is_completed(instance_id) and not self.broken and time.monotonic() < ends_at:
            time.sleep(0.02)
        self.over.set()
        for thread in threads:
            thread.join(10)
        if self.broken:
            raise self.broken[0]

    def keep_on(self, do: Callable[[random.Random], None], draw: random.Random) -> None:
        try:
            while not self.over.is_set():
                with suppress(NotFound, Conflict):  # somebody else was first, or it is suspended
                    do(draw)
                time.sleep(draw.random() * REST_S)
        except BaseException as error:  # told by the thread that runs the test
            self.broken.append(error)

    def tell(self, lane: int, draw: random.Random) -> None:
        """As many messages as there are rounds; each is sent twice under one id."""
        if len(self.told[lane]) < self.rounds:
            number = self.number()
            for _ in range(2):
                self.send("news", lane, number, 3600)
            self.told[lane].append(number)
        else:
            time.sleep(0.05)

    def send(self, name: str, lane: int, number: int, lives_s: float) -> bool:
        """Does anybody get it?"""
        sent = MessageIn(name, f"{lane}|{self.order}", {"n": number}, f"{name}-{number}-{self.order}", lives_s)
        with self.site.database.transaction() as tx:
            return bool(self.site.engine.publish(tx, sent).recipients)

    def halt(self, draw: random.Random) -> None:
        """For those who run at this moment, and for nobody later."""
        number = self.number()
        if self.send("halt", draw.choice(LANES), number, 0):
            self.halted.append(number)
        time.sleep(0.01)

    def answer(self, draw: random.Random) -> None:
        with self.site.database.reading() as connection:
            waiting = sa.select(token.c.number).where(
                token.c.instance_id == self.instance_id, token.c.kind == "user_task", token.c.open == 1
            )
            numbers = list(connection.execute(waiting).scalars())
        if numbers:
            answer = self.number()
            with self.site.database.transaction() as tx:
                task = f"{self.instance_id}:{draw.choice(numbers)}"
                self.site.engine.complete_task(tx, task, {"n": answer}, "ann")
            with self.lock:
                self.answered.append(answer)

    def fix(self, draw: random.Random) -> None:
        with self.site.database.reading() as connection:
            fallen = sa.select(incident.c.id).where(
                incident.c.instance_id == self.instance_id, incident.c.state == "open"
            )
            ids = list(connection.execute(fallen).scalars())
        if not ids:
            return
        number, skips = self.number(), draw.random() < 0.4
        with self.site.database.transaction() as tx:
            if skips:
                self.operators.skip(tx, draw.choice(ids), {"n": number}, by="olga", reason="done by hand")
            else:
                self.operators.retry(tx, draw.choice(ids), by="olga", reason="it may work now")
        with self.lock:
            self.acted["skip" if skips else "retry"] += 1
            if skips:
                self.skipped.append(number)

    def pause(self, draw: random.Random) -> None:
        time.sleep(0.05 + draw.random() * 0.1)
        for act in (self.operators.suspend, self.operators.resume):
            with self.site.database.transaction() as tx:
                act(tx, self.instance_id, by="olga", reason="a moment")
            self.acted[act.__name__] += 1
            time.sleep(0.01)

    # what is left of it
    def variables(self) -> dict[str, Any]:
        with self.site.database.reading() as connection:
            return {row.name: row.value for row in queries.variables(connection, self.instance_id) if row.scope == ""}
