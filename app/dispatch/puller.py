"""Takes wake-ups out of the queue as hands are free for them: Procrastinate's worker, in a thread of its own.

A job is over at once: it waits for the writers of its instance and has our worker look. Handlers run long after it, on
claims, so the queue holds no lock and loses nothing when a process is killed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from procrastinate import App, PsycopgConnector
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from app.core.db import Database
from app.core.log import Logger
from app.dispatch.queued import LOOK, MOST_URGENT, TASK, WORK, wait_for_writers
from app.dispatch.worker import Worker

POLL_S = 0.2  # the queue tells of new jobs; this is for what it does not tell
AGAIN_S = 1.0
END_WITHIN_S = 10.0
SILENT_S = 30.0
CONNECTIONS = 4
JOBS_AT_ONCE = 16
# A server that is gone without a word is noticed, also while nothing is sent
KEEPALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


class Puller:
    """For one worker. `hand_is_free` and `stop` may be called from any thread."""

    def __init__(self, database: Database, worker: Worker, logger: Logger) -> None:
        self._database = database
        self._worker = worker
        self._logger = logger
        self._stopping = threading.Event()
        self._gate: _Gate | None = None
        self._thread = threading.Thread(target=self._keep_pulling, name="turnup-puller", daemon=True)
        # It tells of every job; what goes wrong with one is told by us.
        logging.getLogger("procrastinate").setLevel(logging.ERROR)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_pulling(self) -> bool:
        """Whether it has asked the queue of late, or waits for a hand."""
        return self._gate is not None and time.monotonic() - self._gate.asked_at < SILENT_S

    def hand_is_free(self) -> None:
        gate = self._gate
        if gate is not None:
            gate.hand_is_free()

    def stop(self) -> None:
        """No more wake-ups are taken; those taken have reached the worker."""
        self._stopping.set()
        gate = self._gate
        if gate is not None:
            gate.close()
        if self._thread.is_alive():
            self._thread.join(END_WITHIN_S)

    def _keep_pulling(self) -> None:
        """Procrastinate's worker ends when the database goes away; so it is started again and again."""
        while not self._stopping.is_set():
            try:
                asyncio.run(self._pull())
            except Exception:  # the worker's broad except: the database comes back
                self._logger.exception("the queue cannot be reached", again_in_s=AGAIN_S)
            self._stopping.wait(AGAIN_S)

    async def _pull(self) -> None:
        # Not `Database`'s pool: this one is for an event loop, and holds a connection that listens.
        connector = PsycopgConnector(
            conninfo=self._database.conninfo, kwargs=KEEPALIVE, min_size=1, max_size=CONNECTIONS
        )
        app = App(connector=connector)
        gate = app.job_manager = _Gate(connector, self._worker, self._stopping)
        self._gate = gate

        @app.task(name=TASK)  # no retry: it would collide with the pending twin of its queueing lock
        async def wake(instance_id: str) -> None:
            try:
                await asyncio.to_thread(self._look, instance_id)
            finally:
                gate.arrived()

        async with app.open_async():
            pulling = asyncio.create_task(
                app.run_worker_async(
                    queues=[LOOK, WORK],
                    concurrency=JOBS_AT_ONCE,
                    fetch_job_polling_interval=POLL_S,
                    delete_jobs="always",
                    install_signal_handlers=False,
                )
            )
            gate.closes(pulling)
            with suppress(asyncio.CancelledError):
                await pulling

    def _look(self, instance_id: str) -> None:
        try:
            priority = wait_for_writers(self._database, instance_id)
        except Exception:  # the worker's broad except: the wake-up is not lost, sweeps find what it was for
            self._logger.exception("a wake-up failed", instance=instance_id)
            return
        self._worker.wake(instance_id, priority)


class _Gate(JobManager):
    """Lets a job in for each free hand. While all are busy for long, what needs no hand goes on, one at a time, and the
    worker is told how urgent the work is that waits for one."""

    def __init__(self, connector: BaseConnector, worker: Worker, stopping: threading.Event) -> None:
        super().__init__(connector)
        self._worker = worker
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()
        self._freed = asyncio.Event()
        self.asked_at = time.monotonic()
        self._coming = 0  # fetched, and the worker not told yet
        self._pulling: asyncio.Task[None] | None = None

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        job = None
        while job is None and not self._stopping.is_set():
            self.asked_at = time.monotonic()
            if await self._a_hand_is_free():
                job = await super().fetch_job([LOOK, WORK], worker_id)
                break
            for row in await self.connector.execute_query_all_async(MOST_URGENT):
                self._worker.waits_elsewhere(row["priority"])
            if self._coming == 0 and not self._worker.visits_waiting():
                job = await super().fetch_job([LOOK], worker_id)
        self._coming += job is not None
        return job

    async def _a_hand_is_free(self) -> bool:
        """Now, or soon."""
        self._freed.clear()
        if self._worker.free_hands() <= self._coming:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), POLL_S)
        return self._worker.free_hands() > self._coming

    def arrived(self) -> None:
        self._coming -= 1
        self._freed.set()

    def hand_is_free(self) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody waits there any more
            self._loop.call_soon_threadsafe(self._freed.set)

    def closes(self, pulling: asyncio.Task[None]) -> None:
        """The task that `close` ends."""
        self._pulling = pulling
        if self._stopping.is_set():
            pulling.cancel()

    def close(self) -> None:
        def cancel() -> None:
            self._freed.set()
            if self._pulling is not None:
                self._pulling.cancel()

        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(cancel)
