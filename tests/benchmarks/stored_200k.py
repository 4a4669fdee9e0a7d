"""What 200,000 stored instances cost whoever starts, lists, searches and opens, beside fifty, on both stores.

Two real servers on one store, one with each number; every request goes to both, in turn, so that whatever else the
machine does meets both. The large databases are made once for a schema and lie in `build/stored`; each run leaves in
them the few hundred instances that it starts.
"""

import hashlib
import itertools
import random
import shutil
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from app.core.db import Database
from app.engine import sweeps, watchdog
from app.engine.queries.figures import figures, totals
from app.engine.spiff.index import install
from app.migrations.run import migrate
from tests.benchmarks.starts import diagram
from tests.factories import populations
from tests.factories.people import PASSWORD
from tests.factories.postgres import Postgres
from tests.factories.servers import Server

MANY, FEW = 200_000, 50
ROUNDS, EACH = 7, 24
KEPT = Path("build/stored").absolute()
API = "/api/v1/process-instances"
STORES = ("sqlite", "postgres")
BOUNDED = ("start", "list_first", "list_next", "list_state", "list_process", "search", "read", "page")


class Caller:
    """A client of one server; each method is one thing that somebody does, over and over.

    Pages are so short that few instances fill them too.
    """

    def __init__(self, server: Server, count: int) -> None:
        self._draw = random.Random(count)
        self._count = count
        self._numbers = itertools.count()
        self._api = httpx.Client(base_url=server.url, headers=server.headers, timeout=60)
        self._pages = httpx.Client(base_url=server.url, timeout=60, follow_redirects=True)
        form = self._pages.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]
        self._pages.post("/login", data={"csrf": form, "name": "admin", "password": PASSWORD}).raise_for_status()

    def close(self) -> None:
        self._api.close()
        self._pages.close()

    def start(self) -> None:
        body = {"processId": "bench_start", "businessKey": f"B-{next(self._numbers)}", "variables": {"n": 1}}
        answer = self._api.post(API, json=body)
        assert answer.status_code == 202, answer.text

    def list_first(self) -> None:
        self._list(50)

    def list_next(self) -> None:
        self._list(10, limit=10, offset=10 * self._draw.randint(1, 4))

    def list_state(self) -> None:
        self._list(1, limit=10, state=self._draw.choice(("completed", "active")))

    def list_process(self) -> None:
        self._list(10, limit=10, processId=self._draw.choice(populations.PROCESSES))

    def search(self) -> None:
        self._list(1, search=self._key().lower())

    def search_part(self) -> None:
        """No key begins with it: all of them are looked at."""
        self._list(1, search=self._key()[1:])

    def read(self) -> None:
        """The instance with a business key, and what happened in it."""
        (found,) = self._list(1, businessKey=self._key())
        for path in ("", "/history"):
            self._api.get(f"{API}/{found}{path}").raise_for_status()

    def page(self) -> None:
        """An instance's page; its id is known from the list."""
        self.show(f"/instances/{self._draw.choice(self._list(1, limit=20))}")

    def page_search(self) -> None:
        self.show("/instances", q=self._key(), process=self._draw.choice(populations.PROCESSES))

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The API's answer, as JSON."""
        answer = self._api.request(method, f"/api/v1{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def _key(self) -> str:
        return populations.key_of(self._draw.randrange(self._count))

    def _list(self, least: int, **query: str | int) -> list[str]:
        answer = self._api.get(API, params=query)
        found = answer.json()
        assert answer.status_code == 200, answer.text
        assert len(found) >= least, query
        return [row["id"] for row in found]

    def show(self, path: str, **query: str) -> None:
        answer = self._pages.get(path, params=query or None)
        assert (answer.status_code, answer.history) == (200, []), answer.text


ACTIONS: dict[str, Callable[[Caller], None]] = {
    name: vars(Caller)[name] for name in (*BOUNDED, "search_part", "page_search")
}


def rows() -> list[tuple[str, float, str]]:
    install()
    return [row for store in STORES for row in of_store(store)]


def bounded() -> list[str]:
    """The rows for which there is a bound: with many stored at most twice what it is with few."""
    return [_row(name, store) for name in BOUNDED for store in STORES]


def _row(name: str, store: str) -> str:
    return f"stored_200k_{name}_{store}"


def of_store(store: str) -> Iterator[tuple[str, float, str]]:
    with databases(store) as urls:
        figures_of = _alternating(urls)
        for name, (few, many) in figures_of.items():
            yield _row(name, store), many / few, "ratio"
            yield f"{_row(name, store)}_ms", many, "ms p95"
        yield from ((f"{_row(name, store)}_ms", value, "ms") for name, value in _looks(urls[1]))


@contextmanager
def databases(store: str) -> Iterator[tuple[str, str]]:
    """Addresses of one with few instances and of one with many."""
    kept = KEPT / f"{store}-{_digest()}"
    if not (kept / "made").exists():
        for other in KEPT.glob(f"{store}-*"):
            shutil.rmtree(other)
        kept.mkdir(parents=True)
    with TemporaryDirectory(prefix="turnup-") as name, ExitStack() as stack:
        if store == "sqlite":
            few, many = f"sqlite:///{name}/turnup.sqlite", f"sqlite:///{kept}/turnup.sqlite"
        else:
            few = stack.enter_context(Postgres()).uri
            many = stack.enter_context(Postgres(kept / "data")).uri
        _fill(few, FEW)
        if not (kept / "made").exists():
            _fill(many, MANY)
            (kept / "made").touch()
        yield few, many


def _digest() -> str:
    """Of what decides how the rows look."""
    sources = [*sorted(Path("app/migrations/versions").glob("*.py")), Path(populations.__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _fill(url: str, count: int) -> None:
    """A tenth of them has fallen out, and each handler was called in each hour of the last two days."""
    database, now = Database(url), datetime.now(UTC)
    migrate(database)
    populations.populate(database, count, now, fallen_out=100)
    populations.call_handlers(database, now)
    database.close()


def _alternating(urls: tuple[str, str]) -> dict[str, tuple[float, float]]:
    """For each action the median of its rounds' 95th percentiles in ms, with few instances and with many."""
    with TemporaryDirectory(prefix="turnup-") as name, ExitStack() as stack:
        callers = []
        for number, url in enumerate(urls):
            server = stack.enter_context(Server(Path(name) / str(number), TURNUP_DATABASE_URL=url))
            server.deploy(diagram())
            callers.append(Caller(server, (FEW, MANY)[number]))
            stack.callback(callers[-1].close)
        found: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for turn in range(ROUNDS + 1):
            for action, do in ACTIONS.items():
                pairs = [tuple(ms(partial(do, who)) for who in callers) for _ in range(EACH if turn else 3)]
                if turn:  # the first warms up
                    found[action].append((p95([few for few, _ in pairs]), p95([many for _, many in pairs])))
    return {
        action: tuple(statistics.median(side) for side in zip(*p95s, strict=True)) for action, p95s in found.items()
    }


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def ms(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


def _looks(url: str) -> Iterator[tuple[str, float]]:
    """What every process does every second, every twenty and at each scrape, with many stored: medians in ms."""
    database, now = Database(url), datetime.now(UTC)
    looks = {
        "sweep": lambda connection: sweeps.due_instances(connection, now),
        "next_due": sweeps.next_due,
        "watchdog": lambda connection: watchdog.find_stalled(connection, now),
        "figures": lambda connection: figures(connection, now),
        "totals": totals,
    }
    with database.reading() as connection:
        for name, look in looks.items():
            yield name, statistics.median(ms(lambda look=look: look(connection)) for _ in range(7))
    database.close()


if __name__ == "__main__":
    install()
    for name, value, unit in of_store(sys.argv[1]):
        print(f"{name:45} {value:10.2f} {unit}")
