"""ONTs that come online: the lab tells Turnup so with a message, and again until Turnup has taken it."""

from __future__ import annotations

import json
import sqlite3
import threading

import httpx

from app.core.clock import Clock
from app.core.log import get_logger
from app.lab import faults
from app.lab.settings import LabSettings
from app.lab.store import LabStore

POLL_S = 0.1
LONGEST_PAUSE_S = 5.0
# Turnup read the message and will never take it: sending it again cannot help.
FINAL = frozenset({400, 413, 415, 422})


class CallbackSender:
    """One thread; what is due lies in the lab's database, so nothing is forgotten when the lab is killed."""

    def __init__(self, store: LabStore, settings: LabSettings, clock: Clock) -> None:
        self._store = store
        self._url = f"{settings.callback_url}/api/v1/messages"
        self._headers = {"Authorization": f"Bearer {settings.callback_token}"}
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lab-callbacks", daemon=True)
        self._log = get_logger("turnup.lab")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=5, headers=self._headers, trust_env=False) as client:
            while not self._stopped.wait(POLL_S):
                for row in self._due():
                    self._send(client, row)
                    if self._stopped.is_set():
                        return

    def _due(self) -> list[sqlite3.Row]:
        with self._store.transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM callback WHERE NOT ended AND due_at <= ? ORDER BY due_at LIMIT 50",
                (self._clock.now().timestamp(),),
            ).fetchall()
            # An ONT that an injected fault keeps dark comes online when the fault is lifted.
            return [row for row in rows if not _is_dark(connection, row["serial"])]

    def _send(self, client: httpx.Client, row: sqlite3.Row) -> None:
        try:
            answered = client.post(self._url, json=json.loads(row["body"])).status_code
        except httpx.TransportError as error:
            self._log.info("callback_not_delivered", serial=row["serial"], error=str(error))
            answered = 0
        ended = 200 <= answered < 300 or answered in FINAL
        if answered in FINAL:
            self._log.warning("callback_refused", serial=row["serial"], status=answered)
        pause_s = min(LONGEST_PAUSE_S, 0.25 * 2 ** min(row["tries"], 10))
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE callback SET tries = tries + 1, answered = ?, ended = ?, due_at = ? WHERE id = ?",
                (answered, ended, self._clock.now().timestamp() + pause_s, row["id"]),
            )


def _is_dark(connection: sqlite3.Connection, serial: str) -> bool:
    return faults.holds(connection, "never_online", "access.activate_ont", {"serial": serial})
