"""Personal fields on pages: whole for those who may see them, masked for others, and no form gives a mask back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.personal import MASK
from app.engine import queries
from app.web.personal import PersonalData
from tests.factories.dashboards import World
from tests.factories.task_forms import visit
from tests.unit.dashboard.conftest import Operator, csrf_of, log_in

SERIAL = "ALCL-ORD-3"


class Right:
    may_see = True

    def __call__(self, process_id: str) -> bool:
        return self.may_see


@pytest.fixture
def right() -> Right:
    return Right()


@pytest.fixture
def world(tmp_path: Path, right: Right) -> Iterator[World]:
    made = World(tmp_path, personal=PersonalData(lambda: frozenset({"serial"}), right))
    yield made
    made.close()


@pytest.fixture
def operator(world: World) -> Operator:
    client = world.app.test_client()
    assert log_in(client).status_code == 303
    return Operator(client, csrf_of(client.get("/").text))


@pytest.fixture
def instance_id(world: World) -> str:
    world.olt.silent.add(SERIAL)
    started = world.start("ORD-3")
    world.work()
    for seconds in (10, 30):
        world.pass_time(seconds)
    return started


def paths(world: World, instance_id: str) -> list[str]:
    with world.database.reading() as connection:
        (incident,) = queries.list_incidents(connection, instance_id=instance_id).items
    base = f"/instances/{instance_id}"
    return [
        base,
        f"{base}/live",
        f"{base}/facts.json",
        f"{base}/elements/{incident.element_id}",
        "/incidents",
        "/tasks",
    ]


def test_who_may_see_them_sees_them_and_no_note(world: World, operator: Operator, instance_id: str) -> None:
    shown = {path: operator.get(path).text for path in paths(world, instance_id)}
    for path in paths(world, instance_id)[:5]:
        assert SERIAL in shown[path], path
    assert MASK not in "".join(shown.values())


def test_who_may_not_finds_them_masked_and_is_told_so(
    world: World, operator: Operator, right: Right, instance_id: str
) -> None:
    right.may_see = False
    for path in paths(world, instance_id):
        answer = operator.get(path)
        assert answer.status_code == 200
        assert SERIAL not in answer.text, path
    page = operator.get(f"/instances/{instance_id}").text
    assert MASK in page
    assert "stands for personal data that you may not see" in page
    assert "1/1/7" in page  # what is not personal


def test_the_json_of_a_page_keeps_its_shape(world: World, operator: Operator, right: Right, instance_id: str) -> None:
    path = f"/instances/{instance_id}/facts.json"
    whole = json.loads(operator.get(path).text)
    right.may_see = False
    masked = json.loads(operator.get(path).text)
    assert masked.keys() == whole.keys()
    assert [row.keys() for row in masked["variables"]] == [row.keys() for row in whole["variables"]]
    assert [row["name"] for row in masked["variables"]] == [row["name"] for row in whole["variables"]]


def test_a_form_leaves_masked_inputs_as_they_are(
    world: World, operator: Operator, right: Right, instance_id: str
) -> None:
    right.may_see = False
    page = operator.get(f"/instances/{instance_id}").text
    assert 'name="input.port"' in page
    assert 'name="input.serial"' not in page
    assert "left as it is: serial." in page
    with world.database.reading() as connection:
        (incident,) = queries.list_incidents(connection, instance_id=instance_id).items
    world.olt.silent.clear()
    form = {"reason": "another port", "input.port": "1/1/9", "input.speed_mbps": "500", "input.tags": "null"}
    assert operator.post(f"/incidents/{incident.id}/correct", form).status_code == 303
    world.work()
    assert (world.olt.seen[-1]["serial"], world.olt.seen[-1]["port"]) == (SERIAL, "1/1/9")
    page, export = operator.get("/audit").text, operator.get("/audit/export.ndjson").text
    assert "incident.correct" in export
    assert SERIAL not in page + export


def test_what_was_corrected_is_masked_in_the_audit(
    world: World, operator: Operator, right: Right, instance_id: str
) -> None:
    with world.database.reading() as connection:
        (incident,) = queries.list_incidents(connection, instance_id=instance_id).items
    form = {"reason": "for ALCL-NEW-9", "input.serial": "ALCL-NEW-9", "input.port": "1/1/7"}
    operator.post(f"/incidents/{incident.id}/correct", {**form, "input.speed_mbps": "500", "input.tags": "null"})
    assert "ALCL-NEW-9" in operator.get("/audit/export.ndjson").text
    right.may_see = False
    for path in ("/audit", "/audit/export.ndjson"):
        assert "ALCL-NEW-9" not in operator.get(path).text, path


def test_neither_what_a_step_gave_nor_a_plan_to_repeat_it_shows_them(
    world: World, operator: Operator, right: Right
) -> None:
    right.may_see = False
    done = world.start("ORD-8")
    world.work()
    for path in ("elements/activate_ont", "rewind-plan?element_id=activate_ont", "elements/online"):
        page = operator.get(f"/instances/{done}/{path}").text
        assert "ALCL-ORD-8" not in page, path
    assert MASK in operator.get(f"/instances/{done}/elements/activate_ont").text


def test_a_form_begins_without_what_may_not_be_seen(world: World, operator: Operator, right: Right) -> None:
    fields = [{"type": "textfield", "key": name, "label": name} for name in ("serial", "port")]
    with world.database.transaction() as tx:
        world.engine.deploy(tx, visit(form={"components": fields}, assignee="Grace").xml())
    instance_id = world.start("ORD-9", "visit")
    world.work()
    with world.database.reading() as connection:
        (task,) = queries.list_user_tasks(connection, instance_id=instance_id).items
    assert operator.get(f"/tasks/{task.id}/form.json").json["data"] == {"serial": "ALCL-ORD-9", "port": "1/1/7"}
    right.may_see = False
    assert operator.get(f"/tasks/{task.id}/form.json").json["data"] == {"port": "1/1/7"}
