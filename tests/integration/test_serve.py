"""`turnup serve` as it is run: processes, signals, the port, the lock."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.factories import wires
from tests.unit.dispatch.waiting import until

ROOT = Path(__file__).parents[2]
LONG_S = 60


class Server:
    """`turnup serve` in a process group of its own, on a port of its own."""

    def __init__(self, data_dir: Path, port: int | None = None, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        data_dir.mkdir(exist_ok=True)
        self.log = data_dir / "server.log"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TURNUP_")}
        environ |= {"TURNUP_DATA_DIR": str(data_dir), "TURNUP_PORT": str(self.port), **settings}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"],
                cwd=ROOT,
                env=environ,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self) -> Server:
        until(lambda: self.answers() or self.process.poll() is not None, LONG_S)
        assert self.process.poll() is None, self.log.read_text()
        return self

    def answers(self) -> bool:
        try:
            return self.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def get(self, path: str, **headers: str) -> httpx.Response:
        return wires.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=5)

    def is_port_closed(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0

    def worker_pids(self) -> list[int]:
        children = psutil.Process(self.process.pid).children()
        return [child.pid for child in children if not is_gone(child.pid)]

    def worker_pid(self) -> int:
        (worker,) = self.worker_pids()
        return worker

    def has_another_worker_than(self, pid: int) -> bool:
        found = self.worker_pids()
        return bool(found) and pid not in found

    def signal_group(self, number: int) -> None:
        os.killpg(self.process.pid, number)


def is_gone(pid: int) -> bool:
    """Ended; perhaps nobody has asked yet how."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[Server] = []

    def start(name: str = "data", **settings: str) -> Server:
        server = Server(tmp_path / name, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        with suppress(ProcessLookupError):
            server.signal_group(signal.SIGKILL)
        server.process.wait()


def turnup(data_dir: Path, *command: str, **more: str) -> str:
    environ = {**os.environ, "TURNUP_DATA_DIR": str(data_dir), **more}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


def log_in(server: Server, password: str) -> int:
    with wires.Client(base_url=f"http://127.0.0.1:{server.port}") as browser:
        csrf = re.search(r'name="csrf" value="(\w+)"', browser.get("/login").text)
        assert csrf
        form = {"csrf": csrf[1], "name": "admin", "password": password}
        return browser.post("/login", data=form).status_code


def test_the_first_start_makes_an_admin_whose_password_is_said_once(serve: Serve) -> None:
    server = serve().wait_ready()
    said = re.findall(r"log in as admin, password (\S+)", server.log.read_text())
    assert len(said) == 1
    assert log_in(server, said[0]) == 303
    assert log_in(server, said[0] + "x") == 401
    server.process.terminate()
    server.process.wait(LONG_S)
    again = serve().wait_ready()
    assert again.log.read_text().count("password") == 1
    assert log_in(again, said[0]) == 303
    assert not [path for path in server.data_dir.iterdir() if "token" in path.name or "secret" in path.name]


def test_a_container_gives_the_admin_a_password_in_a_file_that_is_not_said(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file, please\n")
    server = serve(TURNUP_ADMIN_PASSWORD_FILE=str(tmp_path / "password")).wait_ready()
    assert "please" not in server.log.read_text()
    assert log_in(server, "from a file, please") == 303


def test_a_token_made_on_the_command_line_opens_the_api_until_it_is_revoked(serve: Serve) -> None:
    server = serve().wait_ready()
    token = turnup(server.data_dir, "token", "add", "crm", "--role", "integrator").strip()
    path = "/api/v1/process-instances"
    assert server.get(path).status_code == 401
    assert server.get(path, authorization=f"Bearer {token}").status_code == 200
    listed = turnup(server.data_dir, "token", "list")
    assert "crm" in listed
    assert token not in listed
    turnup(server.data_dir, "token", "revoke", listed.split()[0])
    until(lambda: server.get(path, authorization=f"Bearer {token}").status_code == 401, LONG_S)


def test_the_shipped_diagrams_are_deployed_once(serve: Serve) -> None:
    first = serve().wait_ready()
    assert "deployed as ftth_activate version 1" in first.log.read_text()
    first.process.terminate()
    first.process.wait(LONG_S)
    second = serve().wait_ready()
    assert "is already ftth_activate version 1" in second.log.read_text()


def test_sigterm_ends_server_and_worker_in_order(serve: Serve) -> None:
    server = serve().wait_ready()
    worker = server.worker_pid()
    server.process.terminate()
    assert server.process.wait(LONG_S) == 0
    assert is_gone(worker)
    assert '"finished":true' in server.log.read_text()
    until(server.is_port_closed, LONG_S)


def test_a_killed_group_leaves_nothing_and_the_next_start_works(serve: Serve) -> None:
    server = serve().wait_ready()
    worker = server.worker_pid()
    server.signal_group(signal.SIGKILL)
    server.process.wait(LONG_S)
    until(lambda: is_gone(worker), LONG_S)
    until(server.is_port_closed, LONG_S)
    serve(port=server.port).wait_ready()


def test_a_worker_whose_supervisor_was_killed_ends_by_itself(serve: Serve) -> None:
    server = serve().wait_ready()
    worker = server.worker_pid()
    server.process.kill()
    server.process.wait(LONG_S)
    until(lambda: is_gone(worker), LONG_S)
    until(server.is_port_closed, LONG_S)


def test_a_killed_worker_is_replaced(serve: Serve) -> None:
    server = serve().wait_ready()
    first = server.worker_pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: server.has_another_worker_than(first), LONG_S)
    until(server.answers, LONG_S)


def test_a_worker_that_ends_itself_is_replaced(serve: Serve) -> None:
    """As it does when too many handlers overran their limits."""
    server = serve().wait_ready()
    first = server.worker_pid()
    os.kill(first, signal.SIGTERM)
    until(lambda: server.has_another_worker_than(first), LONG_S)
    until(server.answers, LONG_S)
    assert '"finished":true' in server.log.read_text()


def test_a_second_server_on_the_data_directory_is_refused(serve: Serve) -> None:
    first = serve().wait_ready()
    second = serve(port=free_port())
    assert second.process.wait(LONG_S) == 1
    assert f"in use by the Turnup server with process id {first.worker_pid()}" in second.log.read_text()
    assert first.answers()


def test_a_taken_port_is_refused(serve: Serve) -> None:
    first = serve().wait_ready()
    second = serve("other", port=first.port)
    assert second.process.wait(LONG_S) == 1
    assert "Nothing can listen at 127.0.0.1" in second.log.read_text()
