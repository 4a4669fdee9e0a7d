"""Where an instance is opened by somebody other than a worker: locked, moved on, written."""

from functools import partial

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.types import to_microseconds
from app.core.wakeups import Wakeups
from app.engine import form_versions, inbox
from app.engine.callees import Callees, ProgramSource
from app.engine.decisions import Decisions
from app.engine.exchange import Exchange
from app.engine.instances import Instances
from app.engine.past import read_past
from app.engine.spiff.live import Live
from app.engine.spiff.watch import Watch
from app.handling.registry import Registry


class Desk:
    """What the engine's doors share. Nobody else writes an instance from `open` until the transaction ends."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        wakeups: Wakeups,
        instances: Instances,
        programs: ProgramSource,
        decisions: Decisions,
        watch: Watch | None = None,
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.wakeups = wakeups
        self.exchange = Exchange(registry, clock, wakeups)
        self.instances = instances
        self.programs = programs
        self._decisions = decisions
        self._watch = watch

    def open(self, tx: Transaction, instance_id: str) -> Live:
        """The instance with all that has come to it; a suspended one leaves that where it is."""
        live = self.instances.load(tx, instance_id, locked=True)
        self.ready(tx, live)
        if not live.suspended:
            live.look_again()
            self.exchange.receive(tx, live)
        return live

    def ready(self, tx: Transaction, live: Live) -> None:
        """Its instant, and what it may ask of the store while it runs, in this transaction."""
        live.now = to_microseconds(self.clock.now())
        live.decide = partial(self._decisions.evaluate, tx.connection)
        live.find_form = partial(form_versions.find, tx.connection)
        live.past = partial(read_past, tx.connection)
        live.callees = Callees(self.programs, tx.connection)
        live.watch = self._watch

    def go_on(self, tx: Transaction, live: Live) -> None:
        """Run on without claiming: steps that became ready are a worker's, unless the instance is suspended."""
        self.exchange.settle(tx, live)
        self.store(tx, live, wake_at=None if live.suspended else live.now)
        if not live.suspended:
            self.wakeups.wake(tx, live.instance_id)

    def close(self, tx: Transaction, live: Live) -> None:
        """It has been ended; others may have what was on its way to it."""
        live.woken = True  # a suspended one may have been looked at without that being taken
        self.exchange.receive(tx, live)
        self.store(tx, live)

    def store(self, tx: Transaction, live: Live, wake_at: int | None = None) -> None:
        """A checkpoint, and what follows from the end of an instance."""
        if live.ended and live.start_key is not None:
            inbox.lock_start(tx, live.process_id, live.start_key)
        if live.again:
            live.again, wake_at = False, live.now
            self.wakeups.wake(tx, live.instance_id)
        self.instances.checkpoint(tx, live, wake_at)
        if live.ended:
            self.exchange.ended(tx, live)
