"""Pages on which a draft or a version is tried, and what whoever tries may do and see."""

from __future__ import annotations

import html
import io
import json
from typing import Any

from werkzeug.test import TestResponse

from app.core.ids import new_id
from app.drafts import store
from app.drafts.reading import DraftKind
from app.web.personal import PersonalData
from tests.factories.dashboards import DRAWN, NOON, World
from tests.factories.diagrams import Diagram
from tests.unit.dashboard.conftest import Operator, log_in, somebody

ORDER = {"order_id": "ORD-1", "serial": "ALCL-1", "port": "1/1/7", "speed_mbps": 500}
VERSION = {"process_id": "activate", "version": "1"}


def begin(operator: Operator, **form: Any) -> TestResponse:
    given = {**VERSION, "variables": json.dumps(ORDER), "at": "2026-03-02T12:00", "answers": "made_up", **form}
    return operator.post("/trials", given)


def begun(operator: Operator, **form: Any) -> str:
    """Its address."""
    answer = begin(operator, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def text_of(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def keep_draft(world: World, document: bytes) -> str:
    with world.database.transaction() as tx:
        return store.make(tx, store.NewDraft(DraftKind.PROCESS, "Drawn", document), "Grace", NOON).id


def test_a_version_is_tried_step_by_step_and_no_handler_is_called(world: World, operator: Operator) -> None:
    assert "Try Activate fibre" in text_of(operator.get("/processes/activate/1/try"))
    trial = begun(operator)
    page = text_of(operator.get(trial))
    assert "olt.activate_ont" in page
    assert "2026-03-02 12:00:00 UTC" in page
    told = text_of(operator.post(f"{trial}/step", {"answer": "done", "outputs": '{"ont_id": "7"}'}, htmx=True))
    assert "Send ont_online" in told
    marks = json.loads(told.split('data-marks="')[1].split('" data-flows')[0])
    assert {name: mark["state"] for name, mark in marks.items()} == {
        "received": "done",
        "activate_ont": "done",
        "online": "active",
    }
    assert world.olt.seen == []


def test_messages_tasks_and_steps_lead_to_the_end_and_to_a_scenario(operator: Operator) -> None:
    trial = begun(operator, business_key="ORD-1")
    operator.post(f"{trial}/step", {"answer": "as_planned"})
    operator.post(f"{trial}/act", {"kind": "message", "name": "ont_online", "key": "ORD-1", "variables": '{"x": 1}'})
    operator.post(f"{trial}/act", {"kind": "complete", "name": "visit"})
    assert "Completed" in text_of(operator.post(f"{trial}/run", htmx=True))
    kept = operator.get(f"{trial}/scenario.yaml?title=It+goes")
    assert kept.headers["Content-Disposition"] == "attachment; filename=activate_it_goes.yaml"
    assert "- complete: visit" in kept.text
    played = operator.post("/trials/scenarios", {**VERSION, "scenarios": (io.BytesIO(kept.data), "mine.yaml")})
    assert "1 of 1 went as expected" in text_of(played)
    wrong = kept.text.replace("state: completed", "state: cancelled").encode()
    played = operator.post("/trials/scenarios", {**VERSION, "scenarios": (io.BytesIO(wrong), "mine.yaml")})
    assert "it is completed, expected cancelled" in text_of(played)


def test_a_draft_is_tried_and_one_with_errors_says_what_to_correct(world: World, operator: Operator) -> None:
    good = keep_draft(world, (DRAWN / "activate.bpmn").read_bytes())
    assert "the draft" in text_of(operator.get(f"/try/{good}"))
    assert operator.get(f"/try/{good}/diagram.bpmn").data == (DRAWN / "activate.bpmn").read_bytes()
    assert "olt.activate_ont" in text_of(operator.get(begun(operator, draft_id=good)))
    bad = keep_draft(world, Diagram("p").start().service("a", "olt.nobody").end().chain("s", "a", "e").xml())
    answer = begin(operator, draft_id=bad)
    assert answer.status_code == 422
    assert "It cannot be tried yet" in answer.text
    assert "olt.nobody" in answer.text


def test_what_was_typed_wrong_is_said_beside_its_field(operator: Operator) -> None:
    assert 'data-field="variables"' in operator.post("/trials", {**VERSION, "variables": "[1]"}, htmx=True).text
    assert 'data-field="at"' in operator.post("/trials", {**VERSION, "at": "soon"}, htmx=True).text
    assert 'data-field="answers"' in operator.post("/trials", {**VERSION, "answers": "x"}, htmx=True).text
    assert 'data-field="instance"' in operator.post("/trials", {**VERSION, "answers": "recorded"}, htmx=True).text
    assert 'data-field="process_id"' in operator.post("/trials", {}, htmx=True).text
    trial = begun(operator)
    refused = operator.post(f"{trial}/step", {"answer": "refused", "code": ""}, htmx=True)
    assert (refused.status_code, 'data-field="code"' in refused.text) == (400, True)
    nobody = operator.post(f"{trial}/act", {"kind": "complete", "name": "visit"}, htmx=True)
    assert (nobody.status_code, "Nothing waits at" in nobody.text) == (404, True)


def test_a_past_order_is_tried_again_with_its_start_and_its_results(world: World, operator: Operator) -> None:
    world.olt.refuse["ALCL-ORD-9"] = "port_taken"
    instance_id = world.start("ORD-9")
    world.work()
    page = text_of(operator.get(f"/processes/activate/1/try?instance={instance_id}"))
    assert '"serial": "ALCL-ORD-9"' in page
    trial = begun(operator, answers="recorded", instance=instance_id)
    told = text_of(operator.post(f"{trial}/run", htmx=True))
    assert "port_taken" in told
    assert "Fallen out" in told


def test_what_is_personal_in_a_past_order_stays_masked_in_its_trial(tmp_path: Any) -> None:
    personal = PersonalData(lambda: frozenset({"ont_id"}), lambda process_id: False)
    world = World(tmp_path, personal=personal)
    client = world.app.test_client()
    log_in(client)
    operator = somebody(world, "Ada", "author")
    instance_id = world.start("ORD-9")
    world.work()
    trial = begun(operator, answers="recorded", instance=instance_id)
    told = text_of(operator.post(f"{trial}/run", htmx=True))
    assert "ont-ALCL-ORD-9" not in told
    assert "•••" in told
    world.close()


def test_a_trial_is_seen_by_nobody_else_and_begun_only_by_who_may_deploy(world: World, operator: Operator) -> None:
    trial = begun(operator)
    other = somebody(world, "Eve", "author")
    assert other.get(trial).status_code == 404
    assert other.post(f"{trial}/run").status_code == 404
    viewer = somebody(world, "Vic", "viewer")
    assert "You may look, and not try" in text_of(viewer.get("/processes/activate/1/try"))
    assert begin(viewer).status_code == 403
    elsewhere = somebody(world, "Ann", "author@other")
    assert begin(elsewhere).status_code == 403
    assert elsewhere.get("/processes/activate/1/try").status_code == 403


def test_a_trial_that_is_thrown_away_is_gone(operator: Operator) -> None:
    trial = begun(operator)
    assert operator.post(f"{trial}/close").headers["Location"] == "/processes/activate/1/try"
    assert operator.get(trial).status_code == 404
    assert operator.get(f"/trials/{new_id()}").status_code == 404


SHORT = "process: activate\ntitle: Nobody comes online\nstart: {}\nexpect: {{state: {}}}\n"


def test_a_process_is_painted_with_what_its_saved_scenarios_go_through(world: World, operator: Operator) -> None:
    world.scenarios.mkdir()
    for state in ("active", "completed"):
        (world.scenarios / f"activate_{state}.yaml").write_text(SHORT.format(json.dumps(ORDER), state))
    assert "/processes/activate/1/coverage" in text_of(operator.get("/processes/activate/1"))
    told = text_of(operator.get("/processes/activate/1/coverage"))
    assert "1 of 2 saved scenarios goes as expected" in told
    assert "it is active, expected completed" in told
    marks = json.loads(told.split('data-marks="')[1].split('" data-flows')[0])
    assert {name for name, mark in marks.items() if mark["state"] == "done"} == {"received", "activate_ont"}
    assert {"online"} < {name for name, mark in marks.items() if mark["state"] == "missed"}


def test_without_saved_scenarios_a_process_says_how_to_save_one(operator: Operator) -> None:
    told = text_of(operator.get("/processes/activate/1/coverage"))
    assert "No scenario of this process is saved" in told
    assert "/processes/activate/1/try" in told
