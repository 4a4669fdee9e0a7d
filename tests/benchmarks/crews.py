"""What one, two and four workers do on one PostgreSQL: the fibre flow, from the request to its last step.

One server that takes orders in and runs none, the laboratory with little latency, the workers: all real processes on
this machine's cores, which they share with PostgreSQL. First as many orders as can be sent at once; then others at
half the speed that was found, to see for how long an order waits until a worker first looks at it.
"""

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psycopg

from tests.factories.postgres import Postgres
from tests.factories.servers import Lab, Server, Workshop, free_port

CREWS = (1, 2, 4)
THREADS = 8
BURST, CALM_S = 100, 5
IDLE_S = 2
OLTS = ("lon-1", "lon-2", "lon-3", "lon-4", "man-1", "man-2", "bir-1", "lee-1")
SENDERS = 4
LIMIT_S = 60

Row = tuple[str, float, str]
_OVER = """SELECT count(*) FROM process_instance WHERE state = 'completed' AND business_key LIKE %s"""
_TOOK = """SELECT (max(ended_at) - min(started_at)) / 1e6 FROM process_instance WHERE business_key LIKE %s"""
_WAITED = """SELECT (min(t.entered_at) - i.started_at) / 1e3 FROM process_instance i JOIN token t ON t.instance_id = i.id
             WHERE i.business_key LIKE %s GROUP BY i.id"""
_SPENT = (
    """SELECT pg_current_wal_lsn() - '0/0'::pg_lsn, xact_commit, now() FROM pg_stat_database WHERE datname = 'turnup'"""
)


@dataclass(frozen=True)
class Spent:
    """What PostgreSQL has written and committed until a moment, reads included."""

    wal_bytes: float
    commits: float
    at_s: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.wal_bytes - before.wal_bytes, self.commits - before.commits, self.at_s - before.at_s)


class Installation:
    """A server, a laboratory and a database; crews come and go."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, port = folder, free_port()
        self.postgres = stack.enter_context(Postgres())
        callback = f"http://127.0.0.1:{port}"
        self.lab = stack.enter_context(Lab(folder / "lab", latency_ms=(5, 20), callback_url=callback))
        address = {"TURNUP_DATABASE_URL": self.postgres.uri, "TURNUP_LAB_URL": self.lab.url}
        server = Server(folder / "serve", "--threads", "0", port=port, **address)
        self.server = stack.enter_context(server)
        self.http = stack.enter_context(httpx.Client(base_url=server.url, headers=server.headers, timeout=60))
        self.asking = stack.enter_context(psycopg.connect(self.postgres.uri, autocommit=True))
        self._sent = 0

    def ask(self, query: str, *values: Any) -> list[Any]:
        return self.asking.execute(query, values).fetchall()  # type: ignore[arg-type]  # our own text

    def spent(self) -> Spent:
        """Once every process has told what it did: they do so a second after it."""
        time.sleep(1.2)
        ((wal, commits, now),) = self.ask(_SPENT)
        return Spent(float(wal), float(commits), now.timestamp())

    def send(self, label: str) -> None:
        """An order on a port of its own."""
        self._sent += 1
        number = self._sent
        place = number // len(OLTS)
        variables = {
            "order_id": f"{label}-{number}",
            "customer": {"name": f"Customer {number}"},
            "olt": OLTS[number % len(OLTS)],
            "port": f"1/{place // 14 + 1}/{place % 14 + 1}",
            "serial": f"ALCL{number:08X}",
            "speed_mbps": 100,
        }
        body = {"processId": "ftth_activate", "businessKey": f"{label}-{number}", "variables": variables}
        answer = self.http.post("/api/v1/process-instances", json=body)
        assert answer.status_code == 202, answer.text

    def wait(self, label: str, orders: int) -> None:
        until = time.monotonic() + LIMIT_S
        while (found := self.ask(_OVER, f"{label}-%")[0][0]) != orders:
            assert time.monotonic() < until, f"{found} of {orders} orders came to their end"
            time.sleep(0.05)


def rows() -> list[Row]:
    with TemporaryDirectory(prefix="turnup-") as name, ExitStack() as stack:
        house = Installation(Path(name), stack)
        found = [row for crew in CREWS for row in of_crew(house, crew)]
    return [("cores", float(os.cpu_count() or 0), "cores"), *found]


def of_crew(house: Installation, crew: int) -> Iterator[Row]:
    with ExitStack() as stack:
        for number in range(crew):
            folder = house.folder / f"{crew}-{number}"
            workshop = Workshop(folder, house.postgres.uri, threads=THREADS, TURNUP_LAB_URL=house.lab.url)
            stack.enter_context(workshop)
        _burst(house, f"warm{crew}", 2 * crew)
        before = house.spent()
        time.sleep(IDLE_S)
        began = house.spent()
        took_s = _burst(house, f"burst{crew}", BURST)
        idle, done = began.since(before), house.spent().since(began)
        per_s = BURST / took_s
        waits = _calmly(house, f"calm{crew}", per_s / 2)
    share = done.at_s / idle.at_s  # what all of them do anyway, whether orders come or not
    yield f"orders_per_s_{crew}w", per_s, "orders/s"
    yield f"commits_per_order_{crew}w", (done.commits - idle.commits * share) / BURST, "commits"
    yield f"wal_per_order_{crew}w", done.wal_bytes / BURST, "B/order"
    yield f"worker_wait_p95_{crew}w", sorted(waits)[int(len(waits) * 0.95)], "ms"
    yield f"worker_wait_p50_{crew}w", statistics.median(waits), "ms"


def _burst(house: Installation, label: str, orders: int) -> float:
    """All at once; the seconds from the first request to the last end."""
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(lambda _: house.send(label), range(orders)))
    house.wait(label, orders)
    return float(house.ask(_TOOK, f"{label}-%")[0][0])


def _calmly(house: Installation, label: str, per_s: float) -> list[float]:
    """For how long each waited for a worker's first look, in ms, while so many come each second."""
    orders, began = round(per_s * CALM_S), time.monotonic()
    for number in range(orders):
        time.sleep(max(0.0, began + number / per_s - time.monotonic()))
        house.send(label)
    house.wait(label, orders)
    return [float(waited) for (waited,) in house.ask(_WAITED, f"{label}-%")]


if __name__ == "__main__":
    for name, value, unit in rows():
        print(f"{name:30} {value:12.2f} {unit}")
