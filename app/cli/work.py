"""`turnup work`: a process that runs orders and serves nobody, on as many hosts as one likes."""

from __future__ import annotations

import os
import signal

import click

from app.cli.port import watched
from app.cli.serve import DRAIN_S, RESTART_WANTED
from app.core.errors import InvalidSetting
from app.core.log import get_logger
from app.core.settings import Settings
from app.factory import build_crew, build_watch_app, spare_collector
from app.migrations.run import migrate


def work(settings: Settings) -> int:
    """Works until SIGTERM or SIGINT, then lets running handlers finish and hands over the rest. The exit status."""
    if not settings.is_shared:
        raise InvalidSetting(
            "SQLite is for one process, which is `turnup serve`. Workers need a PostgreSQL in TURNUP_DATABASE_URL."
        )
    if not settings.workers:
        raise InvalidSetting("A worker without threads does nothing. Give --threads or TURNUP_HANDLER_THREADS.")
    leaving = Leaving()
    crew = build_crew(settings, os.environ, leaving.ask_for_restart)
    migrate(crew.room.database)
    app = build_watch_app(settings, crew.desk, crew.room.identity)
    with watched(app, settings.host, settings.metrics_port):
        leaving.expect()
        spare_collector()
        crew.start()
        click.echo(f"Turnup works here, in {settings.workers} threads.", err=True)
        status = leaving.wait()
        finished = crew.stop(DRAIN_S)
    crew.room.close()
    if not finished:
        # Threads that are lost in a handler would not let the interpreter end in order.
        get_logger("turnup.work").warning("process ends", status=status, finished=finished)
        os._exit(status)
    return status


class Leaving:
    """Waits for a signal on the main thread."""

    _signals = frozenset({signal.SIGTERM, signal.SIGINT})

    def __init__(self) -> None:
        self._status = 0

    def expect(self) -> None:
        """From now on a signal waits until somebody asks for it, also in threads that begin later."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)

    def ask_for_restart(self) -> None:
        """End with a status that tells why; whoever started this process is to start another."""
        self._status = RESTART_WANTED
        os.kill(os.getpid(), signal.SIGTERM)

    def wait(self) -> int:
        signal.sigwait(self._signals)
        return self._status
