"""Nothing accepted is lost at kill -9: the real server under load, killed again and again, against the real laboratory.

The server is frozen at seeded moments, and killed where it stands when that hits the window that is wanted; each
window is wanted in turn. What a moment hits is read from the database and the laboratory while the server stands still:

    before the call              a committed claim whose call the network never saw
    after the effect             the network did the work, its result was not committed
    after the commit             a result was committed since the last kill, and nothing that follows had begun
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import wires
from tests.factories.diagrams import Diagram
from tests.factories.servers import Lab, Server

SEED = 20261123
WINDOWS = ("before the call", "after the effect", "after the commit")
AIMS = 40  # moments looked at for one kill; then it is killed where it stands
HONOURS_KEYS = ("access.hold_port", "access.activate_ont", "billing.start")
CALLED_ONCE_OR_MORE = "acs.push_profile"


def flow() -> bytes:
    """Access and router side by side, then billing; ports are raced for, so some activations are refused first."""
    diagram = Diagram("kill_ftth").start("s").parallel("fork").parallel("join").xor("port_known").end("e")
    diagram.service("find_port", "olt.find_free_port").service("activate", "olt.activate_ont")
    diagram.service("push", "acs.push_cpe_profile", inputs={"profile": "basic"})
    diagram.service("bill", "billing.start", inputs={"customer": "=customer"})
    diagram.timer("settle", "PT0.3S").chain("s", "fork", "find_port", "port_known", "activate", "settle", "join")
    diagram.chain("fork", "push", "join", "bill", "e")
    diagram.boundary_error("taken", "activate", "port_taken").service("other_port", "olt.find_free_port")
    return diagram.chain("taken", "other_port", "port_known").xml()


class Client:
    """Starts instances as a portal would: each with an idempotency key, again and again until it is answered."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.accepted: dict[str, str] = {}

    def start(self, n: int) -> None:
        body = {
            "processId": "kill_ftth",
            "businessKey": f"KILL-{n}",
            "variables": {
                "order_id": f"KILL-{n}",
                "customer": f"Customer {n}",
                "olt": ("lon-1", "lon-2", "lon-3", "lon-4", "man-1", "man-2", "bir-1", "lee-1")[n % 8],
                "serial": f"ALCL{n:08X}",
                "speed_mbps": 100,
            },
        }
        headers = {**self._server.headers, "Idempotency-Key": f"kill-{n}"}
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                answer = wires.post(f"{self._server.url}/api/v1/process-instances", json=body, headers=headers, timeout=10)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            assert answer.status_code == 202, answer.text
            self.accepted[f"KILL-{n}"] = answer.json()["id"]
            return
        raise AssertionError(f"instance {n} was never accepted")


