"""Builds every part and joins them: the only wiring. Nothing happens before something here is called."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from app.api.build import ApiParts, build_api, build_health
from app.core.clock import Clock, SystemClock
from app.core.db import Database
from app.core.errors import InvalidInput, InvalidSetting
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger, scrub_with
from app.core.meters import Meters
from app.core.secrecy import Scrubber
from app.core.settings import OidcSettings, Settings
from app.core.tracing import Tracing
from app.dashboard.build import build_dashboard
from app.dashboard.parts import DashboardParts
from app.dispatch.attempt import Outside
from app.dispatch.distributed import Distributed
from app.dispatch.embedded import Embedded
from app.dispatch.gatekeeper import Gatekeeper
from app.dispatch.queued import QueuedWakeups
from app.dispatch.tally import Tally
from app.dispatch.upkeep import Upkeep
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.witness import Witness
from app.dispatch.worker import Worker
from app.engine.doors import Engine
from app.engine.migration import doors as migration
from app.engine.migration.surveys import Surveys
from app.engine.operators import Operators
from app.engine.personal import PersonalFields
from app.engine.processes import Processes
from app.engine.queries.backlog import count_backlog
from app.engine.retries import Retries
from app.engine.spiff.index import install
from app.engine.starts import is_accepted
from app.handling.registry import Registry
from app.identity.authority import Grant, read_grant
from app.identity.doors import Identity, build_identity
from app.identity.permissions import Permission
from app.identity.provider import ProviderSettings
from app.identity.secrets.keys import Keyring, keep_key, read_key_file, read_keys
from app.identity.secrets.lookup import Secrets, Source
from app.identity.secrets.sources import Environment, Files
from app.identity.secrets.store import Store
from app.trial.journal import Journals
from app.trial.room import Laboratory, Trials
from app.trial.saved import Readings, SavedScenarios
from app.watch.checks import dispatch_checks, store_checks, worker_checks
from app.watch.desk import Desk
from app.watch.figures import Backlog, Busy, FiguresSheet, Stored
from app.watch.readiness import Readiness
from app.watch.traces import open_tracing
from app.web.acting import may_see_personal
from app.web.callers import Callers
from app.web.files import StaticFiles
from app.web.intake import Intake
from app.web.openapi import create_app_shell
from app.web.personal import PersonalData
from app.web.rates import Rate
from app.web.watching import Watching

KEPT_KEYS = "secrets-key"
ROOT = Path(__file__).parent.parent
PROCESSES = ROOT / "processes"
STATIC = ROOT / "static"
SETTING = "TURNUP_SETTING_"
# Workers of two releases may run side by side: a handler that one lacks, another may have.
UNKNOWN_HANDLER_S = 60
UNUSED_S = 60  # between looks at trials that nobody uses
COLLECT_AFTER = (20_000, 10, 10)  # objects, then generations


@dataclass(frozen=True)
class EngineRoom:
    """What runs processes, with nobody to work in it: enough to check and deploy diagrams."""

    database: Database
    registry: Registry
    clock: Clock
    wakeups: LocalWakeups | QueuedWakeups
    engine: Engine
    operators: Operators
    processes: Processes
    migrations: migration.Migrations
    kinds: Kinds
    jobs: Jobs
    identity: Identity
    personal: PersonalFields

    def close(self) -> None:
        self.database.close()


@dataclass(frozen=True)
class Crew:
    """What runs orders in one process, once it is started, and what is told of it."""

    room: EngineRoom
    dispatch: Embedded | Distributed
    desk: Desk
    meters: Meters
    tracing: Tracing
    intake: Intake
    tally: Tally

    def start(self) -> None:
        self.dispatch.start()

    def stop(self, drain_s: float) -> bool:
        """Lets running handlers finish; whether they all did in time. The room stays open."""
        finished = self.dispatch.stop(drain_s)
        try:
            self.tally.store(self.room.database)
        except sa.exc.SQLAlchemyError as error:  # a database that is away takes the last seconds' figures with it
            get_logger("turnup.dispatch").warning("the last figures were not stored", error=repr(error))
        self.tracing.close()
        return finished


@dataclass(frozen=True)
class House(Crew):
    """One server process: a crew, and the pages and API that it is asked by."""

    app: Flask


def build_engine_room(settings: Settings) -> EngineRoom:
    """SQLite is for one process. On PostgreSQL any number of them share the work."""
    install()
    database = Database(settings.database_url, connections=max(24, settings.workers + 16))
    registry = Registry.scan()
    clock = SystemClock()
    wakeups = LocalWakeups(clock) if database.is_sqlite else QueuedWakeups(clock)
    engine = Engine(registry, clock, wakeups, patience_s=0 if database.is_sqlite else UNKNOWN_HANDLER_S)
    migrations, processes = migration.Migrations(engine), Processes(engine)
    operators = Operators(engine)
    many = {**processes.kinds(), **Retries(operators).kinds(), **Surveys(engine).kinds()}
    kinds = Kinds({migration.KIND: migrations.work, **many})
    jobs = Jobs(kinds, clock)
    personal = PersonalFields(database, settings.personal_fields | registry.personal_fields())
    identity = build_identity(
        database,
        clock,
        idle=settings.session_idle,
        longest=settings.session_longest,
        provider=read_provider(settings.oidc),
        four_eyes=read_four_eyes(settings.four_eyes),
    )
    parts = (engine, operators, processes, migrations, kinds, jobs, identity, personal)
    return EngineRoom(database, registry, clock, wakeups, *parts)


def read_provider(oidc: OidcSettings | None) -> ProviderSettings | None:
    """InvalidSetting for a role that there is not."""
    if oidc is None:
        return None
    roles: dict[str, list[Grant]] = {}
    try:
        for group, role in oidc.roles:
            roles.setdefault(group, []).append(read_grant(role, roles_only=True))
    except InvalidInput as error:
        raise InvalidSetting(f"TURNUP_OIDC_ROLES: {error.message}", variable="TURNUP_OIDC_ROLES") from error
    return ProviderSettings(**{**vars(oidc), "roles": roles})


def read_four_eyes(names: tuple[str, ...]) -> frozenset[Permission]:
    """InvalidSetting for what is no permission."""
    for name in names:
        if name not in [*Permission]:
            raise InvalidSetting(
                f"TURNUP_FOUR_EYES has {name!r}; expected permissions, separated by commas: {', '.join(Permission)}",
                variable="TURNUP_FOUR_EYES",
            )
    return frozenset(map(Permission, names))


def build_house(settings: Settings, environ: Mapping[str, str], too_many_strays: Callable[[], None]) -> House:
    """`too_many_strays` is to bring about the process's restart; see `Worker`."""
    crew = build_crew(settings, environ, too_many_strays)
    crew.desk.figures.add(Backlog(crew.intake.backlog))
    app = _build_app(settings, crew.room, crew.desk, crew.intake)
    Watching(crew.meters, crew.tracing).install(app)
    return House(**vars(crew), app=app)


