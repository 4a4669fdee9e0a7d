"""An installation of many processes, what befalls it, and whether everything that it accepted came to its end.

Two API processes, four workers, one PostgreSQL, the laboratory behind a network that can be cut. Orders come in, and a
message follows each; meanwhile, at seeded moments, a worker's group is killed, another stands still for longer than its
lease and goes on, the database crashes, the network drops what it carries, the clock of one host jumps.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.factories import wires
from tests.factories.diagrams import Diagram
from tests.factories.postgres import Postgres
from tests.factories.proxies import Proxy
from tests.factories.servers import Lab, Server, SkewedWorkshop, Workshop

W = TypeVar("W", bound=Workshop)

LEASE_S = 3
PROCESS = "hosts"
OLTS = ("lon-1", "lon-2", "lon-3", "lon-4", "man-1", "man-2", "bir-1", "lee-1")
WITH_A_PORT = 700  # of the laboratory's 896: orders beyond these need none
HONOURS_KEYS = ("access.hold_port", "access.activate_ont", "billing.start")
MOVES_BY_ITSELF = ("job", "held", "claim", "retry", "timer")
JUMP_S = 20  # either way: leases and due times seem long over, or far away


def flow() -> bytes:
    """Access, for those who need it, and router side by side; the customer's word; billing."""
    diagram = Diagram(PROCESS).start("s").parallel("fork").parallel("join").end("e").timer("settle", "PT0.3S")
    diagram.xor("needs_port", default="f_none").xor("port_known").xor("access_done")
    diagram.service("find_port", "olt.find_free_port").service("activate", "olt.activate_ont")
    diagram.service("push", "acs.push_cpe_profile", inputs={"profile": "basic"})
    diagram.service("bill", "billing.start", inputs={"customer": "=customer"})
    diagram.message("customer_home", "customer_home", "=order_id")
    diagram.chain("s", "fork", "needs_port").flow("needs_port", "find_port", "=needs_port")
    diagram.flow("needs_port", "access_done", id="f_none")
    diagram.chain("find_port", "port_known", "activate", "access_done", "settle", "join")
    diagram.chain("fork", "push", "join", "customer_home", "bill", "e")
    diagram.boundary_error("taken", "activate", "port_taken").service("other_port", "olt.find_free_port")
    return diagram.chain("taken", "other_port", "port_known").xml()


