"""What a process needs to do its work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database
from app.dispatch.distributed import Distributed
from app.dispatch.embedded import Embedded
from app.dispatch.worker import Worker
from app.engine import workers
from app.migrations.run import STEPS_AHEAD, newest_revision, steps_ahead, stored_revision
from app.watch.readiness import Check, NotReady

LEAST_FREE_BYTES = 64_000_000  # what a busy SQLite's log may grow to between two looks, and then some


def store_checks(database: Database, data_dir: Path, least_free_bytes: int = LEAST_FREE_BYTES) -> dict[str, Check]:
    """For every process: `database`, `schema` and `disk`."""
    newest = newest_revision()

    def reach() -> None:
        with database.reading() as connection:
            connection.execute(sa.select(sa.literal(1)))

    def compare() -> None:
        with database.reading() as connection:
            stored, ahead = stored_revision(connection), steps_ahead(connection)
        if not 0 <= ahead <= STEPS_AHEAD:
            raise NotReady(f"the database has schema {stored}, this version needs {newest}: run `turnup migrate`")

    def write() -> None:
        _write(data_dir / f".ready-{os.getpid()}")
        if (free := shutil.disk_usage(data_dir).free) < least_free_bytes:
            raise NotReady(f"{free // 1_000_000} MB are free, less than {least_free_bytes // 1_000_000} MB")

    return {"database": reach, "schema": compare, "disk": write}


def dispatch_checks(dispatch: Embedded | Distributed) -> dict[str, Check]:
    """For every process that is to move orders on, by itself or by waking others: `dispatch`."""

    def run() -> None:
        if not dispatch.is_running:
            raise NotReady("nothing is swept, or no wake-ups are taken: if that lasts, restart the process")

    return {"dispatch": run}


def worker_checks(database: Database, worker: Worker, clock: Clock) -> dict[str, Check]:
    """For a process that runs orders: `worker` and `lease`."""

    def run() -> None:
        if worker.is_draining:
            raise NotReady("it lets its handlers finish and takes nothing more")
        if not worker.is_running:
            raise NotReady("it does not run: restart the process")

    def hold() -> None:
        with database.reading() as connection:
            until = workers.lease_until(connection, worker.id)
        if until is None or until < clock.now():
            raise NotReady("the lease is over: others take the claims of this process over")

    return {"worker": run, "lease": hold}


def _write(path: Path) -> None:
    """A page, as far as the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, b"\0" * 4096)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
