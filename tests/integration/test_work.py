"""`turnup work` beside `turnup serve`, as they are run: processes, signals, one PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.factories import wires
from tests.factories.diagrams import Diagram
from tests.factories.postgres import Postgres
from tests.factories.servers import Lab, Server, Workshop
from tests.unit.dispatch.waiting import until

LONG_S = 60
LEASE_S = 60  # so long that nobody waits for its end

Start = Callable[..., Workshop]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), latency_ms=(5, 30)) as lab:
        yield lab


@pytest.fixture(scope="module")
def server(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Takes orders in and runs none."""
    folder = tmp_path_factory.mktemp("serve")
    with Server(folder, "--threads", "0", TURNUP_DATABASE_URL=postgres.uri) as server:
        server.deploy(flow())
        yield server


@pytest.fixture
def start(postgres: Postgres, lab: Lab, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that are ended with the test."""
    with ExitStack() as stack:

        def start(name: str, threads: int = 2, **environment: str) -> Workshop:
            workshop = Workshop(tmp_path / name, postgres.uri, threads=threads, TURNUP_LAB_URL=lab.url, **environment)
            return stack.enter_context(workshop)

        yield start


def flow() -> bytes:
    diagram = Diagram("p").start("s").service("a", "acs.push_cpe_profile", inputs={"profile": "basic"})
    diagram.service("b", "billing.start", inputs={"speed_mbps": "=100", "customer": "basic"})
    return diagram.end("e").chain("s", "a", "b", "e").xml()


def order(server: Server, n: int) -> str:
    body = {"processId": "p", "variables": {"order_id": f"W-{n}", "serial": f"ALCL{n:08X}"}}
    answer = wires.post(f"{server.url}/api/v1/process-instances", json=body, headers=server.headers, timeout=30)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def completed(postgres: Postgres, ids: list[str]) -> int:
    query = "SELECT count(*) FROM process_instance WHERE state = 'completed' AND id = ANY(%s)"
    return int(postgres.rows(query, ids)[0][0])


def hold(lab: Lab, calls: int) -> None:
    """The next calls are answered late: the network has done them, the answer takes its time and is lost."""
    fault = {"kind": "answer_lost", "match": {"operation": "acs.push_profile"}, "calls": calls, "hold_s": 3}
    answer = wires.post(f"{lab.url}/lab/faults", json=fault)
    assert answer.is_success, answer.text


def test_workers_run_what_a_server_without_threads_takes_in(postgres: Postgres, server: Server, start: Start) -> None:
    ids = [order(server, n) for n in range(100, 112)]
    assert completed(postgres, ids) == 0
    start("one")
    start("two")
    until(lambda: completed(postgres, ids) == 12, LONG_S)
    assert postgres.rows("SELECT count(*) FROM worker") == [(2,)]


def test_a_server_alone_runs_its_orders_in_as_many_processes_as_it_is_told(
    postgres: Postgres, lab: Lab, tmp_path: Path
) -> None:
    address = {"TURNUP_DATABASE_URL": postgres.uri, "TURNUP_LAB_URL": lab.url}
    with Server(tmp_path / "serve", "--threads", "2", "--servers", "2", **address) as both:
        both.deploy(flow())
        ids = [order(both, n) for n in range(200, 206)]
        until(lambda: completed(postgres, ids) == 6, LONG_S)
        assert postgres.rows("SELECT count(DISTINCT pid) FROM worker") == [(2,)]


def test_a_worker_that_is_told_to_end_hands_over_at_once(postgres: Postgres, server: Server, start: Start) -> None:
    """With handlers at work, and orders that it was to look at."""
    ending = start("ending", TURNUP_LEASE_S=str(LEASE_S))
    start("staying", TURNUP_LEASE_S=str(LEASE_S))
    ids = [order(server, n) for n in range(300, 330)]
    until(lambda: completed(postgres, ids) >= 3, LONG_S)
    began = time.monotonic()
    assert ending.stop() == 0
    assert postgres.rows("SELECT count(*) FROM worker") == [(1,)]
    until(lambda: completed(postgres, ids) == 30, LONG_S)
    assert time.monotonic() - began < LEASE_S / 2
    ((repeats,),) = postgres.rows("SELECT count(*) FROM token WHERE attempt > 1 AND instance_id = ANY(%s)", ids)
    assert repeats <= 2, "what ran was waited for; each thread may have claimed a step that it did not begin"


def test_a_killed_workers_claims_are_taken_over_after_its_lease(
    postgres: Postgres, server: Server, lab: Lab, start: Start
) -> None:
    hold(lab, calls=2)
    killed = start("killed", TURNUP_LEASE_S="3")
    ids = [order(server, n) for n in range(400, 402)]
    until(lambda: postgres.rows("SELECT count(*) FROM token WHERE kind = 'claim'") == [(2,)], LONG_S)
    killed.kill()
    start("next", TURNUP_LEASE_S="3")
    until(lambda: completed(postgres, ids) == 2, LONG_S)
    expired = postgres.rows("SELECT instance_id FROM history WHERE kind = 'claim_expired' AND instance_id = ANY(%s)", ids)
    assert sorted(row[0] for row in expired) == sorted(ids)


def test_a_worker_frozen_for_longer_than_its_lease_does_nothing_twice_when_it_goes_on(
    postgres: Postgres, server: Server, lab: Lab, start: Start
) -> None:
    hold(lab, calls=1)
    calls = len(lab.everything("calls"))
    frozen = start("frozen", threads=1, TURNUP_LEASE_S="3")
    first = order(server, 500)
    until(lambda: len(lab.everything("calls")) > calls, LONG_S)
    frozen.freeze()
    start("next", threads=1, TURNUP_LEASE_S="3")
    until(lambda: completed(postgres, [first]) == 1, LONG_S)
    frozen.thaw()
    late = "SELECT 1 FROM history WHERE kind = 'late_result' AND instance_id = %s"
    until(lambda: postgres.rows(late, first), LONG_S)
    assert "lost the lease" in frozen.log()
    attempts = "SELECT element_id, attempt FROM token WHERE step_key IS NOT NULL AND instance_id = %s ORDER BY 1"
    assert postgres.rows(attempts, first) == [("a", 2), ("b", 1)]
    billed = [effect for effect in lab.everything("effects") if str(effect["key"]).startswith(first)]
    assert [effect["operation"] for effect in billed].count("billing.start") == 1
    ids = [order(server, n) for n in (501, 502)]
    until(lambda: completed(postgres, ids) == 2, LONG_S)


def test_the_databases_restart_stops_nobody_for_long(postgres: Postgres, server: Server, start: Start) -> None:
    start("work")
    ids = [order(server, n) for n in range(600, 610)]
    postgres.restart()
    ids.append(order_again(server, 610))
    until(lambda: completed(postgres, ids) == 11, LONG_S)


def order_again(server: Server, n: int) -> str:
    """As a portal does that was answered with a 5xx."""
    accepted: list[str] = []

    def ask() -> bool:
        try:
            accepted.append(order(server, n))
        except AssertionError:
            return False
        return True

    until(ask, LONG_S)
    return accepted[0]


def test_sqlite_has_no_workers(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "app.cli", "work"], capture_output=True, text=True, env={"TURNUP_DATA_DIR": str(tmp_path)}
    )
    assert run.returncode == 1
    assert "SQLite is for one process" in run.stderr


def test_sqlite_has_one_server_and_it_runs_the_orders(tmp_path: Path) -> None:
    for option, said in (("--servers", "SQLite is for one process"), ("--threads", "a whole number from 1")):
        command = [sys.executable, "-m", "app.cli", "serve", option, "2" if option == "--servers" else "0"]
        run = subprocess.run(command, capture_output=True, text=True, env={"TURNUP_DATA_DIR": str(tmp_path)})
        assert (run.returncode, said in run.stderr) == (1, True), run.stderr
