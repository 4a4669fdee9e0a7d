"""The page of a migration: a mapping that is tested on each open instance, and the job that moves them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.core.jobs import JobView
from app.engine import queries
from tests.factories.dashboards import World
from tests.factories.versioned import deploy_second, place_orders
from tests.unit.dashboard.conftest import Operator

BASE = "/processes/activate/migrate"
PAIR = {"from": "1", "to": "2"}
MAPPED = {**PAIR, "map.visit": "call_on"}


@pytest.fixture
def orders(world: World) -> dict[str, str]:
    found = place_orders(world)
    deploy_second(world)
    return found


def counts(page: str) -> list[int]:
    """Unaffected, can move, blocked."""
    return [int(found) for found in re.findall(r'class="tile \w+"><strong>(\d+)</strong>', page)]


def job_of(world: World, answer: Any) -> JobView:
    with world.database.reading() as connection:
        return world.jobs.read(connection, answer.location.rpartition("/")[2])


def versions(world: World, orders: dict[str, str]) -> dict[str, int]:
    with world.database.reading() as connection:
        return {key: queries.get_instance(connection, each).version for key, each in orders.items()}


def test_each_instance_is_shown_with_what_would_become_of_it_and_why(
    operator: Operator, orders: dict[str, str]
) -> None:
    page = operator.get(f"{BASE}?from=1&to=2").text
    assert counts(page) == [0, 1, 2]
    assert "which has no counterpart" in page
    assert 'name="map.visit"' in page
    assert "2 stand here" in page


def test_the_mapping_is_tested_without_anything_being_changed(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    told = operator.post(f"{BASE}/test", MAPPED, htmx=True).text
    assert counts(told) == [0, 3, 0]
    assert '<option value="call_on" selected>' in told
    assert versions(world, orders) == dict.fromkeys(orders, 1)


def test_what_cannot_be_mapped_says_so_beside_it_and_the_rest_still_counts(
    operator: Operator, orders: dict[str, str]
) -> None:
    told = operator.post(f"{BASE}/test", {**MAPPED, "map.online": "bill"}, htmx=True).text
    row = told[told.index('id="row-online"') :].partition("</tr>")[0]
    assert "it was a message intermediateCatchEvent and is a serviceTask" in row
    assert counts(told) == [0, 3, 0]
    assert counts(operator.post(f"{BASE}/test", {**MAPPED, "map.online": ":none"}, htmx=True).text) == [0, 2, 1]


def test_all_that_can_move_do_so_by_a_job(world: World, operator: Operator, orders: dict[str, str]) -> None:
    answer = operator.post(BASE, {**MAPPED, "which": "all", "reason": "Customers want to be told"})
    job = job_of(world, answer)
    assert (job.kind, job.total, job.by, job.reason) == ("migrate", 3, "Grace", "Customers want to be told")
    world.work_at_jobs(3)
    assert versions(world, orders) == dict.fromkeys(orders, 2)
    assert job_of(world, answer).done == 3


def test_those_that_are_ticked_move_and_no_others(world: World, operator: Operator, orders: dict[str, str]) -> None:
    chosen = {"which": "chosen", "tick": [orders["ORD-1"], orders["ORD-3"]]}
    told = operator.post(f"{BASE}/test", {**MAPPED, **chosen}, htmx=True).text
    assert len(re.findall(r'name="tick" value="[^"]+" aria-label="Move ORD-[13]" checked', told)) == 2
    assert told.count(" checked") == 2
    operator.post(BASE, {**MAPPED, **chosen, "reason": "these two"})
    world.work_at_jobs(3)
    assert versions(world, orders) == {"ORD-1": 2, "ORD-2": 1, "ORD-3": 2}
    assert operator.post(f"{BASE}/test", MAPPED, htmx=True).text.count(" checked") == 1  # what else can move


def test_without_a_mapping_only_those_are_taken_that_can_move(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    answer = operator.post(BASE, {**PAIR, "which": "all", "reason": "r"})
    world.work_at_jobs(3)
    assert job_of(world, answer).total == 1
    assert versions(world, orders) == {"ORD-1": 2, "ORD-2": 1, "ORD-3": 1}


def test_one_is_moved_from_its_own_page(world: World, operator: Operator, orders: dict[str, str]) -> None:
    link = f"{BASE}?from=1&instance={orders['ORD-2']}"
    assert link.replace("&", "&amp;") in operator.get(f"/instances/{orders['ORD-2']}").text
    page = operator.get(link).text
    assert "ORD-2" in page
    assert "ORD-3" not in page
    form = {**MAPPED, "instance": orders["ORD-2"], "reason": "first this"}
    operator.post(BASE, form)
    world.work_at_jobs(3)
    assert versions(world, orders) == {"ORD-1": 1, "ORD-2": 2, "ORD-3": 1}


def test_an_order_that_cannot_be_names_the_field(world: World, operator: Operator, orders: dict[str, str]) -> None:
    for more, field in (
        ({"which": "all"}, "reason"),
        ({"which": "chosen", "reason": "r"}, "which"),
        ({"which": "all", "reason": "r", "rate": "fast"}, "rate"),
        ({"which": "all", "reason": "r", "map.visit": "nowhere"}, "mapping.visit"),
        ({"which": "all", "reason": "r", "map.online": ":none"}, "which"),
    ):
        refused = operator.post(BASE, {**PAIR, **more}, htmx=True)
        assert (refused.status_code, f'data-field="{field}"' in refused.text) == (400, True), more
    assert versions(world, orders) == dict.fromkeys(orders, 1)


def test_with_one_version_there_is_nothing_to_move_to(operator: Operator) -> None:
    page = operator.get(BASE).text
    assert "This process has only one" in page


def test_a_step_under_another_id_that_looks_alike_is_suggested(world: World, operator: Operator) -> None:
    place_orders(world)
    document = deployed_document(world).replace(b'"visit"', b'"call_on"')
    with world.database.transaction() as tx:
        world.engine.deploy(tx, document)
    page = operator.get(f"{BASE}?from=1&to=2").text
    assert "Suggested: it looks alike." in page
    assert counts(page) == [0, 3, 0]


def deployed_document(world: World) -> bytes:
    with world.database.reading() as connection:
        found = queries.get_definition(connection, "activate")
        return queries.definition_document(connection, found.id)


def test_the_page_is_there_with_the_first_tested_and_asks_for_the_others(
    world: World, operator: Operator, orders: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dashboard.migrations.FIRST_TESTED", 1)
    page = operator.get(f"{BASE}?from=1&to=2").text
    assert counts(page) == [0, 1, 0]
    assert "1 of 3 are tested; testing the others…" in page
    assert "All that can move" in page
    assert f'hx-get="{BASE}?from=1&amp;to=2" hx-trigger="load"' in page
    told = operator.get(f"{BASE}?from=1&to=2", **{"HX-Request": "true"}).text
    assert counts(told) == [0, 1, 2]
    assert 'hx-target="#findings"' in told
    assert "hx-trigger" not in told
    assert "testing" not in operator.post(f"{BASE}/test", PAIR).text
