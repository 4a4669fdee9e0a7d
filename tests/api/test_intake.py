"""A wave of starts is refused in good time, and goes on when what waits is worked off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.engine.queries.backlog import count_backlog
from app.engine.starts import is_accepted
from app.engine.tables import process_instance
from app.web.intake import Intake
from tests.api.conftest import Caller, application
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

LIMIT = 10


@pytest.fixture
def full(bench: Bench) -> Caller:
    """As many wait as may; each request measures anew."""
    seconds = iter(range(10_000))

    def backlog(most: int) -> int:
        with bench.database.reading() as connection:
            return count_backlog(connection, bench.clock.now(), most)

    def is_known(key: str) -> bool:
        with bench.database.reading() as connection:
            return is_accepted(connection, key)

    intake = Intake(LIMIT, backlog, is_known, now=lambda: float(next(seconds)))
    api = Caller(application(bench, intake=intake).test_client())
    api.deploy(Diagram("p").start().user("u").end().chain("s", "u", "e"))
    for n in range(LIMIT):
        assert api.start(key=f"k-{n}").status_code == 202
    return api


def run(bench: Bench, count: int) -> list[str]:
    """A worker looks at the oldest that wait."""
    waiting = bench.instances()[:count]
    for instance_id in waiting:
        bench.run(instance_id)
    return waiting


def test_a_start_is_refused_with_the_seconds_after_which_to_send_it_again(full: Caller, bench: Bench) -> None:
    answer = full.start(businessKey="ORD-1")
    assert (answer.status_code, answer.json["code"], answer.json["status"]) == (429, "IntakeFull", 429)
    seconds = answer.headers["Retry-After"]
    assert 1 <= int(seconds) <= 60
    assert f"again in {seconds} s" in answer.json["message"]
    assert bench.count(process_instance) == LIMIT


def test_starts_come_in_again_once_the_backlog_is_worked_off(full: Caller, bench: Bench) -> None:
    assert full.start().status_code == 429
    run(bench, 2)
    assert [full.start().status_code for _ in range(3)] == [202, 202, 429]


def test_a_repeat_of_an_accepted_start_is_answered_as_before(full: Caller) -> None:
    again = full.start(key="k-3")
    assert (again.status_code, again.json["created"]) == (202, False)
    assert full.start(key="k-new").status_code == 429
    other = full.start(key="k-3", businessKey="ORD-9")
    assert (other.status_code, other.json["code"]) == (409, "IdempotencyKeyReused")


def test_an_urgent_start_comes_in_where_others_are_refused(full: Caller) -> None:
    assert full.start().status_code == 429
    assert [full.start(priority=0).status_code for _ in range(2)] == [202, 429]


def test_a_wrong_request_is_told_so_whatever_waits(full: Caller) -> None:
    assert full.start(priority=9).status_code == 400
    assert full.client.post("/api/v1/process-instances", json={}).status_code == 401


Act = Callable[[Caller, Bench, str], Any]


@pytest.mark.parametrize(
    "act",
    [
        lambda api, bench, instance_id: api.post(
            f"/user-tasks/{bench.task(instance_id)}/complete", {"variables": {}}
        ),
        lambda api, bench, instance_id: api.post("/messages", {"name": "m", "correlationKey": "k"}),
        lambda api, bench, instance_id: api.post(
            f"/process-instances/{instance_id}/cancel", {"reason": "because"}
        ),
        lambda api, bench, instance_id: api.get(f"/process-instances/{instance_id}"),
    ],
    ids=["task", "message", "cancel", "read"],
)
def test_nothing_but_starts_is_refused(full: Caller, bench: Bench, act: Act) -> None:
    (instance_id,) = run(bench, 1)
    assert full.start().status_code == 202
    assert full.start().status_code == 429
    answer = act(full, bench, instance_id)
    assert answer.status_code in (200, 202), answer.text


def test_the_refusal_is_documented_with_when_to_go_on(api: Caller) -> None:
    document = api.client.get("/openapi/openapi.json").json
    for path, item in document["paths"].items():
        for each in item.values():
            if path.startswith("/api/"):  # one caller may ask too often anywhere
                assert each["responses"]["429"]["headers"]["Retry-After"]["schema"]["type"] == "integer", path
    assert "send the same again" in document["paths"]["/api/v1/process-instances"]["post"]["description"]
