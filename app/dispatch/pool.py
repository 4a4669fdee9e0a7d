"""The threads that advance instances and run handlers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.dispatch.ranked import Ranked

# Hands whose handlers are quick need no usher: two threads would only take turns at the database; and where steps are
# left to other workers, one that is free in a moment should not have been asked.
PATIENCE_S, PATIENCE_WITH_OTHERS_S = 0.02, 0.2
LONGEST_S = 1.0  # that a visit waits for hands that are busy with the engine themselves

Visited = TypeVar("Visited")
Step = TypeVar("Step")


@dataclass(frozen=True, slots=True)
class Load:
    """The pool at one moment."""

    hands: int  # those that work, or could
    idle: int
    strays: int
    steps: int  # claimed, and waiting for a hand
    visits: int


class Hand(threading.Thread):
    """`stray`: its handler overran its time limit, the slot was given to another thread, and it ends on its return."""

    stray = False


class Pool(Generic[Visited, Step]):
    """A fixed number of hands, and one usher.

    `visit(place, may_run)` advances an instance and, if it may, goes on to run a handler; `perform(step)` runs one.
    What is more urgent is taken first, whatever it is. Among equals hands take steps before visits, for they are
    claimed already, and of either what has waited longest. While handlers keep every hand busy the usher makes the
    visits, running no handler: an order's own timer or cancellation never waits for some other order's slow system.
    While a hand is at the engine's own work the usher would only contend with it for the interpreter and the database;
    it waits for longer then.
    """

    def __init__(
        self,
        hands: int,
        visit: Callable[[Visited, bool], None],
        perform: Callable[[Step], None],
        patience_s: float = PATIENCE_S,
        in_handlers: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """`in_handlers`: how many hands are inside a handler now; it must not wait for anything."""
        self._visit = visit
        self._perform = perform
        self._patience_s = patience_s
        self._in_handlers = in_handlers
        self._on_idle: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._hands_wanted = threading.Condition(self._lock)
        self._usher_wanted = threading.Condition(self._lock)
        self._steps: Ranked[Step] = Ranked()
        self._visits: Ranked[tuple[Visited, float]] = Ranked()  # and since when
        self._idle = 0
        self._usher_sleeps = False  # until it is called; it may also rest until what waits has waited long enough
        self._stopping = False
        self._count = hands
        self._threads: set[threading.Thread] = set()

    def start(self, on_idle: Callable[[], None] = lambda: None) -> None:
        """`on_idle` is told whenever a hand finds nothing to do; it must not wait for anything."""
        self._on_idle = on_idle
        for _ in range(self._count):
            self._add(Hand(target=self._hand, name="turnup-hand", daemon=True))
        self._add(threading.Thread(target=self._usher, name="turnup-usher", daemon=True))

    def _add(self, thread: threading.Thread) -> None:
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def put_visit(self, place: Visited, priority: int) -> None:
        with self._lock:
            self._visits.put((place, time.monotonic()), priority)
            if self._idle:
                self._hands_wanted.notify()
            else:
                self._call_usher()

    def put_step(self, step: Step, priority: int) -> None:
        with self._lock:
            self._steps.put(step, priority)
            self._hands_wanted.notify()

    def outranks(self, priority: int) -> bool:
        """Whether something more urgent than that waits for a hand."""
        with self._lock:
            return min(self._steps.rank(), self._visits.rank()) < priority

    def replace(self, hand: threading.Thread) -> None:
        """The hand is lost in a handler: another takes its place now, and it leaves when it comes back."""
        if isinstance(hand, Hand) and not hand.stray:
            hand.stray = True
            self._add(Hand(target=self._hand, name="turnup-hand", daemon=True))

    def free(self) -> int:
        """Hands that nothing waits for; less than nothing when things wait for hands."""
        with self._lock:
            return self._idle - len(self._steps) - len(self._visits)

    def visits_waiting(self) -> int:
        with self._lock:
            return len(self._visits)

    def strays(self) -> int:
        with self._lock:
            return sum(1 for thread in self._threads if isinstance(thread, Hand) and thread.stray)

    def load(self) -> Load:
        with self._lock:
            strays = sum(1 for thread in self._threads if isinstance(thread, Hand) and thread.stray)
            hands = sum(1 for thread in self._threads if isinstance(thread, Hand)) - strays
            return Load(hands, self._idle, strays, len(self._steps), len(self._visits))

    def stop(self) -> list[Visited]:
        """Nothing more is taken. The visits that waited, for the caller to see to."""
        with self._lock:
            self._stopping = True
            self._hands_wanted.notify_all()
            self._usher_wanted.notify_all()
            return [place for place, _ in self._visits.empty()]

    def join(self, timeout_s: float) -> bool:
        """Whether every thread but the strays has ended within the time."""
        until = time.monotonic() + timeout_s
        for thread in self._expected():
            thread.join(max(0.0, until - time.monotonic()))
        return not self._expected()

    def _expected(self) -> list[threading.Thread]:
        with self._lock:
            return [t for t in self._threads if t.is_alive() and not (isinstance(t, Hand) and t.stray)]

    def _hand(self) -> None:
        me = threading.current_thread()
        try:
            while not getattr(me, "stray", False) and self._take():
                pass
        finally:
            self._left(me)

    def _take(self) -> bool:
        """Wait for one thing to do and do it; False when there will be no more."""
        with self._lock:
            self._idle += 1
            if not (self._stopping or self._steps or self._visits):
                self._on_idle()
            while not (self._stopping or self._steps or self._visits):
                self._hands_wanted.wait()
            self._idle -= 1
            if self._stopping:
                return False
            step = self._steps.take() if self._steps and self._steps.rank() <= self._visits.rank() else None
            place = self._visits.take()[0] if step is None else None
            if self._visits and not self._idle:
                self._call_usher()
        if step is not None:
            self._perform(step)
        elif place is not None:
            self._visit(place, True)
        return True

    def _call_usher(self) -> None:
        """Only out of its sleep: to wake it for each visit would cost more than most visits do."""
        if self._usher_sleeps:
            self._usher_wanted.notify()

    def _usher(self) -> None:
        while True:
            with self._lock:
                while not (self._stopping or (self._visits and not self._idle)):
                    self._usher_sleeps = True
                    self._usher_wanted.wait()
                self._usher_sleeps = False
                if self._stopping:
                    return
                rest_s = self._rest_s(time.monotonic() - self._visits.first()[1])
                if rest_s > 0:
                    self._usher_wanted.wait(rest_s)
                    continue
                place = self._visits.take()[0]
            self._visit(place, False)

    def _rest_s(self, waited_s: float) -> float:
        """How long the usher leaves a visit that has waited that long to the hands."""
        if waited_s < self._patience_s:
            return self._patience_s - waited_s
        at_the_engine = self._in_handlers() < self._count
        return min(self._patience_s, LONGEST_S - waited_s) if at_the_engine else 0.0

    def _left(self, hand: threading.Thread) -> None:
        with self._lock:
            self._threads.discard(hand)
            expected = self._stopping or getattr(hand, "stray", False)
        if not expected:
            # Only a defect of our own ends a hand early (it is on stderr by then); the slot must not go with it.
            self._add(Hand(target=self._hand, name="turnup-hand", daemon=True))
