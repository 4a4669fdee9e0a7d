"""What systems have to tell (`notices`) is sent to Turnup as messages, each again until Turnup has taken it."""

from __future__ import annotations

import json
import sqlite3
import threading

import httpx

from app.core.clock import Clock
from app.core.log import get_logger
from app.lab import notices
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
            return notices.due(connection, self._clock.now().timestamp())

    def _send(self, client: httpx.Client, row: sqlite3.Row) -> None:
        about = {"message": row["name"], "key": row["key"]}
        try:
            answered = client.post(self._url, json=json.loads(row["body"])).status_code
        except httpx.TransportError as error:
            self._log.info("callback_not_delivered", error=str(error), **about)
            answered = 0
        if answered in FINAL:
            self._log.warning("callback_refused", status=answered, **about)
        pause_s = min(LONGEST_PAUSE_S, 0.25 * 2 ** min(row["tries"], 10))
        ended = 200 <= answered < 300 or answered in FINAL
        with self._store.transaction() as connection:
            notices.sent(connection, row["id"], answered, None if ended else self._clock.now().timestamp() + pause_s)