class Ledger:
    """The server's database, read while the server is dead."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "turnup.sqlite")

    def rows(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()


@dataclass
class Aim:
    """Looks at what a kill at this moment would hit; `committed` are the steps that were done at the last kill."""

    folder: Path
    lab: Lab
    committed: set[str] = field(default_factory=set)

    def kill(self, server: Server, wanted: str, draw: random.Random) -> Counter[str]:
        """Kill the group at a moment that hits the window; what it hit, in steps."""
        for moment in range(AIMS):
            time.sleep(draw.uniform(0.15, 0.7) if moment == 0 else draw.uniform(0.01, 0.1))
            server.freeze()
            hit, done = self._look()
            if hit[wanted]:
                break
            server.thaw()
        server.kill()
        self.committed |= done
        return hit

    def _look(self) -> tuple[Counter[str], set[str]]:
        time.sleep(0.1)  # requests on their way still arrive
        ledger = Ledger(self.folder)
        claimed = {key for (key,) in ledger.rows("SELECT step_key FROM token WHERE kind = 'claim'")}
        done = {key for (key,) in ledger.rows("SELECT step_key FROM token WHERE open = 0 AND step_key IS NOT NULL")}
        called = {call["key"] for call in self.lab.everything("calls") if call["accepted"]}
        hit = Counter[str]()
        hit["before the call"] = len(claimed - called)
        hit["after the effect"] = len(claimed & called)
        just_committed = {key.split(":")[0] for key in done - self.committed}
        hit["after the commit"] = len(just_committed - {key.split(":")[0] for key in claimed & called})
        return hit, done


def test_nothing_accepted_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """tests/soak/test_kill_long.py goes on for longer."""
    kill_again_and_again(tmp_path, instances=200, kills=10)


def kill_again_and_again(tmp_path: Path, instances: int, kills: int) -> None:
    """Start instances, kill the server at seeded moments meanwhile, and hold the end against what was accepted."""
    draw = random.Random(SEED)
    hits = Counter[str]()
    with Lab(tmp_path / "lab", latency_ms=(10, 40)) as lab:
        # Few threads: claimed steps queue for them, whatever the speed of the machine
        server = Server(tmp_path / "server", TURNUP_LAB_URL=lab.url, TURNUP_HANDLER_THREADS="4").start()
        try:
            server.deploy(flow())
            client = Client(server)
            aim = Aim(server.folder, lab)
            with ThreadPoolExecutor(4) as pool:
                starts = [pool.submit(client.start, n) for n in range(instances)]
                for n in range(kills):
                    hits += aim.kill(server, WINDOWS[n % len(WINDOWS)], draw)
                    server.start()
                finish(starts)
            assert len(client.accepted) == instances
            settle(server)
        finally:
            server.stop()
        print(f"windows hit in {kills} kills: {dict(hits)}")
        assert set(hits) == set(WINDOWS), f"never hit: {set(WINDOWS) - set(hits)}"
        check_the_end(server.folder, lab, client.accepted)


def finish(starts: list[Future[None]]) -> None:
    for start in starts:
        start.result(timeout=120)


def settle(server: Server) -> None:
    """Until every instance ended or fell out."""
    until = time.monotonic() + 120
    with wires.Client(base_url=server.url, headers=server.headers, timeout=10) as http:
        while time.monotonic() < until:
            page = http.get("/api/v1/process-instances", params={"state": "active", "limit": 1})
            if page.headers["X-Total-Count"] == "0":
                return
            time.sleep(0.1)
    pytest.fail(f"still active: {page.text[:500]}")


def check_the_end(folder: Path, lab: Lab, accepted: dict[str, str]) -> None:
    ledger = Ledger(folder)
    states = dict(ledger.rows("SELECT id, state FROM process_instance"))
    assert set(accepted.values()) == set(states), "accepted and stored are the same instances"
    without_reason = ledger.rows(
        "SELECT i.id FROM process_instance i WHERE i.state = 'active' AND NOT EXISTS "
        "(SELECT 1 FROM token t WHERE t.instance_id = i.id AND t.open = 1 AND t.kind IS NOT NULL)"
    )
    assert without_reason == []
    assert Counter(states.values())["completed"] == len(accepted), ledger.rows("SELECT code, message FROM incident")
    steps_seen_by_the_lab(ledger, lab, len(accepted))
    one_effect_per_key(ledger, lab, len(accepted))


def steps_seen_by_the_lab(ledger: Ledger, lab: Lab, instances: int) -> None:
    called = {call["key"] for call in lab.everything("calls")}
    done = {key for (key,) in ledger.rows("SELECT step_key FROM token WHERE step_key IS NOT NULL AND state = 64")}
    assert len(done) >= 4 * instances
    assert done <= called, f"done but never called: {done - called}"


def one_effect_per_key(ledger: Ledger, lab: Lab, instances: int) -> None:
    """One effect per key where keys are honoured; elsewhere each repeat is in the instance's history."""
    effects = Counter((effect["operation"], effect["key"]) for effect in lab.everything("effects"))
    for (operation, key), count in effects.items():
        if operation in HONOURS_KEYS:
            assert count == 1, f"{operation} had {count} effects under {key}"
    repeated = {
        instance
        for (instance,) in ledger.rows("SELECT DISTINCT instance_id FROM history WHERE kind IN ('claim_expired', 'failed')")
    }
    pushes = [(key, count) for (operation, key), count in effects.items() if operation == CALLED_ONCE_OR_MORE]
    twice = [(key, count) for key, count in pushes if count > 1]
    assert len(pushes) == instances
    assert {key.split(":")[0] for key, _ in twice} <= repeated
    print(f"{len(twice)} of {instances} pushes were made more than once; each is in its instance's history")
