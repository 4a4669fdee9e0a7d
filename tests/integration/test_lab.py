"""The laboratory network: what flows and kill tests rely on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from app.core.clock import FixedClock
from app.lab.settings import LabSettings
from app.lab.web import Lab
from tests.factories import wires
from tests.factories.labs import RunningLab, a_lab, serving

ONT = {"olt": "lon-3", "port": "1/1/1", "serial": "ALCL0000A001", "speed_mbps": 500}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with a_lab(tmp_path) as running:
        yield running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def client(tmp_path: Path, clock: FixedClock) -> Iterator[FlaskClient]:
    """The lab without a server, on a clock that the test moves."""
    lab = Lab(LabSettings(tmp_path / "lab.sqlite"), clock)
    yield lab.app.test_client()
    lab.close()


def activate(client: FlaskClient, key: str = "k1", **changes: Any) -> int:
    return client.post("/access/onts", json={**ONT, **changes}, headers={"Idempotency-Key": key}).status_code


# keys and the ledger


def test_one_key_from_many_threads_at_once_has_one_effect(lab: RunningLab) -> None:
    def send(_: int) -> httpx.Response:
        return lab.client.post("/access/onts", json=ONT, headers={"Idempotency-Key": "k1"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(24)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(lab.effects(key="k1")) == 1
    seen = lab.summary()["access.activate_ont"]
    assert (seen["calls"], seen["keys"], seen["duplicate_calls"], seen["duplicate_effects"]) == (24, 1, 23, 0)


def test_where_keys_are_not_honoured_every_call_is_an_effect(client: FlaskClient) -> None:
    for _ in range(3):
        client.post("/acs/pushes", json={"serial": "S", "profile": "fast"}, headers={"Idempotency-Key": "k1"})
    client.post("/acs/pushes", json={"serial": "S", "profile": "fast"})
    seen = client.get("/lab/summary").json["acs.push_profile"]
    assert (seen["effects"], seen["duplicate_calls"], seen["duplicate_effects"]) == (4, 2, 2)


def test_a_refusal_is_not_remembered_under_its_key(client: FlaskClient) -> None:
    client.post("/lab/faults", json={"kind": "port_taken", "calls": 1})
    assert activate(client) == 409
    assert activate(client) == 201


def test_every_call_is_recorded_with_key_arguments_and_what_came_of_it(client: FlaskClient) -> None:
    activate(client, port="1/1/16")
    client.post("/lab/faults", json={"kind": "unavailable", "calls": 1})
    activate(client)
    activate(client)
    rows = client.get("/lab/calls?key=k1").json
    assert [(row["status"], row["code"], row["fault"], row["accepted"]) for row in rows] == [
        (409, "port_taken", None, False),
        (503, None, "unavailable", False),
        (201, None, None, True),
    ]
    assert rows[0]["arguments"]["port"] == "1/1/16"
    assert client.get(f"/lab/calls?after={rows[1]['id']}").json == rows[2:]
    assert client.get("/lab/calls?operation=billing.start").json == []


def test_reset_gives_the_network_of_the_first_day(client: FlaskClient) -> None:
    activate(client)
    client.post("/lab/faults", json={"kind": "unavailable"})
    client.post("/lab/reset")
    assert client.get("/lab/summary").json == {}
    assert client.get("/lab/faults").json == []
    assert activate(client) == 201


@pytest.mark.parametrize(
    "body", [{**ONT, "speed_mbps": "500"}, {**ONT, "speed_mbps": True}, {"olt": "lon-3"}, ["a list"], None]
)
def test_a_call_whose_arguments_are_missing_or_wrong_is_refused(client: FlaskClient, body: Any) -> None:
    answer = client.post("/access/onts", json=body)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")


# faults


def test_a_fault_for_a_while_counts_from_the_first_call_it_meets(client: FlaskClient, clock: FixedClock) -> None:
    client.post("/lab/faults", json={"kind": "unavailable", "seconds": 4})
    clock.advance(timedelta(hours=1))
    assert activate(client) == 503
    clock.advance(timedelta(seconds=3.9))
    assert activate(client) == 503
    clock.advance(timedelta(seconds=0.1))
    assert activate(client) == 201


def test_a_fault_meets_only_what_it_matches_and_one_can_be_lifted_alone(client: FlaskClient) -> None:
    first = client.post("/lab/faults", json={"kind": "refused", "match": {"port": "1/1/1"}, "code": "mine"}).json["id"]
    client.post("/lab/faults", json={"kind": "refused", "match": {"port": "1/1/2"}, "code": "other", "status": 422})
    assert activate(client, port="1/1/3") == 201
    assert activate(client) == 409
    assert [fault["hits"] for fault in client.get("/lab/faults").json] == [1, 0]
    assert client.delete(f"/lab/faults/{first}").json == {"lifted": 1}
    assert client.delete(f"/lab/faults/{first}").status_code == 404
    assert activate(client, "k2", serial="ALCL0000A002") == 201
    assert activate(client, "k3", port="1/1/2") == 422


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "earthquake"}, "unknown_kind"),
        ({"kind": "unavailable", "calls": 0}, "bad_fault"),
        ({"kind": "unavailable", "sec": 4}, "bad_fault"),
        ({}, "bad_fault"),
        (None, "bad_fault"),
    ],
)
def test_a_fault_that_the_lab_does_not_know_is_refused(client: FlaskClient, body: Any, code: str) -> None:
    answer = client.post("/lab/faults", json=body)
    assert (answer.status_code, answer.json["code"]) == (400, code)


# the call back


class Turnup:
    """Takes messages as Turnup's API does, after refusing the first `refusals` of them."""

    def __init__(self, refusals: int = 0, status: str = "503 Down") -> None:
        self.refusals = refusals
        self.status = status
        self.seen: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self._arrived = threading.Condition()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        with self._arrived:
            self.seen.append({"path": environ["PATH_INFO"], **json.loads(body)})
            self.tokens.add(environ["HTTP_AUTHORIZATION"])
            start(self.status if len(self.seen) <= self.refusals else "202 Accepted", [("Content-Length", "0")])
            self._arrived.notify_all()
        return []

    def wait_for(self, count: int, within_s: float = 10) -> list[dict[str, Any]]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.seen) >= count, within_s), self.seen
            return list(self.seen)


