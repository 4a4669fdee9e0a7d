"""How long a client waits for `202` when eight of them start instances at the real server at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory

import httpx

from tests.factories.diagrams import Diagram
from tests.factories.servers import Server


def diagram() -> bytes:
    """Over as soon as a worker looks at it."""
    return Diagram("bench_start").start("s").script("a", "=n + 1", "m").end("e").chain("s", "a", "e").xml()


def start_times_ms(clients: int, each: int) -> list[float]:
    """One figure per request; every instance runs to its end meanwhile."""
    with TemporaryDirectory(prefix="turnup-") as folder, Server(folder) as server:
        server.deploy(diagram())
        with ThreadPoolExecutor(clients) as pool:
            lists = list(pool.map(lambda client: _one_client(server, client, each), range(clients)))
    return [figure for figures in lists for figure in figures]


def _one_client(server: Server, client: int, each: int) -> list[float]:
    figures = []
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=30) as http:
        for n in range(each):
            body = {"processId": "bench_start", "businessKey": f"{client}-{n}", "variables": {"n": n}}
            began = time.perf_counter()
            response = http.post("/api/v1/process-instances", json=body)
            figures.append((time.perf_counter() - began) * 1000)
            assert response.status_code == 202, response.text
    return figures
