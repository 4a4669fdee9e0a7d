from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.dashboard.diagrams import read_drawing
from app.dashboard.marks import marks
from app.engine import queries
from app.engine.tables import process_instance
from tests.factories.dashboards import DRAWN, World
from tests.factories.diagrams import Diagram
from tests.unit.dashboard.conftest import Operator


@pytest.fixture
def fallen(world: World) -> str:
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    instance_id = world.start("ORD-3")
    world.work()
    return instance_id


def marks_of(world: World, instance_id: str) -> dict[str, dict[str, Any]]:
    with world.database.reading() as connection:
        return marks(queries.open_tokens(connection, instance_id), queries.passed_elements(connection, instance_id))


def incident_of(world: World, instance_id: str) -> queries.IncidentView:
    with world.database.reading() as connection:
        return queries.list_incidents(connection, state=None, instance_id=instance_id).items[0]


def test_the_diagram_tells_done_from_failed(world: World, fallen: str) -> None:
    drawn = marks_of(world, fallen)
    assert drawn["received"] == {"state": "done", "tokens": 0, "failed": 0, "passed": 1}
    assert drawn["activate_ont"] == {"state": "failed", "tokens": 1, "failed": 1, "passed": 0}
    assert set(drawn) == {"received", "activate_ont"}


def test_a_step_that_waits_to_be_tried_again_says_when_and_why(world: World, operator: Operator) -> None:
    world.olt.silent.add("")
    instance_id = world.start("ORD-4")
    world.work()
    page = operator.get(f"/instances/{instance_id}").text
    assert "Waits to try again" in page
    assert ">in 10 s<" in page
    assert "lon-3 did not answer within 4 s" in page


def test_every_attempt_stands_in_the_history(world: World, operator: Operator) -> None:
    world.olt.silent.add("")
    instance_id = world.start("ORD-4")
    world.work()
    world.pass_time(10)
    world.pass_time(30)
    page = operator.get(f"/instances/{instance_id}").text
    for said in ("Attempt 1 failed", "Attempt 2 failed", "Attempt 3 failed", "next try in 30 s", "no more tries"):
        assert said in page


def test_the_live_answer_brings_every_part_that_changes_and_no_frame(operator: Operator, fallen: str) -> None:
    live = operator.get(f"/instances/{fallen}/live").text
    for target in ("#facts", "#incidents", "#marks", "#waits", "#variables", "#history"):
        assert f'hx-target="{target}"' in live
    assert "<html" not in live


def test_an_instance_that_ended_is_asked_for_no_more(world: World, operator: Operator) -> None:
    world.deploy("branches")
    instance_id = world.start("ORD-5", "activate")
    world.send("ont_online", "ORD-5")
    world.work()
    assert 'hx-target="#poll"' not in operator.get(f"/instances/{instance_id}/live").text
    with world.database.reading() as connection:
        task = queries.list_user_tasks(connection).items[0]
    with world.database.transaction() as tx:
        world.engine.complete_task(tx, task.id, {}, "Grace")
    world.work()
    assert 'hx-target="#poll"' in operator.get(f"/instances/{instance_id}/live").text


