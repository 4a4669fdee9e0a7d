"""Where a page does not test everything that is open, it offers a job that does; its page says what it has found."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
import sqlalchemy as sa

from app.core.jobs import JobView
from app.engine import queries
from app.engine.tables import token
from tests.factories.dashboards import World
from tests.factories.versioned import deploy_second, place_orders, second
from tests.unit.dashboard.conftest import Operator, csrf_of, log_in

PAIR = {"from": "1", "to": "2"}
BASE = "/processes/activate/migrate"


@pytest.fixture
def operator(world: World) -> Operator:
    """Of a dashboard whose requests test two instances each."""
    client = world.serve(most_tested=2).test_client()
    assert log_in(client).status_code == 303
    return Operator(client, csrf_of(client.get("/").text))


@pytest.fixture
def orders(world: World) -> dict[str, str]:
    return place_orders(world)


def counts(page: str) -> list[int]:
    """Unaffected, can move, blocked."""
    return [int(found) for found in re.findall(r'class="tile \w+"><strong>(\d+)</strong>', page)]


def upload() -> dict[str, object]:
    return {"diagram": (BytesIO(second()), "activate.bpmn")}


def newest_job(world: World) -> JobView:
    with world.database.reading() as connection:
        return world.jobs.list_jobs(connection)[0][0]


def test_a_diagram_of_which_one_request_tests_too_little_is_tested_by_a_job(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    told = operator.post("/processes/test", upload(), htmx=True).text
    assert "2 of them were tested" in told
    assert 'form="diagram-form"' in told
    assert "Test all 3" in told
    assert 'id="diagram-form"' in operator.post("/processes/test", upload()).text
    answer = operator.post("/processes/survey", upload())
    assert "0 of 3" in operator.get(answer.location).text
    world.work_at_jobs()
    page = operator.get(answer.location).text
    assert counts(page) == [0, 1, 2]
    assert "3 of 3" in page
    assert "All that was open is tested." in page
    assert "A token stands at &#39;visit&#39;" in page
    assert len(re.findall(r'id="blocked-1-[^"]+"', page)) == 2
    only = operator.get(f"{answer.location}?reason=1&page=2").text
    assert "Blocked at <code>visit</code> of v1" in only
    assert "blocked-1-" not in only
    with world.database.reading() as connection:
        assert queries.list_versions(connection, "activate", 1, 0).total == 1


def test_nothing_is_offered_where_a_request_tests_all(world: World, operator: Operator, orders: dict[str, str]) -> None:
    client = world.serve(most_tested=3).test_client()
    assert log_in(client).status_code == 303
    everything = Operator(client, csrf_of(client.get("/").text))
    assert "Test all" not in everything.post("/processes/test", upload(), htmx=True).text
    deploy_second(world)
    assert "Test all" in operator.get(f"{BASE}?from=1&to=2").text
    assert "Test all" not in everything.get(f"{BASE}?from=1&to=2").text


def test_what_is_drawn_is_tested_by_a_job_too(world: World, operator: Operator, orders: dict[str, str]) -> None:
    body = json.dumps({"kind": "process", "document": second().decode()})
    headers = {"X-CSRF-Token": operator.csrf, "Content-Type": "application/json"}
    answer = operator.client.post("/modeler/survey", data=body, headers=headers)
    world.work_at_jobs()
    assert counts(operator.get(answer.json["href"]).text) == [0, 1, 2]


def test_a_mapping_is_tested_on_all_and_all_that_are_open_are_moved(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    deploy_second(world)
    page = operator.get(f"{BASE}?from=1&to=2").text
    assert "The 2 oldest of 3 were tested" in page
    assert "All 3 that are open" in page
    answer = operator.post(f"{BASE}/survey", {**PAIR, "map.visit": "call_on"})
    world.work_at_jobs()
    told = operator.get(answer.location).text
    assert counts(told) == [0, 3, 0]
    assert "Nothing is blocked." in told
    assert f'href="{BASE}?from=1&amp;to=2">Move them to v2</a>' in told
    moved = operator.post(BASE, {**PAIR, "map.visit": "call_on", "which": "all", "reason": "r"})
    world.work_at_jobs(3)
    job = newest_job(world)
    assert (moved.location.rpartition("/")[2], job.kind, job.total, job.done) == (job.id, "migrate", 3, 3)


def test_one_that_nobody_has_tested_is_moved_from_its_own_page(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    deploy_second(world)
    page = operator.get(f"{BASE}?from=1&to=2&instance={orders['ORD-3']}").text
    assert counts(page) == [0, 0, 1]
    assert "ORD-3" in page


def test_a_part_that_could_not_be_tested_is_shown_with_its_reason(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    broken = orders["ORD-2"]
    with world.database.transaction() as tx:
        tx.connection.execute(sa.update(token).where(token.c.instance_id == broken).values(internal="{"))
    answer = operator.post("/processes/survey", upload())
    world.work_at_jobs()
    page = operator.get(answer.location).text
    assert "1 of its 1 parts could not be tested: see why below." in page
    assert (f'href="/instances/{min(orders.values())}"' in page, "JSONDecodeError" in page) == (True, True)
    assert "Nothing is blocked" not in page


def test_what_cannot_be_tested_says_why(world: World, operator: Operator) -> None:
    none = operator.post("/processes/survey", upload(), htmx=True)
    assert (none.status_code, "nothing to test" in none.text) == (409, True)
    bad = operator.post("/processes/survey", {"diagram": (BytesIO(b"<not-bpmn/>"), "x.bpmn")}, htmx=True)
    assert bad.status_code == 422
    missing = operator.post("/processes/survey", htmx=True)
    assert (missing.status_code, 'data-field="diagram"' in missing.text) == (400, True)
