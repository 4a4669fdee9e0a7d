"""Each part that can fail, failing: a real store, a real worker, a real folder."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.jobs import JobRunner, Kinds
from app.core.log import get_logger
from app.dispatch.embedded import Embedded
from app.dispatch.gatekeeper import Gatekeeper
from app.dispatch.upkeep import Upkeep
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.worker import Worker
from app.engine.gates.doors import Gates
from app.handling.registry import Registry
from app.migrations.run import newest_revision
from app.watch.checks import dispatch_checks, store_checks, worker_checks
from app.watch.readiness import Check, Readiness
from tests.fakes.scripted_engine import ScriptedEngine
from tests.unit.dispatch.waiting import PATIENCE_S, no_look_runs, until

PATIENT_S = 10.0


class Site:
    """What `turnup serve` has, but the web."""

    def __init__(self, database: Database, clock: FixedClock, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.data_dir.mkdir()
        logger = get_logger("tests")
        wakeups = LocalWakeups(clock)
        engine: Any = ScriptedEngine()
        self.worker = Worker(database, engine, Registry([]), clock, logger, threads=1)
        runner = JobRunner(database, Kinds({}), clock, logger)
        upkeep = Upkeep(database, engine, runner, clock, logger)
        gatekeeper = Gatekeeper(database, Gates(Registry([])), wakeups, clock, logger)
        self.dispatch = Embedded(database, wakeups, upkeep, gatekeeper, clock, self.worker)
        self.checks = {
            **store_checks(database, data_dir),
            **dispatch_checks(self.dispatch),
            **worker_checks(database, self.worker, clock),
        }
        self.dispatch.start()

    def wrong(self) -> dict[str, str]:
        seen = Readiness(self.checks, limit_s=PATIENT_S, kept_s=0).see()
        assert set(seen.checks) == {"database", "schema", "disk", "dispatch", "worker", "lease"}
        return {name: why for name, why in seen.checks.items() if why is not None}

    def stop(self) -> None:
        if self.dispatch.is_running:
            self.dispatch.stop(PATIENCE_S)


@pytest.fixture
def site(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Site]:
    made = Site(database, clock, tmp_path / "data")
    yield made
    made.stop()


def test_a_site_that_works_is_ready_and_leaves_nothing_behind(site: Site) -> None:
    assert site.wrong() == {}
    assert list(site.data_dir.iterdir()) == []


@contextmanager
def schema(database: Database, version: str | None) -> Iterator[None]:
    """Another version in the database meanwhile; None: it was never migrated."""

    def put(wanted: str | None) -> None:
        with database.transaction() as tx:
            tx.connection.execute(sa.text("DELETE FROM alembic_version"))
            if wanted is not None:
                tx.connection.execute(sa.text("INSERT INTO alembic_version VALUES (:it)"), {"it": wanted})

    put(version)
    yield
    put(newest_revision())


def test_the_next_versions_schema_is_one_to_work_on(site: Site, database: Database) -> None:
    with schema(database, f"{int(newest_revision()) + 1:04}"):
        assert site.wrong() == {}


@pytest.mark.parametrize("version", ["0000", "9999", None])
def test_a_schema_of_another_version_is_named(site: Site, database: Database, version: str | None) -> None:
    with schema(database, version):
        wrong = site.wrong()
    assert list(wrong) == ["schema"]
    assert f"schema {version}" in wrong["schema"]


def test_a_lease_that_was_not_renewed_is_named(site: Site, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=31))
    assert list(site.wrong()) == ["lease"]
    site.worker.keep_lease()
    assert site.wrong() == {}


def test_a_worker_that_drains_takes_no_more_orders(site: Site) -> None:
    site.dispatch.stop(PATIENCE_S)
    assert site.wrong()["worker"].startswith("it lets its handlers finish")


def test_a_folder_that_is_gone_is_named(site: Site) -> None:
    shutil.rmtree(site.data_dir)
    assert site.wrong() == {"disk": "FileNotFoundError; the log tells more"}


def test_a_folder_that_cannot_be_written_to_is_named(site: Site) -> None:
    (site.data_dir / f".ready-{os.getpid()}").mkdir()
    assert site.wrong() == {"disk": "IsADirectoryError; the log tells more"}


def test_a_disk_that_is_nearly_full_is_named(site: Site, database: Database) -> None:
    site.checks |= store_checks(database, site.data_dir, least_free_bytes=1 << 60)
    assert list(site.wrong()) == ["disk"]
    assert "MB are free" in site.wrong()["disk"]


def test_a_worker_that_was_never_started_is_named(database: Database, clock: FixedClock) -> None:
    engine: Any = ScriptedEngine()
    worker = Worker(database, engine, Registry([]), clock, get_logger("tests"))
    seen = Readiness(worker_checks(database, worker, clock), limit_s=PATIENT_S).see()
    assert not seen.ok
    assert seen.checks["worker"] == "it does not run: restart the process"


def only_database(database: Database, folder: Path) -> dict[str, Check]:
    return {"database": store_checks(database, folder)["database"]}


def test_a_postgresql_that_is_away_is_named(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        database = Database(f"postgresql+psycopg://turnup:secret@127.0.0.1:{taken.getsockname()[1]}/turnup")
        seen = Readiness(only_database(database, tmp_path), limit_s=PATIENT_S).see()
        database.close()
    assert seen.checks == {"database": "OperationalError; the log tells more"}


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"no database at all" * 100)
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    seen = Readiness(only_database(database, tmp_path), limit_s=PATIENT_S).see()
    database.close()
    assert seen.checks == {"database": "DatabaseError; the log tells more"}


@pytest.fixture
def hanging(postgres_databases: Callable[[], str]) -> Iterator[Database]:
    """A PostgreSQL in which another connection holds the table of versions."""
    url = postgres_databases()
    database = Database(url)
    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        yield database
    until(no_look_runs)
    database.close()


def test_a_database_that_hangs_costs_the_limit_and_is_named(hanging: Database, tmp_path: Path) -> None:
    readiness = Readiness(store_checks(hanging, tmp_path), limit_s=0.3, kept_s=0)
    assert readiness.see().checks == {"database": None, "schema": "no answer within 0.3 s", "disk": None}
