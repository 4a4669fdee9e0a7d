"""A dashboard over a real engine and a real SQLite file, with network elements that do as a test says.

world = World(tmp_path)
instance_id = world.start("ORD-1")
world.olt.refuse = "port_taken"
world.work()            # does whatever is due, in this thread
world.app               # the Flask application
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

from app.core.clock import Clock, FixedClock
from app.core.db import Database, Transaction, metadata
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.dashboard.build import build_dashboard
from app.dashboard.parts import DashboardParts
from app.dispatch.attempt import Attempts, Outside
from app.engine.doors import Engine
from app.engine.messages import MessageIn
from app.engine.migration import doors as migration
from app.engine.migration.surveys import Surveys
from app.engine.operators import Operators
from app.engine.retries import Retries
from app.engine.starts import StartRequest
from app.engine.steps import StepResult
from app.engine.sweeps import due_instances
from app.handling import Backoff, Done, Refused, Work, handles
from app.handling.registry import Registry
from app.identity.provider import ProviderSettings
from app.trial.room import Trials
from app.trial.saved import Readings, SavedScenarios
from app.web.files import StaticFiles
from app.web.personal import PersonalData
from app.web.rates import Rate
from app.web.shield import install_shield
from tests.factories.people import add_user, an_identity

ROOT = Path(__file__).parents[2]
DRAWN = Path(__file__).parent / "drawn"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Silent(Exception):
    """The node did not answer."""


@dataclass
class Olt:
    """An access node; `refuse` and `silent` by serial number, or "" for every one."""

    refuse: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def handlers(self) -> list[Any]:
        @handles("olt.activate_ont", retry=Backoff(first_s=10, factor=3, tries=3))
        def activate_ont(
            work: Work, serial: str, port: str, speed_mbps: int, tags: list[str] | None = None
        ) -> Done | Refused:
            """Put the customer's ONT in service.

            Raises   Refused("port_taken") if another ONT holds the port
                     Refused("unknown_serial") if no such ONT is seen on the fibre
            """
            self.seen.append({"serial": serial, "port": port, "speed_mbps": speed_mbps, "by": work.attempt})
            code = self.refuse.get(serial) or self.refuse.get("")
            if code:
                return Refused(code, f"{port} on lon-3 serves another ONT", {"port": port})
            if serial in self.silent or "" in self.silent:
                raise Silent(f"lon-3 did not answer within 4 s for {serial}")
            return Done(ont_id=f"ont-{serial}")

        @handles("billing.start")
        def start_billing(work: Work, order_id: str) -> Done:
            """Start to bill the service."""
            return Done(billing_id=f"bill-{order_id}")

        return [activate_ont, start_billing]


class NobodyWakes:
    """A world is worked on by hand."""

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        """The database says what is due."""


class Compiled(BytecodeCache):
    """Templates of every world of this process: their source says whether they are the same."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@cache
def empty_tables() -> bytes:
    """A file of SQLite's with every table."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        metadata.create_all(database.engine)
        database.close()
        return Path(folder, "empty.db").read_bytes()


class World:
    def __init__(
        self,
        folder: Path,
        clock: Clock | None = None,
        provider: ProviderSettings | None = None,
        personal: PersonalData | None = None,
    ) -> None:
        self.clock = clock or FixedClock(NOON)
        self.olt = Olt()
        self.registry = Registry(self.olt.handlers())
        (folder / "turnup.db").write_bytes(empty_tables())
        self.database = Database(f"sqlite:///{folder / 'turnup.db'}")
        self.engine = Engine(self.registry, self.clock, NobodyWakes())
        self.operators = Operators(self.engine)
        many = {**Retries(self.operators).kinds(), **Surveys(self.engine).kinds()}
        kinds = Kinds({migration.KIND: migration.Migrations(self.engine).work, **many})
        self.jobs = Jobs(kinds, self.clock)
        self._runner = JobRunner(self.database, kinds, self.clock, get_logger("tests"))
        self._attempts = Attempts(self.clock, Outside(), get_logger("tests"))
        self.identity = an_identity(self.database, self.clock, provider)
        add_user(self.identity, "Grace", "admin")
        self.personal = personal or PersonalData()
        self.trials = Trials(self.registry, self.clock)
        self.scenarios = folder / "scenarios"
        self.app = self.serve()
        self.deploy("activate")

    def serve(self, per_s: float = 100_000, **parts: Any) -> Flask:
        """One of any number of servers on the same database."""
        app = Flask("turnup-tests", static_folder=None)
        app.jinja_env.bytecode_cache = COMPILED
        StaticFiles(ROOT / "static").install(app)
        install_shield(app)
        doors = (self.database, self.engine, self.operators, self.registry, self.clock, self.identity, self.jobs)
        parts.setdefault("readings", Readings(SavedScenarios(self.scenarios), self.trials))
        build_dashboard(app, DashboardParts(*doors, Rate(per_s), self.trials, self.personal, **parts))
        return app

    def close(self) -> None:
        self.trials.close_all()
        self.database.close()

    def deploy(self, name: str) -> None:
        with self.database.transaction() as tx:
            self.engine.deploy(tx, (DRAWN / f"{name}.bpmn").read_bytes())

    def start(self, business_key: str, process_id: str = "activate", **variables: Any) -> str:
        given = {"order_id": business_key, "serial": f"ALCL-{business_key}", "port": "1/1/7", "speed_mbps": 500}
        with self.database.transaction() as tx:
            request = StartRequest(process_id, {**given, **variables}, business_key=business_key)
            return self.engine.start(tx, request).instance_id

    def send(self, name: str, key: str, variables: Mapping[str, Any] | None = None) -> None:
        with self.database.transaction() as tx:
            self.engine.publish(tx, MessageIn(name, key, dict(variables or {})))

    def pass_time(self, seconds: float) -> None:
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(timedelta(seconds=seconds))
        self.work()

    def work(self) -> None:
        """Do everything that is due now, until nothing is."""
        while True:
            with self.database.reading() as connection:
                due = due_instances(connection, self.clock.now())
            if not due:
                return
            for instance_id in due:
                self._advance(instance_id)

    def work_at_jobs(self, seconds: int = 1) -> None:
        """As an installation does, second by second: bulk work, and whatever becomes due with it."""
        for _ in range(seconds):
            self._runner.tick(budget_s=5)
            self.pass_time(1)

    def _advance(self, instance_id: str) -> None:
        results: list[StepResult] = []
        while True:
            with self.database.transaction() as tx:
                advanced = self.engine.advance(tx, instance_id, "tests", results)
            if not advanced.claimed:
                return
            results = []
            for step in advanced.claimed:
                handler = self.registry.get(step.handler)
                assert handler is not None
                outcome = self._attempts.make(step, handler, self.clock.now())
                results.append(StepResult(step.number, step.attempt, outcome))
