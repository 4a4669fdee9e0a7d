"""Where an instance is opened by somebody other than a worker: locked, moved on, written."""

from functools import partial

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.types import to_microseconds
from app.core.wakeups import Wakeups
from app.engine.callees import Callees, ProgramSource
from app.engine.decisions import Decisions
from app.engine.instances import Instances
from app.engine.past import read_past
from app.engine.spiff.live import Live
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
    ) -> None:
        self.registry = registry
        self.clock = clock
        self.wakeups = wakeups
        self.instances = instances
        self._programs = programs
        self._decisions = decisions

    def open(self, tx: Transaction, instance_id: str) -> Live:
        live = self.instances.load(tx, instance_id, locked=True)
        live.now = to_microseconds(self.clock.now())
        self.give_reads(tx, live)
        return live

    def give_reads(self, tx: Transaction, live: Live) -> None:
        """What the instance may ask of the store while it runs, in this transaction."""
        live.decide = partial(self._decisions.evaluate, tx.connection)
        live.past = partial(read_past, tx.connection)
        live.callees = Callees(self._programs, tx.connection)

    def go_on(self, tx: Transaction, live: Live) -> None:
        """Run on without claiming: steps that became ready are a worker's, unless the instance is suspended."""
        live.run()
        self.instances.checkpoint(tx, live, wake_at=None if live.suspended else live.now)
        if not live.suspended:
            self.wakeups.wake(tx, live.instance_id)
