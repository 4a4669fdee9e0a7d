"""`turnup serve`: a supervisor, and under it what serves and runs orders: one process on SQLite.

docs/decisions/0003-granian-embedded.md says which of the two does what, and why.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

import click
from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from app.cli.diagrams import deploy_files
from app.cli.people import first_admin
from app.cli.port import check_port, watched
from app.core.errors import InvalidSetting
from app.core.log import get_logger
from app.core.settings import Settings
from app.dispatch.lock import DirectoryLock
from app.factory import PROCESSES, House, build_engine_room, build_house, build_watch_app, spare_collector
from app.migrations.run import migrate

HTTP_THREADS = 16
# Connections that wait in the kernel until they are accepted, and those that each process accepts: whoever comes beyond
# them waits at its own end. They are connections, idle ones of a proxy's pool too, and of each one request waits for a
# thread at a time.
LISTEN_BACKLOG, CONNECTIONS = 1024, 512
DRAIN_S = 20
KILL_AFTER_S = DRAIN_S + 10
# As `sysexits.h` has it: a temporary failure, try again. Too many handlers overran their limits.
RESTART_WANTED = 75
# A worker that is being replaced may still hold the lock while it drains.
LOCK_WAIT_S = KILL_AFTER_S + 5
# Granian's records go to our log, as everything does.
GRANIAN_LOGS = {
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
    "handlers": {},
    "formatters": {},
}


def serve(settings: Settings, servers: int = 1) -> None:
    """Serves until SIGTERM or SIGINT, then lets running handlers finish. Several `servers` share a PostgreSQL."""
    if servers > 1 and not settings.is_shared:
        raise InvalidSetting("SQLite is for one process. Set TURNUP_DATABASE_URL to a PostgreSQL to have more servers.")
    with nullcontext() if settings.is_shared else DirectoryLock(settings.data_dir):
        check_port(settings.host, settings.port)
        prepare(settings, os.environ, deployed_processes(os.environ))
    server = Server(
        "turnup",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=servers,
        blocking_threads=HTTP_THREADS,
        backlog=LISTEN_BACKLOG,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_S,
        log_level=LogLevels.error,
        log_dictconfig=GRANIAN_LOGS,
    )
    click.echo(f"Turnup at http://{settings.host}:{settings.port} (API: /openapi)", err=True)
    if not settings.workers:
        click.echo("It runs no orders itself: that is for `turnup work`.", err=True)
    server.serve(target_loader=partial(open_house, settings, os.getpid(), servers), wrap_loader=False)


def deployed_processes(environ: os._Environ[str]) -> list[Path]:
    """The diagrams that come with this installation, unless TURNUP_DEPLOY is `none`."""
    if environ.get("TURNUP_DEPLOY") == "none":
        return []
    return [file for ending in (".dmn", ".form", ".bpmn") for file in sorted(PROCESSES.rglob(f"*{ending}"))]


def prepare(settings: Settings, environ: Mapping[str, str], diagrams: Sequence[Path]) -> None:
    """Schema, somebody who may log in, and diagrams, before anybody is served.

    A diagram that was deployed before is left as it is.
    """
    room = build_engine_room(settings)
    try:
        migrate(room.database)
        first_admin(room, environ)
        if diagrams and not deploy_files(room, diagrams):
            raise SystemExit(1)
    finally:
        room.close()


def open_house(settings: Settings, supervisor: int, servers: int) -> Flask:
    """What a serving process runs first. On SQLite it is the only one, and the lock says so."""
    lock = None if settings.is_shared else DirectoryLock(settings.data_dir).acquire(wait_s=LOCK_WAIT_S)
    leaving = Leaving(supervisor)
    house = build_house(settings, os.environ, too_many_strays=leaving.ask_for_restart)
    spare_collector()
    house.start()
    # They share one port, where a scrape reaches any of them: each is watched at a port of its own.
    figures = build_watch_app(settings, house.desk, house.room.identity)
    port = watched(figures, settings.host, settings.metrics_port, servers)
    port.__enter__()
    leaving.follow(house, lock, port)
    return house.app


class Leaving:
    """Closes the house once the process's main thread has stopped serving, and before the process ends."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor = supervisor
        self._status = 0

    def ask_for_restart(self) -> None:
        """End this process like SIGTERM does, with a status that tells why; the supervisor starts another."""
        self._status = RESTART_WANTED
        os.kill(os.getpid(), signal.SIGTERM)

    def follow(self, house: House, lock: DirectoryLock | None, port: AbstractContextManager[None]) -> None:
        # Not a daemon: the interpreter waits for it, and it waits for the main thread's end.
        threading.Thread(target=self._close, args=(house, lock, port), name="turnup-leaving").start()

    def _close(self, house: House, lock: DirectoryLock | None, port: AbstractContextManager[None]) -> None:
        main = threading.main_thread()
        while main.is_alive():
            main.join(1)
            if main.is_alive() and os.getppid() != self._supervisor:
                # SIGKILL of the supervisor alone: nobody would ever stop this process.
                os.kill(os.getpid(), signal.SIGTERM)
        port.__exit__(None, None, None)
        finished = house.stop(DRAIN_S)
        if lock is not None:
            lock.release()
        house.room.close()
        if self._status or not finished:
            # Threads that are lost in a handler would not let the interpreter end in order.
            get_logger("turnup.serve").warning("process ends", status=self._status, finished=finished)
            os._exit(self._status)
