"""Operators' moves over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

WHY = {"reason": "the customer called"}


@pytest.fixture
def instance_id(api: Caller, bench: Bench) -> str:
    """After a step that can be undone, at a user task; a message comes after that."""
    diagram = Diagram("p").start().service("a", "t.undoable").user("u").message("w", "ready", "=serial").end()
    api.deploy(diagram.chain("s", "a", "u", "w", "e"))
    started = str(api.start(businessKey="ORD-1", variables={"serial": "A1"}).json["id"])
    bench.run(started)
    return started


@pytest.fixture
def post(olga: Caller, instance_id: str) -> Callable[..., TestResponse]:
    return lambda path, **body: olga.post(f"/process-instances/{instance_id}/{path}", {**WHY, **body})


Post = Callable[..., TestResponse]


def token(api: Caller, instance_id: str) -> int:
    (wait,) = api.get(f"/process-instances/{instance_id}").json["waits"]
    return int(wait["number"])


def test_an_instance_is_cancelled_once(api: Caller, post: Post, instance_id: str) -> None:
    answer = post("cancel")
    assert (answer.status_code, answer.json["state"], answer.json["id"]) == (200, "cancelled", instance_id)
    assert api.get(f"/process-instances/{instance_id}").json["waits"] == []
    again = post("cancel")
    assert (again.status_code, again.json["code"]) == (409, "Conflict")
    told = api.get(f"/process-instances/{instance_id}/history").json
    (row,) = [each for each in told if each["kind"] == "action"]
    assert (row["actor"], row["detail"]) == ("olga", {"action": "cancel", "reason": "the customer called"})


def test_an_instance_stands_still_until_it_is_resumed(api: Caller, post: Post, instance_id: str) -> None:
    answer = post("suspend")
    assert (answer.status_code, answer.json["state"], answer.json["suspendedWith"]) == (200, "suspended", "instance")
    (task,) = api.get("/user-tasks").json
    assert task["suspended"] is True
    refused = api.post(f"/user-tasks/{task['id']}/complete", {"variables": {}})
    assert (refused.status_code, refused.json["code"]) == (409, "InstanceSuspended")
    assert [each["id"] for each in api.get("/process-instances", state="suspended").json] == [instance_id]
    resumed = post("resume")
    assert (resumed.status_code, resumed.json["state"], resumed.json["suspendedWith"]) == (202, "active", None)
    assert resumed.headers["Location"] == f"/api/v1/process-instances/{instance_id}"
    assert post("resume").status_code == 409


def test_a_plan_tells_what_a_rewind_would_do_and_the_rewind_does_it(
    api: Caller, bench: Bench, post: Post, instance_id: str
) -> None:
    plan = api.get(f"/process-instances/{instance_id}/rewind-plan", elementId="a").json
    assert [(each["elementId"], each["kind"]) for each in plan["ends"]] == [("u", "user_task")]
    (done,) = plan["done"]
    assert (done["elementId"], done["undo"], done["key"]) == ("a", "t.undoable", f"{instance_id}:/a#1")
    assert (done["arguments"], done["outputs"]) == ({"serial": "A1"}, {"ont_id": "ont-A1"})
    assert plan["refusals"] == []
    answer = post("rewind", elementId="a", token=plan["number"])
    assert (answer.status_code, answer.json["waitingFor"]) == (202, "a worker for a")
    bench.run(instance_id)
    assert bench.calls[-1].key == f"{instance_id}:/a#1~r1"


def test_a_rewind_that_the_plan_refuses_is_a_conflict_that_says_why(api: Caller, post: Post, instance_id: str) -> None:
    plan = api.get(f"/process-instances/{instance_id}/rewind-plan", elementId="w").json
    assert plan["refusals"] == ["'w' was not passed in this instance."]
    answer = post("rewind", elementId="w")
    assert (answer.status_code, answer.json["path"]) == (409, "$.elementId")
    assert answer.json["message"] == plan["refusals"][0]
    undo = post("rewind", elementId="a", undo=True)
    assert (undo.status_code, undo.json["path"]) == (409, "$.undo")


def test_a_token_is_moved(api: Caller, post: Post, instance_id: str) -> None:
    answer = post("move", token=token(api, instance_id), elementId="w")
    assert (answer.status_code, answer.json["waitingFor"]) == (202, "message ready")
    gone = post("move", token=1, elementId="a")
    assert (gone.status_code, gone.json["code"]) == (404, "NotFound")
    refused = post("move", token=token(api, instance_id), elementId="s")
    assert (refused.status_code, refused.json["path"]) == (409, "$.elementId")


def test_a_token_is_completed_by_hand(api: Caller, post: Post, instance_id: str) -> None:
    answer = post(f"tokens/{token(api, instance_id)}/complete", outputs={"checked": True})
    assert (answer.status_code, answer.json["waitingFor"]) == (202, "message ready")
    done = post(f"tokens/{token(api, instance_id)}/complete")
    assert (done.status_code, done.json["state"]) == (202, "completed")
    variables = api.get(f"/process-instances/{instance_id}/variables").json["variables"]
    assert variables == {"serial": "A1", "ont_id": "ont-A1", "checked": True}
    over = post("tokens/1/complete")
    assert (over.status_code, over.json["code"]) == (409, "Conflict")


def test_a_message_is_sent_and_sent_again(api: Caller, bench: Bench, post: Post, instance_id: str) -> None:
    bench.complete(instance_id)
    sent = post("messages", name="ready", correlationKey="A1", variables={"power": -18})
    assert (sent.status_code, sent.json["recipients"]) == (202, [instance_id])
    bench.run(instance_id)
    again = post(f"messages/{sent.json['messageId']}/resend")
    assert again.status_code == 202
    assert again.json["messageId"] != sent.json["messageId"]
    unknown = post("messages/none-such/resend")
    assert (unknown.status_code, unknown.json["code"]) == (404, "NotFound")


MOVES: dict[str, dict[str, Any]] = {
    "cancel": {},
    "suspend": {},
    "resume": {},
    "rewind": {"elementId": "a"},
    "move": {"token": 1, "elementId": "a"},
    "tokens/1/complete": {},
    "messages": {"name": "n", "correlationKey": "k"},
    "messages/m-1/resend": {},
}


@pytest.mark.parametrize("move", sorted(MOVES))
@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"reason": None}, "$.reason"),
        ({"reason": ""}, "$.reason"),
        ({"reason": 5}, "$.reason"),
        ({"by": "olga"}, "$.by"),
        ({"else": 1}, "$.else"),
    ],
)
def test_a_body_that_cannot_be_right_is_refused_with_its_path_and_changes_nothing(
    api: Caller, stored: Callable[[], dict[str, int]], instance_id: str, move: str, wrong: dict[str, Any], path: str
) -> None:
    before = stored()
    body = {name: value for name, value in {**WHY, **MOVES[move], **wrong}.items() if value is not None}
    answer = api.post(f"/process-instances/{instance_id}/{move}", body)
    assert (answer.status_code, answer.json["path"]) == (400, path)
    assert stored() == before


@pytest.mark.parametrize("move", sorted(MOVES))
def test_a_blank_reason_is_no_reason(
    api: Caller, stored: Callable[[], dict[str, int]], instance_id: str, move: str
) -> None:
    before = stored()
    answer = api.post(f"/process-instances/{instance_id}/{move}", {**WHY, **MOVES[move], "reason": " \n"})
    assert answer.status_code in (400, 404, 409)
    assert stored() == before


@pytest.mark.parametrize("move", sorted(MOVES))
def test_an_instance_that_there_is_none_of_is_not_found(
    api: Caller, stored: Callable[[], dict[str, int]], instance_id: str, move: str
) -> None:
    before = stored()
    answer = api.post(f"/process-instances/nobody/{move}", {**WHY, **MOVES[move]})
    assert (answer.status_code, answer.json["code"]) == (404, "NotFound")
    assert stored() == before


@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("move", {"token": 0, "elementId": "a"}, "$.token"),
        ("move", {"token": "1", "elementId": "a"}, "$.token"),
        ("move", {"token": 2**63, "elementId": "a"}, "$.token"),
        ("move", {"token": 1}, "$.elementId"),
        ("move", {"token": 1, "elementId": "\x00"}, "$.elementId"),
        ("rewind", {}, "$.elementId"),
        ("rewind", {"elementId": "a", "undo": "yes"}, "$.undo"),
        ("tokens/1/complete", {"outputs": []}, "$.outputs"),
        ("tokens/1/complete", {"outputs": {"a.b": 1}}, "$.outputs['a.b']"),
        ("messages", {"name": "n"}, "$.correlationKey"),
        ("messages", {"name": "n", "correlationKey": "k", "timeToLiveSeconds": -1}, "$.timeToLiveSeconds"),
        ("messages", {"name": "n", "correlationKey": "k", "variables": {"": 1}}, "$.variables['']"),
    ],
)
def test_fields_of_a_move_are_refused_by_their_paths(
    api: Caller, instance_id: str, path: str, body: dict[str, Any], at: str
) -> None:
    answer = api.post(f"/process-instances/{instance_id}/{path}", {**WHY, **body})
    assert (answer.status_code, answer.json["path"]) == (400, at)


@pytest.mark.parametrize("query", [{}, {"elementId": "a", "token": "x"}, {"elementId": "a", "token": 0}, {"id": "a"}])
def test_a_plan_that_is_asked_for_wrongly_is_refused(api: Caller, instance_id: str, query: dict[str, Any]) -> None:
    assert api.get(f"/process-instances/{instance_id}/rewind-plan", **query).status_code == 400


def test_a_plan_for_an_instance_that_there_is_none_of_is_not_found(api: Caller) -> None:
    assert api.get("/process-instances/nobody/rewind-plan", elementId="a").status_code == 404


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.5", str(2**70)])
def test_a_token_number_that_is_none_is_refused(api: Caller, instance_id: str, number: str) -> None:
    answer = api.post(f"/process-instances/{instance_id}/tokens/{number}/complete", WHY)
    assert answer.status_code == 400