def spare_collector() -> None:
    """What is loaded by now stays: Python's collector looks at it no more, which is a tenth of what a step costs.

    Once, before work begins, in a process that does nothing else. A step makes some thousand objects, nearly none of
    them in a cycle: to look for cycles after each 700, as Python does, is another twentieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def build_crew(settings: Settings, environ: Mapping[str, str], too_many_strays: Callable[[], None]) -> Crew:
    """Without handler threads it only keeps up what the workers of other processes run."""
    room = build_engine_room(settings)
    meters, tracing = Meters(), open_tracing(settings.traces, version("turnup"))
    tally = Tally(room.clock)
    witness = Witness(meters, tracing, tally)
    gatekeeper = Gatekeeper(room.database, room.engine.gates, room.wakeups, room.clock, get_logger("turnup.gates"))
    hand_on = room.wakeups.hand_on if isinstance(room.wakeups, QueuedWakeups) else None
    worker = Worker(
        room.database,
        room.engine,
        room.registry,
        room.clock,
        get_logger("turnup.worker"),
        threads=settings.workers,
        outside=read_outside(settings, environ, room.database, room.personal.names),
        lease_s=settings.lease_s,
        too_many_strays=too_many_strays,
        hand_on=hand_on,
        witness=witness,
        gate_passed=gatekeeper.soon,
    )
    dispatch = _build_dispatch(room, worker if settings.workers else None, gatekeeper, witness, tally)
    checks = {**store_checks(room.database, settings.data_dir), **dispatch_checks(dispatch)}
    if settings.workers:
        checks |= worker_checks(room.database, worker, room.clock)
    sheet = FiguresSheet(meters, version("turnup"), Busy(worker.load), Stored(room.database, room.clock))
    intake = _open_intake(settings, room, worker, meters)
    return Crew(room, dispatch, Desk(Readiness(checks), sheet, settings.metrics), meters, tracing, intake, tally)


def _open_intake(settings: Settings, room: EngineRoom, worker: Worker, meters: Meters) -> Intake:
    def backlog(most: int) -> int:
        with room.database.reading() as connection:
            return count_backlog(connection, room.clock.now(), most) + worker.load().steps

    def is_known(idempotency_key: str) -> bool:
        with room.database.reading() as connection:
            return is_accepted(connection, idempotency_key)

    return Intake(settings.intake_limit, backlog, is_known, refused=meters.turned_away)


def _build_dispatch(
    room: EngineRoom, worker: Worker | None, gatekeeper: Gatekeeper, witness: Witness, tally: Tally
) -> Embedded | Distributed:
    logger = get_logger("turnup.dispatch")
    jobs = JobRunner(room.database, room.kinds, room.clock, get_logger("turnup.jobs"))
    upkeep = Upkeep(room.database, room.engine, jobs, room.clock, logger, witness, tally)
    upkeep.every(UNUSED_S, Journals(room.database, room.clock).drop_unused)
    if isinstance(room.wakeups, QueuedWakeups):
        return Distributed(room.database, room.wakeups, upkeep, gatekeeper, room.clock, logger, worker)
    assert worker is not None  # SQLite's only process has threads: the settings see to it
    return Embedded(room.database, room.wakeups, upkeep, gatekeeper, room.clock, worker)


def read_outside(
    settings: Settings,
    environ: Mapping[str, str],
    database: Database,
    personal: Callable[[], frozenset[str]] = frozenset,
) -> Outside:
    """`TURNUP_SETTING_IMS_URL` is what handlers ask for as `work.setting("ims_url")`.

    Secrets are looked for when a handler asks: in the environment, in files, in the store. The log hides them.
    """
    sources: list[Source] = [Environment(environ)]
    if settings.secrets_dir is not None:
        sources.append(Files(settings.secrets_dir))
    sources.append(Store(database, lambda: secret_keys(settings)))
    scrubber = Scrubber()
    scrub_with(scrubber)
    given = {
        **{name.removeprefix(SETTING).lower(): value for name, value in environ.items() if name.startswith(SETTING)},
        "lab_url": settings.lab_url,
        "allowed_networks": settings.allowed_networks,
    }
    return Outside(given, Secrets(sources, scrubber), scrubber, personal)


def secret_keys(settings: Settings) -> Keyring:
    """From the environment, or a file: the one that is named, else the one that is kept in the data directory."""
    if settings.secrets_key:
        return read_keys(settings.secrets_key, "TURNUP_SECRETS_KEY")
    return read_key_file(settings.secrets_key_file or settings.data_dir / KEPT_KEYS)


def make_secret_keys(settings: Settings) -> Keyring:
    """Like `secret_keys`; when no keys are given and none are kept, one is made up."""
    if not settings.secrets_key and settings.secrets_key_file is None:
        keep_key(settings.data_dir / KEPT_KEYS)
    return secret_keys(settings)


def build_watch_app(settings: Settings, desk: Desk, identity: Identity) -> Flask:
    """What a process without an HTTP server of its own shows on TURNUP_METRICS_PORT: probes and figures."""
    app = create_app_shell(settings)
    build_health(app, desk, Callers(identity, Rate(settings.rate_per_s)))
    return app


def _build_app(settings: Settings, room: EngineRoom, desk: Desk, intake: Intake) -> Flask:
    app = create_app_shell(settings)
    StaticFiles(STATIC).install(app)
    personal = PersonalData(room.personal.names, may_see_personal)
    rate = Rate(settings.rate_per_s)
    doors = (room.database, room.engine, room.operators, room.processes, room.migrations, room.jobs)
    laboratory = Laboratory(settings.lab_url, settings.allowed_networks)
    trials = Trials(room.registry, room.clock, laboratory, journals=Journals(room.database, room.clock))
    build_api(app, ApiParts(*doors, Callers(room.identity, rate), trials, desk, intake, personal))
    pages = (room.database, room.engine, room.operators, room.registry, room.clock, room.identity, room.jobs, rate)
    readings = Readings(SavedScenarios(settings.scenarios_dir or PROCESSES), trials)
    build_dashboard(app, DashboardParts(*pages, trials, personal, intake, readings=readings))
    return app
