"""The inbox: whose tasks, until when, and the form that a task is done with."""

from __future__ import annotations

import pytest

from app.engine import queries
from tests.factories.dashboards import World
from tests.factories.task_forms import VISIT, visit
from tests.unit.dashboard.conftest import Operator, somebody


def begin(world: World, process_id: str = "visit", **said: str) -> str:
    """The id of the only task of a new instance."""
    with world.database.transaction() as tx:
        world.engine.deploy(tx, visit(process_id, **said).xml())
    instance_id = world.start(f"ORD-{process_id}", process_id, technician="Ada Byron")
    world.work()
    with world.database.reading() as connection:
        (task,) = queries.list_user_tasks(connection, instance_id=instance_id).items
    return task.id


def test_each_tab_has_its_own_tasks(world: World, operator: Operator) -> None:
    mine = begin(world, "mine", assignee="Grace")
    groups = begin(world, "groups", groups="field")
    other = begin(world, "other", groups="noc")
    assert "You are in no group yet" in operator.get("/tasks?whose=groups").text
    assert operator.post("/users/Grace/groups", {"groups": "field, fibre"}).status_code == 303
    shown = {whose: operator.get(f"/tasks?whose={whose}").text for whose in ("mine", "groups", "all")}
    found = {whose: [task for task in (mine, groups, other) if task in page] for whose, page in shown.items()}
    assert found == {"mine": [mine], "groups": [groups], "all": [mine, groups, other]}


def test_groups_are_shown_kept_and_refused_if_they_are_none(operator: Operator) -> None:
    operator.post("/users/Grace/groups", {"groups": "field, , field,noc"})
    assert 'value="field, noc"' in operator.get("/users").text
    assert operator.post("/users/Grace/groups", {"groups": "x" * 65}).status_code == 400


def test_what_is_overdue_says_so_and_comes_first(world: World, operator: Operator) -> None:
    begin(world, "later", due="2026-12-24")
    begin(world, "overdue", due="2026-11-01", follow_up="2026-11-30")
    page = operator.get("/tasks").text
    assert page.count("Overdue") == 1
    assert page.index("ORD-overdue") < page.index("ORD-later")
    assert "follow up" in page


def test_a_task_is_taken_on_its_page_and_then_shows_its_form(world: World, operator: Operator) -> None:
    task = begin(world)
    page = operator.get(f"/tasks/{task}").text
    assert "Take it to work on it" in page
    assert "form-viewer.js" not in page
    answer = operator.post(f"/tasks/{task}/take", {"leave": "0"})
    assert answer.headers["Location"] == f"/tasks/{task}"
    page = operator.get(f"/tasks/{task}").text
    assert "form-viewer.js" in page
    assert f'data-form="/tasks/{task}/form.json"' in page
    form = operator.get(f"/tasks/{task}/form.json").json
    assert form == {"schema": VISIT, "data": {"technician": "Ada Byron"}}


def test_what_does_not_fit_the_form_is_refused_and_what_fits_leads_back(world: World, operator: Operator) -> None:
    task = begin(world)
    operator.post(f"/tasks/{task}/take")
    refused = operator.post(f"/tasks/{task}/complete", {"json": '{"technician": "Al"}', "leave": "1"}, htmx=True)
    assert refused.status_code == 400
    assert "at least 3 characters" in refused.text
    given = {"json": '{"technician": "Ada Byron", "outcome": "done"}', "leave": "1"}
    done = operator.post(f"/tasks/{task}/complete", given, htmx=True)
    assert done.headers["HX-Redirect"] == "/tasks"
    assert operator.get(f"/tasks/{task}").status_code == 404


def test_a_task_without_a_form_keeps_its_rows(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-6")
    world.send("ont_online", "ORD-6")
    world.work()
    number = operator.get(f"/instances/{instance_id}/facts.json").json["open_tokens"][0]["number"]
    operator.post(f"/tasks/{instance_id}:{number}/take")
    page = operator.get(f"/tasks/{instance_id}:{number}").text
    assert "Variables it gives" in page
    assert "form-viewer.js" not in page
    assert operator.get(f"/tasks/{instance_id}:{number}/form.json").json == {"schema": {}, "data": {}}


def test_who_only_looks_may_read_a_task_and_not_take_it(world: World) -> None:
    task = begin(world)
    viewer = somebody(world, "Vera", "viewer")
    assert "You may look on" in viewer.get(f"/tasks/{task}").text
    assert viewer.post(f"/tasks/{task}/take").status_code == 403


@pytest.mark.parametrize("path", ["/tasks/none", "/tasks/none/form.json", "/tasks/a:1"])
def test_a_task_that_is_not_there_is_not_found(operator: Operator, path: str) -> None:
    assert operator.get(path).status_code == 404
