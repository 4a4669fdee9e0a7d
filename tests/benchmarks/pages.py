"""How long each page of the dashboard takes with 200,000 instances and 20,000 open incidents, on both stores.

A real server, one reader, each page as a browser asks for it first: with its frame. What pages ask for again while they
are looked at is a part of that.
"""

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.engine.spiff.index import install
from tests.benchmarks.stored_200k import MANY, STORES, Caller, databases, ms, p95
from tests.factories import populations
from tests.factories.servers import Server

ROUNDS, EACH = 5, 24
BOUND_MS = 200.0
PLANNED = 500  # incidents of the job whose page is looked at
PATHS = {
    "home": "/",
    "instances": "/instances",
    "instances_fallen_out": "/instances?state=fallen_out",
    "instances_of_process": "/instances?process=voice",
    "causes": "/incidents",
    "causes_of_process": "/incidents?process=voice",
    "causes_of_handler": "/incidents?handler=t.refuse",
    "cause": "/incidents/causes/{cause}",
    "incidents": "/incidents?view=list",
    "incidents_of_process": "/incidents?view=list&process=voice",
    "jobs": "/jobs",
    "job": "/jobs/{job}",
    "instance": "/instances/{instance}",
    "tasks": "/tasks",
    "processes": "/processes",
    "process": "/processes/voice/2",
    "versions": "/processes/voice",
    "compare": "/processes/voice/compare",
    "migrate": "/processes/voice/migrate?from=1&to=2",
    "systems": "/systems",
    "handlers": "/handlers",
    "workers": "/workers",
    "decisions": "/decisions",
    "audit": "/audit",
    "approvals": "/approvals",
    "account": "/account",
    "users": "/users",
}


def bounded() -> list[str]:
    """The rows for which there is a bound, BOUND_MS."""
    return [_row(name, store) for name in PATHS for store in STORES]


def _row(name: str, store: str) -> str:
    return f"pages_200k_{name}_{store}_ms"


def rows() -> list[tuple[str, float, str]]:
    install()
    return [row for store in STORES for row in of_store(store)]


def of_store(store: str) -> Iterator[tuple[str, float, str]]:
    """For each page the median of its rounds' 95th percentiles."""
    with ExitStack() as stack:
        name = stack.enter_context(TemporaryDirectory(prefix="turnup-"))
        url = stack.enter_context(databases(store))[1]
        reader = Caller(stack.enter_context(Server(Path(name), TURNUP_DATABASE_URL=url)), MANY)
        stack.callback(reader.close)
        found: dict[str, list[float]] = {page: [] for page in PATHS}
        looks = _looks(reader)
        for turn in range(ROUNDS + 1):
            for page, look in looks.items():
                times = [ms(look) for _ in range(EACH if turn else 3)]
                if turn:  # the first warms up
                    found[page].append(p95(times))
    yield from ((_row(page, store), statistics.median(times), "ms p95") for page, times in found.items())


def _looks(reader: Caller) -> dict[str, Callable[[], None]]:
    cause = reader.ask("GET", "/causes")[0]["id"]
    plan = {"reason": "to measure its page", "most": PLANNED}
    ids = {
        "cause": cause,
        "job": reader.ask("POST", f"/causes/{cause}/retry", plan)["id"],
        "instance": reader.ask("GET", "/process-instances?state=fallen_out&limit=1")[0]["id"],
    }
    assert populations.PROCESSES[1] == "voice"
    return {page: partial(reader.show, path.format(**ids)) for page, path in PATHS.items()}


if __name__ == "__main__":
    install()
    for name, value, unit in of_store(sys.argv[1]):
        print(f"{name:45} {value:10.2f} {unit}{'' if value <= BOUND_MS else '  MISSED'}")
