"""Flows that nobody drew: any nesting of the constructs runs to one end, uninterrupted, crashing or in any order."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine import watchdog
from app.engine.tables import token, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

pytestmark = pytest.mark.by_turns

ROUNDS = 2


@dataclass
class Author:
    """Draws blocks with one way in and one way out: `block` gives the ids of its first and last element.

    `called` are the processes that the flow calls; `written` the variables of what is being drawn, the innermost last.
    """

    draw: random.Random
    made: int = 0
    left: int = 26  # steps to draw
    called: list[Diagram] = field(default_factory=list)
    written: list[set[str]] = field(default_factory=lambda: [set()])

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{self.made}"

    def block(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        self.left -= 1
        simple = (
            self.service,
            self.service,
            self.service,
            self.service,
            self.script,
            self.timer,
            self.message,
            self.user,
            self.caught,
            self.timed,
            self.each_service,
        )
        nested = (self.sequence, self.parallel, self.choice, self.loop, self.sub, self.each, self.call)
        kinds = nested if depth > 0 and self.left > 0 and self.draw.random() < 0.85 else simple
        return self.draw.choice(kinds)(diagram, depth)

    def service(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("a")
        given = {
            "t.name": {},
            "t.echo": {"x": f'="{a}"'},
            "t.flaky": {"failures": "=1"},
            "t.call_back": {"order": f'="{a}"'},
        }
        handler = self.draw.choice(sorted(given))
        count = f"=if n_{a} = null then 1 else n_{a} + 1"
        diagram.service(a, handler, inputs=given[handler], outputs={f"r.{a}": "=r", f"n_{a}": count})
        self.written[-1] |= {"r", f"n_{a}"}
        return a, a

    def each_service(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("e")
        given = {"t.echo": {"x": "=item"}, "t.flaky": {"failures": "=item - 1"}, "t.call_back": {"order": f'="{a}"'}}
        handler = self.draw.choice(sorted(given))
        diagram.service(a, handler, inputs=given[handler])
        diagram.each("=[1, 2, 3]", "item", collect=(f"out_{a}", "=r"), sequential=self.draw.random() < 0.5)
        self.written[-1].add(f"out_{a}")
        return a, a

    def script(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("x")
        diagram.script(a, f"=if {a} = null then 1 else {a} + 1", a)
        self.written[-1].add(a)
        return a, a

    def timer(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("t")
        diagram.timer(a, f"PT{self.draw.randint(1, 5)}M")
        return a, a

    def message(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("w")
        diagram.message(a, a, '="1"', outputs={f"r.{a}": "=r"})
        self.written[-1].add("r")
        return a, a

    def user(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a = self.name("u")
        diagram.user(a)
        return a, a

    def caught(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a, error, merge = self.name("a"), self.name("err"), self.name("m")
        diagram.service(a, "t.refuse").boundary_error(error, a, outputs={f"got_{a}": "=port"}).xor(merge)
        diagram.chain(a, merge).chain(error, merge)
        self.written[-1].add(f"got_{a}")
        return a, merge

    def timed(self, diagram: Diagram, _: int) -> tuple[str, str]:
        a, late, merge = self.name("q"), self.name("late"), self.name("m")
        inner = (
            Diagram("i")
            .start(f"start_{a}")
            .end(f"end_{a}")
            .timer(f"wait_{a}", "P1D")
            .chain(f"start_{a}", f"wait_{a}", f"end_{a}")
        )
        diagram.sub(a, inner).boundary_timer(late, a, "PT7M").xor(merge).chain(a, merge).chain(late, merge)
        return a, merge

    def sequence(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        parts = [self.block(diagram, depth - 1) for _ in range(self.draw.randint(2, 3))]
        for (_, last), (first, _) in itertools.pairwise(parts):
            diagram.flow(last, first)
        return parts[0][0], parts[-1][1]

    def parallel(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        f, j = self.name("f"), self.name("j")
        diagram.parallel(f).parallel(j)
        for _ in range(self.draw.randint(2, 3)):
            first, last = self.block(diagram, depth - 1)
            diagram.flow(f, first).flow(last, j)
        return f, j

    def choice(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        g, m = self.name("g"), self.name("m")
        diagram.xor(g, default=f"{g}_default").xor(m)
        (one, one_last), (two, two_last) = self.block(diagram, depth - 1), self.block(diagram, depth - 1)
        diagram.flow(g, one, f"={str(self.draw.random() < 0.5).lower()}").flow(g, two, id=f"{g}_default")
        diagram.flow(one_last, m).flow(two_last, m)
        return g, m

    def loop(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        init, m, g, count = self.name("i"), self.name("m"), self.name("g"), self.name("c")
        first, last = self.block(diagram, depth - 1)
        out = self.name("m")
        diagram.script(init, "=0", count).xor(m).script(count, f"={count} + 1", count).xor(g, default=f"{g}_out").xor(
            out
        )
        diagram.chain(init, m, first).chain(last, count, g).flow(g, m, f"={count} < {ROUNDS}")
        diagram.flow(g, out, id=f"{g}_out")
        self.written[-1].add(count)
        return init, out

    def sub(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        a = self.name("sub")
        inner = Diagram("i").start(f"start_{a}").end(f"end_{a}")
        first, last = self.block(inner, depth - 1)
        inner.flow(f"start_{a}", first).flow(last, f"end_{a}")
        if self.draw.random() < 0.5:
            diagram.sub(a, inner, inputs={f"in_{a}": "=1"}, outputs={f"out_{a}": f"=in_{a} + 1"})
            self.written[-1].add(f"out_{a}")
        else:
            diagram.sub(a, inner, inputs={f"in_{a}": "=1"})
        return a, a

    def each(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        """What is written inside is each iteration's own, and collected."""
        a = self.name("each")
        inner, written = self.inside(Diagram("i"), a, depth)
        diagram.sub(a, inner, inputs=dict.fromkeys(written, "=null"))
        sequential = self.draw.random() < 0.5
        diagram.each("=[1, 2]", "item", collect=(f"out_{a}", _all(written)), sequential=sequential)
        self.written[-1].add(f"out_{a}")
        return a, a

    def call(self, diagram: Diagram, depth: int) -> tuple[str, str]:
        """Once, or for each of two; what the called process has written comes out as one list."""
        a = self.name("call")
        called, written = self.inside(Diagram(f"{diagram.process_id}_{a}"), a, depth)
        self.called.append(called)
        if self.draw.random() < 0.5:
            diagram.call(a, called.process_id, all_in=False, outputs={f"out_{a}": _all(written)})
        else:
            diagram.call(a, called.process_id, all_in=False, outputs={"came": _all(written)})
            diagram.each("=[1, 2]", "item", collect=(f"out_{a}", "=came"), sequential=self.draw.random() < 0.5)
        self.written[-1].add(f"out_{a}")
        return a, a

    def inside(self, inner: Diagram, a: str, depth: int) -> tuple[Diagram, list[str]]:
        """A whole process, and the names of the variables that it writes."""
        inner.start(f"start_{a}").end(f"end_{a}")
        self.written.append(set())
        first, last = self.block(inner, depth - 1)
        return inner.flow(f"start_{a}", first).flow(last, f"end_{a}"), sorted(self.written.pop())


