"""Versions: withdrawn and put back, compared, and tested on what is open before they are deployed."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.conftest import XML, Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def flow(*users: str) -> Diagram:
    diagram = Diagram("p").start().end().chain("s", *users, "e")
    for user in users:
        diagram.user(user)
    return diagram


def test_a_version_is_withdrawn_and_put_back(api: Caller, olga: Caller) -> None:
    for user in ("u", "v"):
        api.deploy(flow(user))
    answer = olga.post("/process-definitions/p/2/withdraw", {"reason": "It bills twice"})
    assert answer.status_code == 200
    assert (answer.json["withdrawnBy"], answer.json["withdrawnReason"]) == ("olga", "It bills twice")
    assert api.start().json["version"] == 1
    refused = api.start(version=2)
    assert (refused.status_code, refused.json["code"]) == (409, "VersionWithdrawn")
    assert olga.post("/process-definitions/p/2/withdraw", {"reason": "Once more"}).status_code == 409
    back = olga.post("/process-definitions/p/2/restore", {"reason": "It was the supplier"})
    assert (back.status_code, back.json["withdrawnAt"]) == (200, None)
    assert api.start().json["version"] == 2
    assert olga.post("/process-definitions/p/3/restore", {"reason": "x"}).status_code == 404


def test_two_versions_are_compared(api: Caller) -> None:
    for diagram in (flow("u"), flow("u").user("n"), flow("v")):
        api.deploy(diagram)
    answer = api.get("/process-definitions/p/difference", fromVersion=1, toVersion=3)
    told = {(each["kind"], each["id"]): each for each in answer.json}
    assert told.keys() == {("removed", "u"), ("added", "v"), *((kind, each) for kind, each in told if "_" in each)}
    assert told["added", "v"]["type"] == "userTask"
    assert api.get("/process-definitions/p/difference", fromVersion=1, toVersion=9).status_code == 404
    assert api.get("/process-definitions/p/difference", fromVersion=1).status_code == 400


def test_a_diagram_is_tested_on_every_open_instance_before_it_is_deployed(
    api: Caller, bench: Bench, stored: Callable[[], dict[str, int]]
) -> None:
    api.deploy(flow("u", "v"))
    ids = [api.start().json["id"] for _ in range(2)]
    for instance_id in ids:
        bench.run(instance_id)
    bench.complete(ids[1])
    bench.run(ids[1])
    before = stored()
    told = api.post("/outlooks", data=flow("v").xml(), content_type=XML).json
    assert (told["processId"], told["newest"]) == ("p", 1)
    ((version),) = told["versions"]
    assert (version["version"], version["open"], version["tested"]) == (1, 2, 2)
    assert version["counts"] == {"unaffected": 1, "canMove": 0, "blocked": 1}
    found = {each["instanceId"]: each for each in version["instances"]}
    assert [each["code"] for each in found[ids[0]]["obstacles"]] == ["no_counterpart"]
    assert found[ids[1]]["finding"] == "unaffected"
    assert stored() == before
    refused = api.post("/outlooks", data=b"<no/>", content_type=XML)
    assert (refused.status_code, refused.json["code"]) == (422, "DiagramRefused")


def test_whoever_deploys_one_process_tests_and_withdraws_no_other(api: Caller, bench: Bench) -> None:
    api.deploy(flow("u"))
    author = somebody(bench, api, "ada", "author@q")
    assert author.post("/outlooks", data=flow("v").xml(), content_type=XML).status_code == 403
    assert author.post("/process-definitions/p/1/withdraw", {"reason": "x"}).status_code == 403