class Hosts:
    """All processes; started and ended by `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Hosts:
        enter = self._stack.enter_context
        try:
            self.postgres = enter(Postgres())
            self.lab = enter(Lab(self._folder / "lab", latency_ms=(5, 30)))
            self.network = enter(Proxy(self.lab.port))
            self.servers = [enter(self._server(n)) for n in range(2)]
            self.servers[0].deploy(flow())
            self.jumping = self._workshop(3, SkewedWorkshop)
            self.workshops: list[Workshop] = [*(self._workshop(n, Workshop) for n in range(3)), self.jumping]
            with ThreadPoolExecutor(4) as pool:
                for workshop in pool.map(Workshop.start, self.workshops):
                    self._stack.callback(workshop.stop)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _server(self, n: int) -> Server:
        deploys = {} if n == 0 else {"TURNUP_DEPLOY": "none"}
        return Server(self._folder / f"serve-{n}", "--threads", "0", TURNUP_DATABASE_URL=self.postgres.uri, **deploys)

    def _workshop(self, n: int, kind: type[W]) -> W:
        settings = {"TURNUP_LAB_URL": self.network.url, "TURNUP_LEASE_S": str(LEASE_S)}
        return kind(self._folder / f"work-{n}", self.postgres.uri, threads=4, **settings)


class Portal:
    """Asks either server, again and again until it is answered: an order, and that its customer is at home."""

    def __init__(self, servers: list[Server], draw: random.Random) -> None:
        self._servers = servers
        self._draw = draw
        self.accepted: dict[int, str] = {}
        self.again: Counter[str] = Counter()  # why a request was made once more

    def order(self, n: int) -> None:
        needs_port = n < WITH_A_PORT
        variables = {
            "order_id": f"HOST-{n}",
            "customer": f"Customer {n}",
            "needs_port": needs_port,
            "olt": OLTS[n % len(OLTS)],
            "serial": f"ALCL{n:08X}",
            "speed_mbps": 100,
        }
        body = {"processId": PROCESS, "businessKey": f"HOST-{n}", "variables": variables}
        self.accepted[n] = str(self._ask("/process-instances", body, key=f"host-{n}")["id"])
        message = {"name": "customer_home", "correlationKey": f"HOST-{n}", "messageId": f"home-{n}", "variables": {}}
        self._ask("/messages", message)

    def _ask(self, path: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        until = time.monotonic() + 180
        while time.monotonic() < until:
            server = self._draw.choice(self._servers)
            headers = {**server.headers, **({} if key is None else {"Idempotency-Key": key})}
            try:
                answer = wires.post(f"{server.url}/api/v1{path}", json=body, headers=headers, timeout=10)
            except httpx.TransportError as error:
                self.again[type(error).__name__] += 1
            else:
                if answer.is_success:
                    return dict(answer.json())
                assert answer.status_code >= 500, answer.text
                self.again[str(answer.status_code)] += 1
            time.sleep(0.1)
        raise AssertionError(f"never answered: {body}")


@dataclass
class Weather:
    """What befalls the installation, in a drawn order; each kind at least once before any comes again."""

    hosts: Hosts
    draw: random.Random
    pause_s: tuple[float, float]
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._over = threading.Event()

    def rage(self) -> None:
        kinds: list[Callable[[], None]] = [self.kill, self.freeze, self.crash_database, self.cut_network, self.jump]
        left: list[Callable[[], None]] = []
        while not self._over.wait(self.draw.uniform(*self.pause_s)):
            if not left:
                left = self.draw.sample(kinds, len(kinds))
            kind = left.pop()
            kind()
            self.seen[kind.__name__] += 1

    def end(self) -> None:
        self._over.set()

    def _a_workshop(self) -> Workshop:
        """Rather one that has steps to lose."""
        query = "SELECT w.pid FROM worker w JOIN token t ON t.claimed_by = w.id WHERE t.kind = 'claim' ORDER BY w.pid"
        pids = {pid for (pid,) in self.hosts.postgres.rows(query)}
        busy = [workshop for workshop in self.hosts.workshops if workshop.pid in pids]
        return self.draw.choice(busy or self.hosts.workshops)

    def kill(self) -> None:
        workshop = self._a_workshop()
        workshop.kill()
        time.sleep(self.draw.uniform(0, 2))
        workshop.start()

    def freeze(self) -> None:
        workshop = self._a_workshop()
        workshop.freeze()
        time.sleep(LEASE_S + self.draw.uniform(1, 3))
        workshop.thaw()

    def jump(self) -> None:
        self.hosts.jumping.jump(self.draw.uniform(-JUMP_S, JUMP_S))

    def crash_database(self) -> None:
        self.hosts.postgres.restart()

    def cut_network(self) -> None:
        self.hosts.network.cut()
        time.sleep(self.draw.uniform(0.5, 2))
        self.hosts.network.mend()


def weather_the_storm(
    folder: Path, seed: int, orders: int, rate_per_s: float, pause_s: tuple[float, float], settle_s: float
) -> None:
    """Take the orders in while the weather rages, let everything settle, and hold the end against what was accepted."""
    began = time.monotonic()
    with Hosts(folder) as hosts:
        weather = Weather(hosts, random.Random(seed), pause_s)
        portal = Portal(hosts.servers, random.Random(seed + 1))
        storm = threading.Thread(target=weather.rage, name="weather")
        storm.start()
        try:
            taken_in_s = take_in(portal, orders, rate_per_s)
            while set(weather.seen) < {"kill", "freeze", "crash_database", "cut_network", "jump"}:
                time.sleep(0.1)
        finally:
            weather.end()
            storm.join()
            hosts.jumping.jump(0)
        settled_in_s = settle(hosts, settle_s)
        check_the_end(hosts, portal, weather, {"taken in": taken_in_s, "settled after": settled_in_s}, began)


def take_in(portal: Portal, orders: int, rate_per_s: float) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        asked = []
        for n in range(orders):
            time.sleep(max(0.0, began + n / rate_per_s - time.monotonic()))
            asked.append(pool.submit(portal.order, n))
        for one in asked:
            one.result(timeout=300)
    return time.monotonic() - began


def settle(hosts: Hosts, within_s: float) -> float:
    """Until nothing moves by itself any more."""
    began = time.monotonic()
    moving = f"SELECT count(*) FROM token WHERE open = 1 AND kind IN {MOVES_BY_ITSELF}"
    asked = "SELECT count(*) FROM process_instance WHERE wake_at IS NOT NULL"
    while hosts.postgres.rows(moving) != [(0,)] or hosts.postgres.rows(asked) != [(0,)]:
        if time.monotonic() - began > within_s:
            rows = hosts.postgres.rows("SELECT kind, count(*) FROM token WHERE open = 1 GROUP BY kind")
            raise AssertionError(f"not settled: {rows}, {hosts.postgres.rows(asked)} asked for")
        time.sleep(0.2)
    return time.monotonic() - began


def check_the_end(hosts: Hosts, portal: Portal, weather: Weather, seconds: dict[str, float], began: float) -> None:
    rows = hosts.postgres.rows
    states = dict(rows("SELECT id, CASE WHEN incidents > 0 THEN 'fallen out' ELSE state END FROM process_instance"))
    history = dict(rows("SELECT kind, count(*) FROM history GROUP BY kind"))
    effects = Counter((effect["operation"], effect["key"]) for effect in hosts.lab.everything("effects"))
    twice = {key for (operation, key), count in effects.items() if operation not in HONOURS_KEYS and count > 1}
    figures: dict[str, object] = {
        "orders accepted": len(portal.accepted),
        **dict(Counter(states.values())),
        "incidents": dict(rows("SELECT code, count(*) FROM incident WHERE state = 'open' GROUP BY code")),
        "weather": dict(weather.seen),
        "connections dropped": hosts.network.dropped,
        "requests made again": dict(portal.again),
        "claims taken over": history.get("claim_expired", 0),
        "results kept as late": history.get("late_result", 0),
        "attempts that failed": history.get("failed", 0),
        "pushes made twice": f"{len(twice)}, each in its instance's history",
        "effects under a key": sum(1 for operation, _ in effects if operation in HONOURS_KEYS),
        **{name: f"{value:.0f} s" for name, value in seconds.items()},
        "in all": f"{time.monotonic() - began:.0f} s",
    }
    print("\n" + "\n".join(f"{name:22} {value}" for name, value in figures.items()))

    assert set(portal.accepted.values()) == set(states), "accepted and stored are the same instances"
    without_reason = rows(
        "SELECT i.id FROM process_instance i WHERE i.state = 'active' AND NOT EXISTS "
        "(SELECT 1 FROM token t WHERE t.instance_id = i.id AND t.open = 1 AND t.kind IS NOT NULL)"
    )
    assert without_reason == []
    assert set(states.values()) <= {"completed", "fallen out"}, "what waits, waits because of an incident"
    assert rows("SELECT count(*) FROM incident WHERE state = 'open' AND code = 'Stalled'") == [(0,)]
    attempts: dict[tuple[str, int], list[int]] = {}
    told = "SELECT instance_id, number, (detail::json ->> 'attempt')::int FROM history WHERE kind IN ('failed', 'refused')"
    for instance_id, number, attempt in rows(f"{told} ORDER BY instance_id, revision, position"):
        attempts.setdefault((instance_id, number), []).append(attempt)
    assert all(each == sorted(set(each)) for each in attempts.values()), "what happened to a step is told in its order"
    for (operation, key), count in effects.items():
        assert operation not in HONOURS_KEYS or count == 1, f"{operation} had {count} effects under {key}"
    repeated = {
        row[0]
        for row in rows("SELECT instance_id FROM history WHERE kind IN ('claim_expired', 'failed', 'late_result')")
    }
    assert {key.split(":")[0] for key in twice} <= repeated
    billed = Counter(key.split(":")[0] for operation, key in effects if operation == "billing.start")
    completed = {instance_id for instance_id, state in states.items() if state == "completed"}
    assert completed <= set(billed)
    assert set(billed.values()) <= {1}, "an order is billed under one key"
    assert rows("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'") == [(0,)]