@contextmanager
def lab_calling(folder: Path, turnup: Turnup, **settings: Any) -> Iterator[RunningLab]:
    with (
        serving(turnup) as url,
        a_lab(folder, callback_url=url, callback_token="t0k", **{"online_after_s": 0, **settings}) as running,
    ):
        yield running


def test_an_ont_that_comes_online_is_told_to_turnup_until_it_is_taken_and_then_no_more(tmp_path: Path) -> None:
    turnup = Turnup(refusals=2)
    with lab_calling(tmp_path, turnup) as lab:
        lab.client.post("/access/onts", json=ONT, headers={"Idempotency-Key": "k1"})
        lab.client.post("/access/onts", json=ONT, headers={"Idempotency-Key": "k1"})
        first, *rest = turnup.wait_for(3)
        lab.client.post("/access/onts", json={**ONT, "port": "1/1/2", "serial": "ALCL0000A002"})
        *_, last = turnup.wait_for(4)
    assert rest == [first, first]
    assert first["path"] == "/api/v1/messages"
    assert (first["name"], first["correlationKey"]) == ("ont_online", "ALCL0000A001")
    assert turnup.tokens == {"Bearer t0k"}
    assert last["correlationKey"] == "ALCL0000A002"
    assert last["messageId"] != first["messageId"]


def test_a_message_that_turnup_calls_malformed_is_not_sent_again(tmp_path: Path) -> None:
    turnup = Turnup(refusals=1, status="400 Bad")
    # A second sending would be due 0.25 s after the first: before the other ONT is online.
    with lab_calling(tmp_path, turnup, online_after_s=0.4) as lab:
        lab.client.post("/access/onts", json=ONT)
        turnup.wait_for(1)
        lab.client.post("/access/onts", json={**ONT, "port": "1/1/2", "serial": "ALCL0000A002"})
        assert [message["correlationKey"] for message in turnup.wait_for(2)] == ["ALCL0000A001", "ALCL0000A002"]


def test_an_ont_that_is_kept_dark_comes_online_when_the_fault_is_lifted(tmp_path: Path) -> None:
    turnup = Turnup()
    with lab_calling(tmp_path, turnup) as lab:
        lab.fault("never_online", {"serial": "ALCL0000A001"})
        lab.client.post("/access/onts", json=ONT)
        lab.client.post("/access/onts", json={**ONT, "port": "1/1/2", "serial": "ALCL0000A002"})
        assert [message["correlationKey"] for message in turnup.wait_for(1)] == ["ALCL0000A002"]
        lab.lift()
        assert turnup.wait_for(2)[1]["correlationKey"] == "ALCL0000A001"


# as a user starts it


@contextmanager
def lab_process(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = "from app.lab.command import lab; lab()"
    arguments = ["--port", str(port), "--data-dir", str(folder), "--latency-ms", "0", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", command, *arguments], start_new_session=True, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await_health(process, url)
        yield process, url
    finally:
        _kill(process)


def _await_health(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 20
    while True:
        assert process.poll() is None, "the lab ended at once"
        try:
            wires.get(f"{url}/lab/health").raise_for_status()
            return
        except httpx.TransportError:
            assert time.monotonic() < until, "the lab did not come up"
            time.sleep(0.05)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_the_lab_has_answered_outlives_its_kill(tmp_path: Path) -> None:
    with lab_process(tmp_path) as (process, url):
        wires.post(f"{url}/access/onts", json=ONT, headers={"Idempotency-Key": "k1"})
        _kill(process)
    with lab_process(tmp_path) as (_, url):
        assert [effect["key"] for effect in wires.get(f"{url}/lab/effects").json()] == ["k1"]
        again = wires.post(f"{url}/access/onts", json=ONT, headers={"Idempotency-Key": "k1"})
        assert again.status_code == 201
        assert wires.get(f"{url}/lab/summary").json()["access.activate_ont"]["effects"] == 1


def test_the_lab_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    with lab_process(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