def _all(names: list[str]) -> str:
    return f"=[{', '.join(names)}]"


def draw_flow(seed: int) -> tuple[Diagram, list[Diagram]]:
    """A flow, and the processes that it calls."""
    diagram, author = Diagram(f"p{seed}").start("s").end("e"), Author(random.Random(seed))
    first, last = author.sequence(diagram, 5)
    return diagram.flow("s", first).flow(last, "e"), author.called


@dataclass
class Player:
    """Brings an instance to its end: gives what it waits for, one thing at a time, in an order drawn by lot."""

    bench: Bench
    draw: random.Random
    crashes: bool

    def play(self, process_id: str) -> tuple[dict[str, Any], list[str]]:
        bench, owned = self.bench, len(self.bench.calls)
        instance_id = bench.start(process_id)
        waiting = list(bench.advance(instance_id).claimed)
        for _ in range(2000):
            if self.crashes:
                bench.forget()
            self.look(instance_id)
            if bench.state(instance_id) == "completed":
                keys = [step.key.removeprefix(instance_id) for step in bench.calls[owned:]]
                return bench.variables(instance_id), sorted(keys)
            moves = [*(self.done(instance_id, waiting, step) for step in waiting), *self.outside(instance_id, waiting)]
            assert moves, bench.standing(instance_id)
            self.draw.choice(moves)()
        raise AssertionError(f"it does not end: {bench.standing(instance_id)}")

    def done(self, instance_id: str, waiting: list[Any], step: Any) -> Callable[[], None]:
        def move() -> None:
            waiting.remove(step)
            waiting.extend(self.bench.advance(instance_id, [self.bench.call(step)]).claimed)

        return move

    def outside(self, instance_id: str, waiting: list[Any]) -> list[Callable[[], None]]:
        """Time passes only when nothing else can happen, so that it decides nothing."""
        moves: list[Callable[[], None]] = []
        for each in self.bench.tokens(instance_id):
            if each.kind in ("message", "callback"):
                moves.append(lambda each=each: self.bench.publish(each.name, each.correlation, r=each.element_id))
            elif each.kind == "user_task":
                task = f"{instance_id}:{each.number}"
                moves.append(lambda task=task: self.complete(task))
        if not moves and not waiting:
            moves.append(lambda: self.bench.clock.advance(timedelta(minutes=1)))

        def then(move: Callable[[], Any]) -> Callable[[], None]:
            def both() -> None:
                move()
                if self.crashes:
                    self.bench.forget()
                waiting.extend(self.bench.advance(instance_id).claimed)

            return both

        return [then(move) for move in moves]

    def complete(self, task: str) -> None:
        with self.bench.database.transaction() as tx:
            self.bench.engine.complete_task(tx, task, {}, "ann")

    def look(self, instance_id: str) -> None:
        """Promises that hold after every commit."""
        assert self.bench.incidents(instance_id) == []
        assert None not in {each.kind for each in self.bench.tokens(instance_id)}


@pytest.mark.parametrize("group", range(4))
def test_a_random_flow_ends_alike_uninterrupted_crashing_and_in_any_order(bench: Bench, group: int) -> None:
    for seed in range(group * 3, group * 3 + 3):
        diagram, called = draw_flow(seed)
        for each in called:
            bench.deploy(each)
        process_id = bench.deploy(diagram)
        expected = Player(bench, random.Random(0), crashes=False).play(process_id)
        for order in (1, 2):
            for crashes in (False, True):
                found = Player(bench, random.Random(order), crashes).play(process_id)
                assert (found[0], sorted(set(found[1]))) == (expected[0], sorted(set(expected[1]))), seed
    with bench.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(token.c.open == 1)).scalar_one() == 0
        assert set(connection.execute(sa.select(variable.c.scope).distinct()).scalars()) <= {""}
        assert watchdog.find_stalled(connection, bench.clock.now() + timedelta(days=1)) == []
