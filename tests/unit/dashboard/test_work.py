"""The pages of what does the work: handlers, workers, and what is open of each version."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.dashboard.words import rounded_s, share
from app.engine import handler_hours, workers
from app.engine.handler_hours import counted
from app.engine.workers import Busy
from tests.factories.dashboards import DRAWN, NOON, World
from tests.unit.dashboard.conftest import Operator, somebody
from tests.unit.dashboard.test_systems import KEY


def test_each_handler_says_how_often_it_was_called_and_who_uses_it(world: World, operator: Operator) -> None:
    with world.database.transaction() as tx:
        calls = {("done", 0.2): 90, ("failed", 3.0): 9, ("refused", 0.1): 1}
        for (outcome, seconds), number in calls.items():
            handler_hours.add(tx, {counted(NOON, "olt.activate_ont", outcome, seconds): number})
        handler_hours.add(tx, {counted(NOON, "gone.handler", "done", 0.1): 7})
    page = operator.get("/handlers").text
    row = page[page.index("<code>olt.activate_ont</code>") :].partition("</tr>")[0]
    assert "Put the customer&#39;s ONT in service." in row
    assert (">100</td>" in row, ">9</a>" in row, "9 %" in row) == (True, True, True)
    assert 'href="/incidents?handler=olt.activate_ont"' in row
    assert 'href="/processes/activate/1"' in row
    assert page.index("olt.activate_ont") < page.index("billing.start")
    gone = page[page.index("<code>gone.handler</code>") :].partition("</tr>")[0]
    assert ("not installed here" in gone, "no process" in gone) == (True, True)


def test_a_handler_shows_its_limit_and_that_it_is_stopped(world: World, operator: Operator) -> None:
    key = "handler=billing.start"
    operator.post("/systems/limit", {"key": key, "concurrent": "3", "reason": "vendor"})
    operator.post("/systems/stop", {"key": key, "reason": "month end"})
    page = operator.get("/handlers", **{"HX-Request": "true"}).text
    row = page[page.index("<code>billing.start</code>") :].partition("</tr>")[0]
    assert f"{key}: Stopped" in row
    assert "3 at once" in row
    assert KEY not in row


def test_workers_say_whether_they_live_and_how_busy_they_are(world: World, operator: Operator) -> None:
    assert "No worker is alive" in operator.get("/workers").text
    with world.database.transaction() as tx:
        workers.enlist(tx, "w-gone", "host-a", 1, NOON - timedelta(hours=1), 30)
        workers.enlist(tx, "w-here", "host-b", 2, NOON, 30, Busy(8, 3))
    page = operator.get("/workers").text
    assert "3 of 8" in page
    assert page.index("host-b") < page.index("host-a")
    assert (page.count(">Alive<"), page.count(">Gone<")) == (1, 1)
    assert "One process does everything" in page


def test_versions_say_how_many_instances_are_open(world: World, operator: Operator) -> None:
    world.start("ORD-1")
    with world.database.transaction() as tx:
        world.engine.deploy(tx, (DRAWN / "activate.bpmn").read_bytes().replace(b"Activate fibre", b"Activate glass"))
    for number in range(2):
        world.start(f"ORD-2{number}")
    page = operator.get("/processes").text
    assert '<td data-label="Open" class="number">2</td>' in page
    assert '1 open' in page
    assert '2 open' in operator.get("/processes/activate/1").text


def test_who_sees_single_processes_sees_none_of_it(world: World) -> None:
    eve = somebody(world, "Eve", "operator@activate")
    assert eve.get("/handlers").status_code == eve.get("/workers").status_code == 403


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0.00052, "0.52 ms"), (0.1234, "120 ms"), (0.999, "1000 ms"), (4.36, "4.4 s"), (118.0, "120 s")]
)
def test_a_length_that_is_known_roughly_is_told_roughly(seconds: float | None, said: str) -> None:
    assert rounded_s(seconds) == said


def test_a_share_is_told_in_percent() -> None:
    assert [share(*each) for each in ((0, 0), (1, 1000), (9, 100), (1, 1))] == ["0 %", "0.1 %", "9 %", "100 %"]
