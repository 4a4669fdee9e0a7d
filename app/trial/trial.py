"""One flow that is tried out: what a worker, a clock, other systems and people would do, one move at a time.

Nothing happens by itself: a step waits for its answer, a timer for the clock to be moved on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from app.core.db import Transaction
from app.core.errors import Conflict, NotFound
from app.engine import queries
from app.engine.messages import MessageIn
from app.engine.outcomes import Failed
from app.engine.queries import TokenView
from app.engine.starts import StartRequest
from app.engine.steps import ClaimedStep, StepResult
from app.handling.faults import BadParameter
from app.trial.answering import UNDO, Answering
from app.trial.answers import Answer
from app.trial.events import Event, wait_for
from app.trial.laboratory import LaboratoryAway, Notice, Post
from app.trial.scratch import Scratch

OWNER = "trial"
PERSON = "trial"
MOST_STEPS = 2_000  # answered in one trial
MOST_TURNS = 500  # of instances that wake one another
LONGEST_S = 10.0  # for one move


class Trial:
    """`results` and `events` are what was done, as a scenario has it. One thread at a time.

    `coming` is what the systems behind `post` will tell, as far as is known.
    """

    def __init__(self, scratch: Scratch, answering: Answering, post: Post | None = None) -> None:
        self.scratch = scratch
        self.answering = answering
        self.coming: list[Notice] = []
        self._post = post
        self.process_id = scratch.needed.tried.process_id
        self.began_at = scratch.clock.now()
        self.instance_id: str | None = None
        self.variables: dict[str, Any] = {}
        self.business_key: str | None = None
        self.pending: list[ClaimedStep] = []
        self.results: dict[str, list[Answer]] = {}
        self.events: list[Event] = []
        self.moves: list[Answer | Event] = []
        self.answered = 0
        self._due: dict[str, datetime] = {}
        self._until = 0.0

    def close(self) -> None:
        self.scratch.close()

    # moves
    def start(self, variables: Mapping[str, Any], business_key: str | None = None) -> None:
        """Begin. A process that only events start stands by for them."""
        self._hurry()
        self.variables, self.business_key = dict(variables), business_key
        if self.scratch.needed.tried.none_start is None:
            return
        request = StartRequest(self.process_id, dict(variables), business_key=business_key)
        with self.scratch.database.transaction(synced=False) as tx:
            self.instance_id = self.scratch.engine.start(tx, request).instance_id
        self._settle()

    def step(self, answer: Answer | None = None) -> None:
        """Answer the first step that waits for it; Conflict when none does."""
        self._answer(answer)
        self._fetch_if_there()

    def _answer(self, answer: Answer | None) -> None:
        if not self.pending:
            raise Conflict("No step waits for its handler. Move the clock, send a message or complete a task.")
        if self.answered >= MOST_STEPS:
            raise Conflict(f"{MOST_STEPS:,} steps were answered, which is as many as a trial may take.")
        self._hurry()
        step, place = self.pending[0], self.place_of(self.pending[0])
        handler = self.scratch.registry.get(step.handler)
        assert handler is not None  # a step without one is not claimed
        given = answer or self.answering.answer(place, step, handler)
        outcome = given.outcome()
        try:
            handler.bind(step.inputs)
        except BadParameter as error:  # as a worker would say it
            outcome = Failed("BadParameter", error.message, retry=False, detail=dict(error.facts))
        self.pending.pop(0)
        self.answered += 1
        self.results.setdefault(place, []).append(given)
        self.moves.append(given)
        self._advance(step.instance_id, [StepResult(step.number, step.attempt, outcome)])
        self._settle()

    def run(self) -> None:
        """Answer step after step, until none waits."""
        ends_at = time.monotonic() + LONGEST_S
        while self.pending:
            if time.monotonic() > ends_at:
                raise Conflict(f"The flow went on for {LONGEST_S:g} s and was halted: does it go round without end?")
            self._answer(None)
        self._fetch_if_there()

    def act(self, event: Event) -> None:
        """Let something happen; Conflict or NotFound when it cannot. Who waits is told on the way what is due."""
        for each in self._told_meanwhile(event):
            self._happen(each)

    def _happen(self, event: Event) -> None:
        self._hurry()
        event = event.during(self.place_of(self.pending[0]) if self.pending else None)
        _ACTS[event.kind](self, event)
        self.events.append(event)
        self.moves.append(event)
        self._settle()

    def again(self, moves: Sequence[Answer | Event]) -> None:
        """What was done in another process, once more."""
        for move in moves:
            if isinstance(move, Answer):
                self._answer(move)
            else:
                self._happen(move)
        if moves:
            self._fetch_if_there()

    # what systems tell
    def _fetch_if_there(self) -> None:
        """What was done is done, be the laboratory away now: who lets time pass is told."""
        with suppress(LaboratoryAway):
            self._fetch()

    def _fetch(self) -> None:
        if self._post is not None:
            known = {each.notice for each in self.events}
            self.coming = [each for each in self._post.coming() if each.id not in known]

    def _told_meanwhile(self, event: Event) -> Iterator[Event]:
        """A wait, with each message at its time: a scenario has them as they came, and needs no laboratory."""
        due, until = self._due_meanwhile(event) if event.kind == "wait" else ([], None)
        if until is None or not due:
            yield event
            return
        for each in due:
            yield from _wait_until(each.due_at, self.scratch.clock.now())
            yield Event("message", each.name, each.key, each.variables, notice=each.id)
        self.coming = [each for each in self.coming if each not in due]
        yield from _wait_until(until, self.scratch.clock.now())

    def _due_meanwhile(self, wait: Event) -> tuple[list[Notice], datetime | None]:
        """What is told until its end, and when that is; None: nothing is due."""
        self._fetch()
        until = self.next_due() if wait.lasts is None else self.scratch.clock.now() + wait.lasts
        return [each for each in self.coming if until is not None and each.due_at <= until], until

    # what happens
    def _wait(self, event: Event) -> None:
        """Until the next time that something is due, or for so long, with all that is due on the way."""
        if event.lasts is None:
            self._move_clock(self._next_timer() or self._nothing_due())
            return
        ends_at = self.scratch.clock.now() + event.lasts
        while (due := self._next_timer()) is not None and due <= ends_at:
            self._move_clock(due)
        self._move_clock(ends_at)

    def _nothing_due(self) -> datetime:
        raise Conflict("Nothing waits for a time. Send a message, complete a task, or answer a step.")

    def _move_clock(self, to: datetime) -> None:
        self.scratch.clock.advance(max(to - self.scratch.clock.now(), timedelta(0)))
        with self.scratch.database.transaction(synced=False) as tx:
            self.scratch.engine.start_due(tx)
        self._settle()

    def _publish(self, event: Event) -> None:
        with self.scratch.database.transaction(synced=False) as tx:
            self.scratch.engine.publish(tx, MessageIn(event.name, event.key, dict(event.variables)))

    def _broadcast(self, event: Event) -> None:
        with self.scratch.database.transaction(synced=False) as tx:
            self.scratch.engine.broadcast(tx, event.name, dict(event.variables))

    def _complete(self, event: Event) -> None:
        instance_id, task = self._standing(event.name, "user_task")
        with self.scratch.database.transaction(synced=False) as tx:
            self.scratch.engine.complete_task(tx, f"{instance_id}:{task.number}", dict(event.variables), PERSON)

    def _retry(self, event: Event) -> None:
        self._operate(event, lambda tx, each: self.scratch.operators.retry(tx, each, PERSON, "trial"))

    def _skip(self, event: Event) -> None:
        outputs = dict(event.variables)
        self._operate(event, lambda tx, each: self.scratch.operators.skip(tx, each, outputs, PERSON, "trial"))

    def _operate(self, event: Event, act: Callable[[Transaction, str], None]) -> None:
        instance_id, token = self._standing(event.name, "incident")
        with self.scratch.database.transaction(synced=False) as tx:
            found = queries.list_incidents(tx.connection, instance_id=instance_id, state="open", limit=100, offset=0)
            act(tx, next(each.id for each in found.items if each.number == token.number))

    def _standing(self, place: str, kind: str) -> tuple[str, TokenView]:
        for instance_id, token in self.tokens():
            if token.kind == kind and self.place(instance_id, token.element_id or "", token.call) == place:
                return instance_id, token
        raise NotFound(f"Nothing waits at '{place}' as {kind.replace('_', ' ')}. Look where the flow stands.")

    # going on
    def _settle(self) -> None:
        """Let everything go on that was woken or has something due, until it waits."""
        for _ in range(MOST_TURNS):
            now = self.scratch.clock.now()
            due = [each for each, at in self._due.items() if at <= now]
            going_on = dict.fromkeys([*self.scratch.woken.take(), *due])
            if not going_on:
                self._find_instance()
                return
            for instance_id in going_on:
                self._advance(instance_id)
        raise Conflict(f"Instances have woken one another {MOST_TURNS} times: do they message each other without end?")

    def _advance(self, instance_id: str, results: Sequence[StepResult] = ()) -> None:
        if time.monotonic() > self._until:
            raise Conflict(f"The flow went on for {LONGEST_S:g} s and was halted: does it go round without end?")
        with self.scratch.database.transaction(synced=False) as tx:
            advanced = self.scratch.engine.advance(tx, instance_id, OWNER, results)
            open_ = {each.number for each in queries.open_tokens(tx.connection, instance_id) if each.kind == "claim"}
        self.pending = [
            each
            for each in [*self.pending, *advanced.claimed]
            if each.instance_id != instance_id or each.number in open_
        ]
        if advanced.next_due is None:
            self._due.pop(instance_id, None)
        else:
            self._due[instance_id] = advanced.next_due

    def _hurry(self) -> None:
        self._until = time.monotonic() + LONGEST_S

    def _find_instance(self) -> None:
        if self.instance_id is None:
            self.instance_id = next(iter(self.instances(self.process_id)), None)

    # what it has come to
    def next_due(self) -> datetime | None:
        """When the next timer is due, or the next message comes from the laboratory."""
        now = self.scratch.clock.now()
        times = [self._next_timer(), *(max(each.due_at, now) for each in self.coming)]
        return min((each for each in times if each is not None), default=None)

    def _next_timer(self) -> datetime | None:
        with self.scratch.database.reading() as connection:
            triggers = queries.start_triggers(connection, self.process_id)
        times = [*self._due.values(), *(each.due_at for each in triggers if each.due_at is not None)]
        return min(times, default=None)

    def instances(self, process_id: str | None = None) -> list[str]:
        """In the order in which they began."""
        with self.scratch.database.reading() as connection:
            page = queries.list_instances(connection, process_id=process_id, limit=200, offset=0)
        return sorted(row.id for row in page.items)

    def tokens(self) -> list[tuple[str, TokenView]]:
        """Where every instance stands, what is tried first."""
        ids = sorted(self.instances(), key=lambda each: each != self.instance_id)
        with self.scratch.database.reading() as connection:
            return [(each, token) for each in ids for token in queries.open_tokens(connection, each)]

    def place(self, instance_id: str, element_id: str, call: int) -> str:
        """What a scenario calls an element: its id, after the process's where that is not the one that is tried."""
        with self.scratch.database.reading() as connection:
            if call:
                return f"{queries.get_call(connection, instance_id, call).process_id}/{element_id}"
            if instance_id != self.instance_id and self.instance_id is not None:
                return f"{queries.get_instance(connection, instance_id, waits=False).process_id}/{element_id}"
        return element_id

    def place_of(self, step: ClaimedStep) -> str:
        with self.scratch.database.reading() as connection:
            found = queries.elements_of(connection, step.instance_id, [step.number])
        call = found[step.number][1] if step.number in found else 0
        return self.place(step.instance_id, step.element_id, call) + (UNDO if step.undoes is not None else "")


def _wait_until(until: datetime, now: datetime) -> Iterator[Event]:
    if until > now:
        yield wait_for(until - now)


_ACTS: Mapping[str, Callable[[Trial, Event], None]] = {
    "wait": Trial._wait,
    "message": Trial._publish,
    "signal": Trial._broadcast,
    "complete": Trial._complete,
    "retry": Trial._retry,
    "skip": Trial._skip,
}
