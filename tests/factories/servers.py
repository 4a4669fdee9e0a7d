"""The real server and the real laboratory as processes of their own, each the leader of a process group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from app.core.db import Database
from app.migrations.run import migrate
from tests.factories import wires
from tests.factories.people import PASSWORD, add_token

TOKEN = "token-of-a-test"
SKEW_FILE = "TURNUP_TESTS_SKEW_FILE"  # its content: seconds that the clock of a process differs from the machine's


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def make_known(database_url: str, token: str) -> None:
    """An admin's token on a database that no server has opened yet."""
    database = Database(database_url)
    migrate(database)
    add_token(database, token, "admin")
    database.close()


class Process:
    """`turnup <command>` in a folder; started and waited for by `with`, and ended whatever happens."""

    ready_path = "/healthz"
    module = "app.cli"

    def __init__(self, folder: str | Path, *command: str, port: int | None = None, **environment: str) -> None:
        self.folder = Path(folder)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = command
        self.environment = environment
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        log = (self.folder / f"{self.command[0]}.log").open("ab")
        self._child = subprocess.Popen(
            [sys.executable, "-m", self.module, *self.command],
            env={**os.environ, **self.environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._child is not None and self._child.poll() is not None:
                break
            if self.is_ready():
                return
            time.sleep(0.02)
        log = (self.folder / f"{self.command[0]}.log").read_text()[-3000:]
        self.kill()
        raise AssertionError(f"turnup {self.command[0]} did not become ready:\n{log}")

    def is_ready(self) -> bool:
        try:
            return wires.get(self.url + self.ready_path, timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def pid(self) -> int:
        return 0 if self._child is None else self._child.pid

    def kill(self) -> None:
        """SIGKILL to the whole group; returns once the port is closed."""
        self._signal_group(signal.SIGKILL)
        if self._child is not None:
            self._child.wait(10)
        until = time.monotonic() + 10
        while not is_closed(self.port):
            assert time.monotonic() < until, f"port {self.port} is still open after SIGKILL"
            time.sleep(0.005)

    def freeze(self) -> None:
        """SIGSTOP to the whole group: it stands as it stands, until `thaw` or `kill`."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_group(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self._child is None or self._child.poll() is not None:
            return 0
        self._child.terminate()
        try:
            return self._child.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1

    def _signal_group(self, number: signal.Signals) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def log(self) -> str:
        return (self.folder / f"{self.command[0]}.log").read_text()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Server(Process):
    """`turnup serve` on SQLite in the folder, unless the environment names another database.

    TOKEN is an admin's there, and `admin` logs in with PASSWORD.
    """

    def __init__(self, folder: str | Path, *options: str, port: int | None = None, **environment: str) -> None:
        chosen = port or free_port()
        super().__init__(
            folder,
            "serve",
            *options,
            port=chosen,
            TURNUP_DATA_DIR=str(folder),
            TURNUP_HOST="127.0.0.1",
            TURNUP_PORT=str(chosen),
            TURNUP_ADMIN_PASSWORD=PASSWORD,
            **environment,
        )
        self._database_url = environment.get("TURNUP_DATABASE_URL") or f"sqlite:///{self.folder / 'turnup.sqlite'}"
        self._is_known = False
        self.headers = {"Authorization": f"Bearer {TOKEN}"}

    def start(self) -> Self:
        if not self._is_known:
            make_known(self._database_url, TOKEN)
            self._is_known = True
        return super().start()

    def deploy(self, document: bytes) -> None:
        response = wires.post(
            f"{self.url}/api/v1/process-definitions",
            content=document,
            headers={**self.headers, "Content-Type": "application/xml"},
        )
        assert response.status_code in (200, 201), response.text


class Workshop(Process):
    """`turnup work`: it has no port, and tells its log that it is ready."""

    def __init__(self, folder: str | Path, database_url: str, *, threads: int = 4, **environment: str) -> None:
        environment = {"TURNUP_DATA_DIR": str(folder), "TURNUP_DATABASE_URL": database_url, **environment}
        super().__init__(folder, "work", "--threads", str(threads), **environment)
        self._starts = 0

    def start(self) -> Self:
        self._starts += 1
        return super().start()

    def is_ready(self) -> bool:
        return self.log().count("Turnup works here") >= self._starts


class SkewedWorkshop(Workshop):
    """A host whose clock jumps: by so many seconds from the machine's."""

    module = "tests.factories.skewed"

    def __init__(self, folder: Path, database_url: str, *, threads: int = 4, **environment: str) -> None:
        self._skew = folder / "skew"
        super().__init__(folder, database_url, threads=threads, **{SKEW_FILE: str(self._skew)}, **environment)

    def jump(self, to_s: float) -> None:
        written = self._skew.with_suffix(".new")
        written.write_text(str(to_s))
        written.replace(self._skew)


class Lab(Process):
    """`turnup lab`, with some latency on either way so that kills find calls under way."""

    ready_path = "/lab/health"

    def __init__(self, folder: Path, *, latency_ms: tuple[int, int], callback_url: str | None = None) -> None:
        port = free_port()
        options = ["--port", str(port), "--data-dir", str(folder), "--latency-ms", *map(str, latency_ms)]
        if callback_url is not None:
            options += ["--callback-url", callback_url, "--callback-token", TOKEN]
        super().__init__(folder, "lab", *options, port=port)

    def everything(self, what: str) -> list[dict[str, Any]]:
        """Its calls or its effects, the oldest first."""
        rows: list[dict[str, Any]] = []
        with wires.Client(base_url=self.url, timeout=30) as http:
            while True:
                page = http.get(f"/lab/{what}", params={"after": rows[-1]["id"] if rows else 0}).json()
                found = page[what] if isinstance(page, dict) else page
                if not found:
                    return rows
                rows += found
