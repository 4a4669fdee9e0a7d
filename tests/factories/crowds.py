"""Everybody at one instance: messages, people, operators, timers and results, each from threads of their own."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.core.errors import TurnupError
from app.engine import queries, watchdog
from app.engine.messages import MessageIn
from app.engine.operators import Operators
from app.engine.spiff.index import COMPLETED
from app.engine.tables import history, message_delivery, token
from app.handling import Done, Refused, Work, handles
from tests.factories.diagrams import Diagram
from tests.factories.sites import Site
from tests.factories.triggers import message, timer
from tests.unit.dispatch.waiting import until

TICKS = 20


@handles("t.shaky")
def shaky(work: Work) -> Done | Refused:
    """Falls out at every third of its steps, until somebody retries or skips it."""
    is_third = work.attempt == 1 and sum(work.key.encode()) % 3 == 0
    return Refused("not_now") if is_third else Done()


def flow(rounds: int) -> Diagram:
    """Three loops side by side, two event sub-processes that interrupt nothing, and a person who closes it."""
    diagram = Diagram("crowd").start("s").end("e").parallel("f").parallel("j").chain("s", "f").user("close")
    for name in ("a", "b", "u"):
        count = f"n_{name}"
        diagram.xor(f"again_{name}").xor(f"done_{name}", default=f"out_{name}").script(
            f"count_{name}", f"={count} + 1", count
        )
        diagram.chain("f", f"again_{name}").chain(f"count_{name}", f"done_{name}")
        diagram.flow(f"done_{name}", f"again_{name}", f"={count} < {rounds}")
        diagram.flow(f"done_{name}", "j", id=f"out_{name}")
    diagram.service("a", "t.shaky").chain("again_a", "a", "count_a")
    diagram.catch("w", message("order", "=key")).service("b", "t.shaky").chain("again_b", "w", "b", "count_b")
    diagram.user("u").chain("again_u", "u", "count_u")
    for name, trigger in (("note", message("note", "=key")), ("tick", timer(f"R{TICKS}/PT0.05S", "timeCycle"))):
        inner = (
            Diagram(name)
            .start(f"{name}_s", trigger, interrupting=False)
            .service(f"{name}_t", "t.shaky")
            .end(f"{name}_e")
        )
        diagram.event_sub(name, inner.chain(f"{name}_s", f"{name}_t", f"{name}_e"))
    return diagram.chain("j", "close", "e")


@dataclass
class Crowd:
    """`rounds` bounds all that is done; every thread ends when the rest is done, or fails the test."""

    site: Site
    rounds: int
    draw: random.Random
    sent: list[str] = field(default_factory=list)
    acted: list[str] = field(default_factory=list)  # each thread appends what it did
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.operators = Operators(self.site.engine)
        self.site.deploy(flow(self.rounds))
        self.instance_id = self.site.start("crowd", key="k", n_a=0, n_b=0, n_u=0)

    def play(self) -> None:
        parts = [
            self.send("order"),
            self.send("note"),
            self.do_tasks(),
            self.do_tasks(),
            self.settle(),
            self.settle(),
            self.pause(),
        ]
        with ThreadPoolExecutor(len(parts)) as pool:
            running = [pool.submit(self._drive, part) for part in parts]
            until(self._is_quiet, 300)
            self.over.set()
            for each in running:
                each.result(60)
        self._close()

    def _drive(self, moves: Iterator[Callable[[], None]]) -> None:
        for move in moves:
            try:
                move()
            except TurnupError:  # somebody else was first
                continue
            if self.over.wait(self.draw.uniform(0.0, 0.01)):
                return

    def send(self, name: str) -> Iterator[Callable[[], None]]:
        for number in range(self.rounds):
            yield lambda number=number: self._send(name, f"{name}-{number}")  # type: ignore[misc]

    def _send(self, name: str, message_id: str) -> None:
        with self.site.database.transaction() as tx:
            self.site.engine.publish(tx, MessageIn(name, "k", {}, message_id))
        self.sent.append(message_id)

    def do_tasks(self) -> Iterator[Callable[[], None]]:
        while not self.over.is_set():
            for number in self._standing("user_task", "u"):
                yield lambda number=number: self._complete(number)  # type: ignore[misc]
            yield lambda: None

    def _complete(self, number: int) -> None:
        with self.site.database.transaction() as tx:
            self.site.engine.complete_task(tx, f"{self.instance_id}:{number}", {}, "ann")

    def settle(self) -> Iterator[Callable[[], None]]:
        while not self.over.is_set():
            with self.site.database.reading() as connection:
                page = queries.list_incidents(
                    connection, instance_id=self.instance_id, state="open", limit=20, offset=0
                )
            for incident in page.items:
                yield lambda incident_id=incident.id: self._settle(incident_id)  # type: ignore[misc]
            yield lambda: None

    def _settle(self, incident_id: str) -> None:
        name = self.draw.choice(["retry", "retry", "skip"])
        more = ({},) if name == "skip" else ()
        with self.site.database.transaction() as tx:
            getattr(self.operators, name)(tx, incident_id, *more, by="olga", reason="because")
        self.acted.append(name)

    def pause(self) -> Iterator[Callable[[], None]]:
        while not self.over.is_set():
            for name in ("suspend", "resume"):
                yield lambda name=name: self._operate(name)  # type: ignore[misc]
            for _ in range(20):
                yield lambda: None

    def _operate(self, name: str) -> None:
        with self.site.database.transaction() as tx:
            getattr(self.operators, name)(tx, self.instance_id, by="olga", reason="because")
        self.acted.append(name)

    def _is_quiet(self) -> bool:
        """Nothing left but the person who closes, and what stands by."""
        with self.site.database.reading() as connection:
            tokens = queries.open_tokens(connection, self.instance_id)
        left = {each.element_id for each in tokens} - {"close", "note_s", "tick_s"}
        return not left and len(self.sent) == 2 * self.rounds and self._done("note_t") == self.rounds

    def _close(self) -> None:
        with self.site.database.transaction() as tx:
            if self.site.engine.desk.instances.load(tx, self.instance_id).suspended:
                self.operators.resume(tx, self.instance_id, by="olga", reason="because")
                self.acted.append("resume")
        (number,) = self._standing("user_task", "close")
        self._complete(number)
        until(lambda: self.site.is_completed(self.instance_id), 60)

    def _standing(self, kind: str, element_id: str) -> list[int]:
        with self.site.database.reading() as connection:
            tokens = queries.open_tokens(connection, self.instance_id)
        return [each.number for each in tokens if (each.kind, each.element_id) == (kind, element_id)]

    def _done(self, element_id: str) -> int:
        done = sa.select(sa.func.count()).where(
            token.c.instance_id == self.instance_id, token.c.element_id == element_id, token.c.state == COMPLETED
        )
        with self.site.database.reading() as connection:
            return int(connection.execute(done).scalar_one())

    def check(self) -> None:
        """Nothing lost, nothing twice."""
        assert {name: self._done(name) for name in ("a", "b", "u", "w", "note_t")} == dict.fromkeys(
            ("a", "b", "u", "w", "note_t"), self.rounds
        )
        assert 0 < self._done("tick_t") <= TICKS
        with self.site.database.reading() as connection:
            keys = list(connection.execute(sa.select(token.c.step_key).where(token.c.step_key.is_not(None))).scalars())
            assert [key for key, count in Counter(keys).items() if count > 1] == []
            rows = connection.execute(sa.select(history.c.kind, history.c.detail)).all()
            taken = Counter(row.detail["message_id"] for row in rows if row.kind == "message")
            assert taken == Counter(self.sent)
            delivered = connection.execute(sa.select(sa.func.count()).select_from(message_delivery)).scalar_one()
            assert delivered == 2 * self.rounds
            told = Counter(row.detail["action"] for row in rows if row.kind == "action")
            assert {name: told[name] for name in set(self.acted)} == dict(Counter(self.acted))
            assert connection.execute(sa.select(sa.func.count()).where(token.c.open == 1)).scalar_one() == 0
            assert watchdog.find_stalled(connection, datetime.now(UTC) + timedelta(hours=1)) == []
