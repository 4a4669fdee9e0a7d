"""The real server, watched as Prometheus and a load balancer watch it; and the port of a process without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.cli.port import PortInUse, watched
from app.core.clock import SystemClock
from app.core.meters import Meters
from app.core.settings import read_settings
from app.factory import build_watch_app
from app.watch.desk import Desk
from app.watch.figures import FiguresSheet
from app.watch.readiness import NotReady, Readiness
from tests.factories import wires
from tests.factories.diagrams import Diagram
from tests.factories.servers import Server, free_port, is_closed
from tests.unit.dispatch.waiting import until


def figures(url: str) -> dict[str, float]:
    text = wires.get(f"{url}/metrics").raise_for_status().text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name + str(sorted(sample.labels.values()))] = sample.value
    return found


def test_a_server_that_runs_orders_is_ready_and_counts_them(tmp_path: Path) -> None:
    with Server(tmp_path, TURNUP_LAB_URL=f"http://127.0.0.1:{free_port()}") as server:
        ready = wires.get(f"{server.url}/readyz")
        assert ready.status_code == 200, ready.text
        assert set(ready.json()["checks"]) == {"database", "schema", "disk", "dispatch", "worker", "lease"}
        diagram = Diagram("asks").start("s").service("find", "olt.find_free_port").end("e").chain("s", "find", "e")
        server.deploy(diagram.xml())
        body = {"processId": "asks", "variables": {"olt": "lon-1", "serial": "ALCL00000001"}}
        wires.post(f"{server.url}/api/v1/process-instances", json=body, headers=server.headers).raise_for_status()
        failed = "turnup_steps_total['failed', 'olt.find_free_port']"
        until(lambda: figures(server.url).get(failed, 0) >= 1)
        found = figures(server.url)
        assert found["turnup_database_up[]"] == 1
        assert found["turnup_workers['good']"] == 1
        assert found["turnup_http_request_seconds_count['/api/v1/process-instances', '202', 'POST']"] == 1
        assert found["turnup_worker_threads['idle']"] + found["turnup_worker_threads['busy']"] == 8
        assert found["process_resident_memory_bytes[]"] > 0


def away() -> None:
    raise NotReady("it is away")


def test_a_process_without_a_server_is_watched_on_a_port_of_its_own() -> None:
    meters, port = Meters(), free_port()
    meters.stalled()
    desk = Desk(Readiness({"lease": away}), FiguresSheet(meters, "1"))
    url = f"http://127.0.0.1:{port}"
    with watched(build_watch_app(read_settings({}), desk, SystemClock()), "127.0.0.1", port):
        assert figures(url)["turnup_watchdog_findings_total[]"] == 1
        assert wires.get(f"{url}/healthz").status_code == 200
        assert wires.get(f"{url}/readyz").json()["checks"]["lease"]["message"] == "it is away"
        assert wires.get(f"{url}/api/v1/process-instances").status_code == 404
        with pytest.raises(PortInUse), watched(_app(), "127.0.0.1", port):
            pass
    assert is_closed(port)


def test_processes_with_one_port_each_take_the_next_that_is_free() -> None:
    port = free_port()
    with watched(_app(), "127.0.0.1", port, 50), watched(_app(), "127.0.0.1", port, 50):
        assert not is_closed(port)
        assert any(lives(f"http://127.0.0.1:{port + n}") for n in range(1, 50))
        with pytest.raises(PortInUse, match=str(port)), watched(_app(), "127.0.0.1", port):
            pass


def lives(url: str) -> bool:
    try:
        return wires.get(f"{url}/healthz").json() == {"status": "ok"}
    except (httpx.TransportError, ValueError):
        return False


def test_without_a_port_nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.port.make_server", None)
    with watched(_app(), "127.0.0.1", None):
        pass


def _app() -> object:
    return build_watch_app(read_settings({}), Desk(), SystemClock())


def test_servers_that_share_a_port_are_scraped_each_at_its_own(
    tmp_path: Path, postgres_databases: Callable[[], str]
) -> None:
    first = next(port for port in iter(free_port, None) if is_closed(port + 1))
    ports = (first, first + 1)
    shared = {"TURNUP_DATABASE_URL": postgres_databases(), "TURNUP_METRICS_PORT": str(first)}
    with Server(tmp_path, "--servers", "2", TURNUP_DEPLOY="none", **shared):
        for port in ports:
            until(lambda port=port: lives(f"http://127.0.0.1:{port}"), 30)
        assert all(figures(f"http://127.0.0.1:{port}")["turnup_database_up[]"] == 1 for port in ports)
    assert all(is_closed(port) for port in ports)
