"""The pages of a process's versions: who and why, what differs, start, withdraw, test before deployment."""

from __future__ import annotations

import re
from io import BytesIO

import pytest

from app.engine import queries
from app.web.intake import Intake
from tests.factories.dashboards import DRAWN, World
from tests.factories.versioned import deploy_second, place_orders, second
from tests.unit.dashboard.conftest import Operator, csrf_of, log_in, somebody


@pytest.fixture
def orders(world: World) -> dict[str, str]:
    found = place_orders(world)
    deploy_second(world)
    return found


def test_the_list_says_who_deployed_each_version_and_why_and_what_is_open(
    operator: Operator, orders: dict[str, str]
) -> None:
    page = operator.get("/processes/activate").text
    assert "by Ada" in page
    assert "Customers want to be told" in page
    assert "by the server, from its files" in page
    assert 'href="/processes/activate/migrate?from=1&amp;to=2">Move 3 to v2</a>' in page
    assert operator.get("/processes/nothing").status_code == 404


def test_two_versions_are_compared_in_words_and_marked(operator: Operator, orders: dict[str, str]) -> None:
    page = operator.get("/processes/activate/compare?from=1&to=2").text
    words = page[page.index("In words") :]
    assert "<del>Start billing</del>" in words
    assert "<ins>Bill it</ins>" in words
    assert (words.count('<li class="removed">'), words.count('<li class="added">')) == (1, 3)
    assert "&#34;bill&#34;: {&#34;kind&#34;: &#34;changed&#34;}" in page
    same = operator.get("/processes/activate/compare?from=1&to=1").text
    assert "Nothing but where things are drawn" in same
    assert operator.get("/processes/activate/compare?from=1&to=9").status_code == 404
    assert operator.get("/processes/activate/compare?from=x").status_code == 400


def test_an_instance_is_started_on_the_newest_or_on_a_version_that_is_named(
    world: World, operator: Operator, orders: dict[str, str]
) -> None:
    for chosen, version in (("", 2), ("1", 1)):
        form = {"version": chosen, "business_key": "ORD-9", "variables": '{"order_id": "ORD-9"}'}
        answer = operator.post("/processes/activate/start", form)
        with world.database.reading() as connection:
            found = queries.get_instance(connection, answer.location.rpartition("/")[2])
        assert (found.version, found.business_key) == (version, "ORD-9")
    refused = operator.post("/processes/activate/start", {"variables": "[1]"}, htmx=True)
    assert (refused.status_code, 'data-field="variables"' in refused.text) == (400, True)
    assert operator.post("/processes/activate/start", {"version": "7"}).status_code == 404


def test_a_version_is_withdrawn_with_a_reason_and_put_back(operator: Operator, orders: dict[str, str]) -> None:
    assert operator.post("/processes/activate/2/withdraw", {}).status_code == 400
    assert operator.post("/processes/activate/2/withdraw", {"reason": "It bills twice"}).status_code == 303
    page = operator.get("/processes/activate").text
    assert "Withdrawn by Grace" in page
    assert "It bills twice" in page
    assert "The newest, v1" in page
    assert operator.post("/processes/activate/start", {"version": "2"}).status_code == 409
    assert operator.post("/processes/activate/2/restore", {"reason": "It was the supplier"}).status_code == 303
    assert "The newest, v2" in operator.get("/processes/activate").text


def test_a_diagram_is_tested_on_every_open_instance_before_it_is_deployed(world: World, operator: Operator) -> None:
    place_orders(world)
    form = {"diagram": (BytesIO(second()), "activate.bpmn")}
    told = operator.post("/processes/test", form, htmx=True).text
    assert "It would be version 2" in told
    assert "<strong>1</strong> Can move" in told
    assert "<strong>2</strong> Blocked" in told
    assert "A token stands at &#39;visit&#39;" in told
    assert "ORD-2" in told
    bad = operator.post("/processes/test", {"diagram": (BytesIO(b"<not-bpmn/>"), "x.bpmn")}, htmx=True).text
    assert "cannot be deployed" in bad
    with world.database.reading() as connection:
        assert queries.list_versions(connection, "activate", 1, 0).total == 1


def test_nobody_does_what_they_may_not(world: World) -> None:
    eve = somebody(world, "Eve", "viewer")
    page = eve.get("/processes/activate").text
    for hidden in ("Withdraw", "Start an instance", "Test a diagram"):
        assert hidden not in page
    assert eve.post("/processes/activate/1/withdraw", {"reason": "x"}).status_code == 403
    assert eve.post("/processes/activate/start", {}).status_code == 403
    assert "Why, for the history of each" not in eve.get("/processes/activate/migrate").text
    assert eve.post("/processes/activate/migrate", {"reason": "x"}).status_code == 403
    assert eve.post("/processes/activate/migrate/test", {}).status_code == 403
    other = somebody(world, "Otto", "author@other")
    form = {"diagram": (BytesIO((DRAWN / "activate.bpmn").read_bytes()), "activate.bpmn")}
    assert other.post("/processes/test", form).status_code == 403


def test_when_too_much_waits_nothing_is_started_from_the_page_either(world: World) -> None:
    client = world.serve(intake=Intake(1, lambda most: 1)).test_client()
    assert log_in(client).status_code == 303
    refused = Operator(client, csrf_of(client.get("/").text)).post("/processes/activate/start", htmx=True)
    assert (refused.status_code, "wait for a worker already" in refused.text) == (429, True)
    assert int(refused.headers["Retry-After"]) > 0
    with world.database.reading() as connection:
        assert queries.open_by_version(connection) == {}


def test_the_list_of_versions_is_paged_and_a_pair_is_chosen_on_any_page(world: World, operator: Operator) -> None:
    drawn = (DRAWN / "activate.bpmn").read_text()
    for number in range(2, 54):
        document = drawn.replace("Start billing", f"Start billing {number}").encode()
        with world.database.transaction() as tx:
            world.engine.deploy(tx, document)
    first, last = (operator.get(f"/processes/activate?page={page}").text for page in (1, 2))
    assert re.findall(r"<strong>v(\d+)</strong>", first) == [str(number) for number in range(53, 3, -1)]
    assert re.findall(r"<strong>v(\d+)</strong>", last) == ["3", "2", "1"]
    assert "51 to 53 of 53" in last
    assert "The newest, v53" in last
    assert "Starts now" in last
    assert "<h1>" in operator.get("/processes/activate?page=9").text
    pair = operator.get("/processes/activate/compare").text
    assert re.findall(r'<option value="(\d+)" selected>', pair) == ["52", "53"]
