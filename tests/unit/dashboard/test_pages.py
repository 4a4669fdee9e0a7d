from __future__ import annotations

import io

import pytest
from flask import Flask

from app.dashboard.pages import Slice
from tests.factories.dashboards import DRAWN, World
from tests.unit.dashboard.conftest import Operator


def test_the_list_answers_htmx_with_the_list_alone(world: World, operator: Operator) -> None:
    world.start("ORD-1")
    page = operator.get("/instances", **{"HX-Request": "true"}).text
    assert "ORD-1" in page
    assert "<html" not in page


def test_a_long_list_has_pages(world: World, operator: Operator) -> None:
    for number in range(51):
        world.start(f"ORD-{number}")
    assert "1 to 50 of 51" in operator.get("/instances").text
    second = operator.get("/instances?page=2").text
    assert "51 to 51 of 51" in second
    assert 'href="/instances?page=1"' in second


def test_a_list_that_stops_counting_says_so_and_goes_on(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(101):
        world.start(f"ORD-{number}")
    monkeypatch.setattr("app.core.pages.COUNT_LIMIT", 20)
    first, second, third = (operator.get(f"/instances?page={page}").text for page in (1, 2, 3))
    assert "<strong>20+</strong><span>Active</span>" in first
    assert "1 to 50 of 51+" in first
    assert 'href="/instances?page=2"' in first
    assert 'href="/instances?page=3"' in second
    assert ("101 to 101 of 101+" in third, 'href="/instances?page=4"' in third) == (True, False)


@pytest.mark.parametrize("query", ["page=0", "page=-3", "page=many", "state=odd", "page=99999999999", "process=none"])
def test_a_strange_query_is_no_fault(operator: Operator, query: str) -> None:
    assert operator.get(f"/instances?{query}").status_code == 200


def test_a_slice_knows_its_place() -> None:
    middle = Slice(2, 50)
    assert (middle.offset, middle.first(120), middle.last(120), middle.pages(120)) == (50, 51, 100, 3)


def test_a_diagram_is_deployed_once_however_often_it_is_sent(operator: Operator) -> None:
    document = (DRAWN / "branches.bpmn").read_bytes()
    for _ in range(2):
        answer = operator.post("/processes", {"diagram": (io.BytesIO(document), "branches.bpmn")})
        assert answer.status_code in (200, 303)
    assert operator.get("/processes/branches/1").status_code == 200
    assert operator.get("/processes/branches/2").status_code == 404


def test_a_deployed_diagram_is_served_as_it_came(operator: Operator) -> None:
    answer = operator.get("/processes/activate/1/diagram.bpmn")
    assert answer.data == (DRAWN / "activate.bpmn").read_bytes()
    again = operator.get("/processes/activate/1/diagram.bpmn", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_what_was_uploaded_is_a_download(operator: Operator) -> None:
    answer = operator.get("/processes/activate/1/diagram.bpmn")
    assert answer.headers["Content-Disposition"] == "attachment; filename=activate.bpmn"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_task_completed_with_rows_gives_typed_variables(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-6")
    world.send("ont_online", "ORD-6")
    world.work()
    number = operator.get(f"/instances/{instance_id}/facts.json").json["open_tokens"][0]["number"]
    rows = {"name": ["signal_dbm", "note", ""], "value": ["-19.5", "all well", ""], "json": '{"visited": true}'}
    assert operator.post(f"/tasks/{instance_id}:{number}/complete", rows).status_code == 303
    found = operator.get(f"/instances/{instance_id}/facts.json").json["variables"]
    given = {variable["name"]: variable["value"] for variable in found}
    assert (given["signal_dbm"], given["note"], given["visited"]) == (-19.5, "all well", True)


def test_a_value_without_a_name_is_refused(world: World, operator: Operator) -> None:
    answer = operator.post("/tasks/i:1/complete", {"name": [""], "value": ["5"]}, htmx=True)
    assert answer.status_code == 400
    assert "has no name" in answer.text


def test_somebody_elses_task_is_not_taken(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-6")
    world.send("ont_online", "ORD-6")
    world.work()
    number = operator.get(f"/instances/{instance_id}/facts.json").json["open_tokens"][0]["number"]
    with world.database.transaction() as tx:
        world.engine.claim_task(tx, f"{instance_id}:{number}", "Ada")
    answer = operator.post(f"/tasks/{instance_id}:{number}/take", htmx=True)
    assert answer.status_code == 409
    assert "Ada has taken this task" in answer.text


def test_an_address_of_nobody_is_a_page_for_people_and_plain_for_programs(world: World) -> None:
    client = world.app.test_client()
    assert "There is nothing here" in client.get("/nowhere", headers={"Accept": "text/html"}).text
    assert "There is nothing here" not in client.get("/nowhere", headers={"Accept": "application/json"}).text
    assert "There is nothing here" not in client.get("/api/v1/nowhere", headers={"Accept": "text/html"}).text


def test_what_nobody_foresaw_is_a_page_with_a_number_and_no_trace(
    world: World, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret of the machine")

    monkeypatch.setattr("app.engine.queries.list_user_tasks", break_down)
    answer = operator.get("/tasks")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "a secret of the machine" not in answer.text


def test_the_static_files_that_pages_name_are_there(world: World, operator: Operator) -> None:
    names = [f"css/{name}.css" for name in ("tokens", "turnup", "instance", "decisions")]
    names += [f"js/{name}.js" for name in ("theme", "turnup", "keys", "times", "diagram", "decisions")]
    names.append("img/turnup.svg")
    assert isinstance(world.app, Flask)
    for name in names:
        answer = operator.get(f"/static/{name}")
        assert answer.status_code == 200
        answer.close()