def test_what_an_author_or_a_customer_wrote_is_never_markup(world: World, operator: Operator) -> None:
    world.olt.refuse["<b>"] = "<script>alert(1)</script>"
    instance_id = world.start("<img src=x onerror=alert(1)>", serial="<b>", note="</pre><script>x</script>")
    world.work()
    for path in ("/", "/instances", f"/instances/{instance_id}", "/incidents"):
        page = operator.get(path).text
        assert "<script>" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def test_a_huge_variable_is_shown_in_part_and_kept_whole_in_the_json(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-8", note="x" * 200_000, list=["y" * 200_000])
    world.work()
    assert len(operator.get(f"/instances/{instance_id}/live").text) < 30_000
    assert len(operator.get(f"/instances/{instance_id}/facts.json").text) > 400_000


@pytest.mark.parametrize("action", ["retry", "correct", "skip"])
def test_every_action_needs_a_reason(world: World, operator: Operator, fallen: str, action: str) -> None:
    answer = operator.post(f"/incidents/{incident_of(world, fallen).id}/{action}", {"reason": " "}, htmx=True)
    assert answer.status_code == 400
    assert 'data-field="reason"' in answer.text
    assert incident_of(world, fallen).state == "open"


def test_a_correction_is_recorded_with_what_it_changed_alone(world: World, operator: Operator, fallen: str) -> None:
    form = {"reason": "Moved", "input.port": "1/1/9", "input.serial": "ALCL-ORD-3", "input.speed_mbps": "500"}
    operator.post(f"/incidents/{incident_of(world, fallen).id}/correct", form)
    assert incident_of(world, fallen).action_detail == {"inputs": {"port": "1/1/9"}}


def test_a_correction_of_nothing_is_refused(world: World, operator: Operator, fallen: str) -> None:
    form = {"reason": "Hm", "input.port": "1/1/7"}
    answer = operator.post(f"/incidents/{incident_of(world, fallen).id}/correct", form, htmx=True)
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text


def test_a_form_sent_without_scripts_leads_back_to_the_instance(world: World, operator: Operator, fallen: str) -> None:
    answer = operator.post(f"/incidents/{incident_of(world, fallen).id}/retry", {"reason": "Freed"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/instances/{fallen}")
    assert incident_of(world, fallen).action_by == "Grace"


def test_the_second_of_two_operators_is_told_what_the_first_did(world: World, operator: Operator, fallen: str) -> None:
    path = f"/incidents/{incident_of(world, fallen).id}/retry"
    operator.post(path, {"reason": "Freed"})
    answer = operator.post(path, {"reason": "Freed too"}, htmx=True)
    assert answer.status_code == 409
    assert "Grace has already chosen to retry" in answer.text


def test_a_retry_that_fails_otherwise_tells_how(world: World, operator: Operator, fallen: str) -> None:
    operator.post(f"/incidents/{incident_of(world, fallen).id}/retry", {"reason": "Freed"})
    world.olt.refuse["ALCL-ORD-3"] = "unknown_serial"
    world.work()
    page = operator.get(f"/instances/{fallen}").text
    assert "failed differently" in page
    assert "unknown_serial: 1/1/7 on lon-3 serves another ONT" in page


def test_the_facts_are_there_as_json_too(operator: Operator, fallen: str) -> None:
    facts = operator.get(f"/instances/{fallen}/facts.json").json
    assert facts is not None
    assert facts["instance"]["business_key"] == "ORD-3"
    assert facts["instance"]["started_at"] == "2026-11-23T12:00:00.000Z"
    assert facts["incidents"][0]["code"] == "port_taken"


def test_an_unknown_instance_is_a_404_in_style(operator: Operator) -> None:
    answer = operator.get("/instances/none")
    assert answer.status_code == 404
    assert "There is no process instance" in answer.text
    assert "Back to the first page" in answer.text


@pytest.fixture
def calling(world: World) -> tuple[str, int]:
    """An instance that has fallen out in a process it calls, whose element has the same id as one of its own."""
    called = Diagram("connect", "Connect").start("cs").end("ce").chain("cs", "a", "ce")
    called.service("a", "olt.activate_ont", name="Put the ONT in service")
    caller = Diagram("order").start().user("a", name="Ask the customer").call("c", "connect").end()
    with world.database.transaction() as tx:
        world.engine.deploy(tx, called.xml())
        world.engine.deploy(tx, caller.chain("s", "c", "a", "e").xml())
    world.olt.refuse[""] = "port_taken"
    instance_id = world.start("ORD-9", "order", note="the caller's")
    world.work()
    with world.database.reading() as connection:
        (call,) = queries.list_calls(connection, instance_id)
    return instance_id, call.number


def test_the_page_of_an_instance_shows_its_own_process_and_leads_to_those_it_calls(
    operator: Operator, calling: tuple[str, int]
) -> None:
    instance_id, call = calling
    page = operator.get(f"/instances/{instance_id}").text
    assert 'data-source="/processes/order/1' in page
    assert f"/instances/{instance_id}?call={call}" in page
    assert "1 fallen out" in page
    assert "in connect" in page
    assert "Put the ONT in service" in page
    assert "Ask the customer" not in page


def test_a_called_process_has_its_own_diagram_path_variables_and_history(
    world: World, operator: Operator, calling: tuple[str, int]
) -> None:
    instance_id, call = calling
    for path in (f"/instances/{instance_id}?call={call}", f"/instances/{instance_id}/live?call={call}"):
        page = operator.get(path).text
        assert "Put the ONT in service" in page
        assert ">Process <" in page
        assert f"call={call}" in page
    assert 'data-source="/processes/connect/1' in operator.get(f"/instances/{instance_id}?call={call}").text
    element = operator.get(f"/instances/{instance_id}/elements/a?call={call}").text
    assert "Put the ONT in service" in element
    assert "Ask the customer" in operator.get(f"/instances/{instance_id}/elements/a").text
    assert operator.get(f"/instances/{instance_id}?call=999").status_code == 404


def test_an_incident_in_a_called_process_is_settled_from_either_page(
    world: World, operator: Operator, calling: tuple[str, int]
) -> None:
    instance_id, call = calling
    incident = incident_of(world, instance_id)
    answer = operator.post(f"/incidents/{incident.id}/retry?call={call}", {"reason": "Freed"})
    assert answer.headers["Location"] == f"/instances/{instance_id}?call={call}"
    world.olt.refuse.clear()
    world.work()
    assert incident_of(world, instance_id).outcome == "passed"
    assert "Ask the customer" in operator.get(f"/instances/{instance_id}").text


def test_lists_name_what_waits_in_a_called_process_as_its_own_diagram_does(
    operator: Operator, calling: tuple[str, int]
) -> None:
    assert "fallen out at Put the ONT in service" in operator.get("/instances").text
    assert "Put the ONT in service" in operator.get("/incidents").text


@pytest.mark.parametrize(("priority", "said"), [(0, "0, the highest"), (4, "4, the lowest"), (2, None)])
def test_a_priority_that_is_not_the_normal_one_is_shown(
    world: World, operator: Operator, priority: int, said: str | None
) -> None:
    instance_id = world.start("ORD-6")
    with world.database.transaction() as tx:
        tx.connection.execute(sa.update(process_instance).values(priority=priority))
    page = operator.get(f"/instances/{instance_id}").text
    assert ("<dt>Priority</dt>" in page) == (said is not None)
    assert said is None or said in page


@pytest.mark.parametrize("written", ["abc", "", "nan", "1e999", "-1e308", "٣"])
def test_a_layout_that_is_none_costs_nobody_the_page(written: str) -> None:
    drawn = read_drawing((DRAWN / "activate.bpmn").read_bytes().replace(b'x="160"', f'x="{written}"'.encode()))
    assert drawn.elements["activate_ont"].name == "Activate the ONT"
    assert 0 < drawn.ratio < 1000
