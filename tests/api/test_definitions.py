"""Deploying diagrams, and looking at what is deployed."""

from __future__ import annotations

from io import BytesIO

import pytest

from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import message, timer


def line(process_id: str = "p", handler: str = "t.name") -> Diagram:
    return Diagram(process_id, "A line").start().service("a", handler).end().chain("s", "a", "e")


def test_a_diagram_is_deployed_as_the_first_version_of_its_process(api: Caller) -> None:
    answer = api.deploy(line())
    assert answer.status_code == 201
    definition = answer.json["definition"]
    assert (definition["processId"], definition["version"], definition["name"]) == ("p", 1, "A line")
    assert definition["deployedAt"] == "2026-03-02T12:00:00Z"
    assert answer.headers["Location"] == definition["href"] == "/api/v1/process-definitions/p?version=1"
    assert api.client.get(definition["href"], headers=api.headers).json == definition


def test_the_same_content_is_the_same_version_and_other_content_the_next(api: Caller) -> None:
    first, again, other = api.deploy(line()), api.deploy(line()), api.deploy(line(handler="t.quiet"))
    assert (again.status_code, again.json["created"]) == (200, False)
    assert again.json["definition"] == first.json["definition"]
    assert (other.status_code, other.json["definition"]["version"]) == (201, 2)
    assert api.get("/process-definitions/p").json["version"] == 2
    assert api.get("/process-definitions/p", version=1).json["digest"] == first.json["definition"]["digest"]


def test_a_file_in_a_form_is_deployed_too_and_its_name_is_looked_at(api: Caller) -> None:
    form = {"file": (BytesIO(line().xml()), "C:\\flows\\other.bpmn")}
    answer = api.post("/process-definitions", data=form, content_type="multipart/form-data")
    assert answer.status_code == 201
    assert [finding["code"] for finding in answer.json["findings"]] == ["file_name_differs"]


def test_a_diagram_is_given_back_byte_for_byte_and_as_a_download(api: Caller) -> None:
    document = line().xml()
    api.deploy(document)
    answer = api.get("/process-definitions/p/1/diagram")
    assert answer.data == document
    assert answer.mimetype == "application/xml"
    assert answer.headers["Content-Disposition"] == "attachment; filename=p.bpmn"
    assert answer.headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(("process_id", "told"), [("größe", "gr%C3%B6%C3%9Fe"), ("процесс", "%D0%BF%D1%80%D0%BE%D1%86%D0%B5%D1%81%D1%81")])
def test_a_download_is_called_after_its_process_in_any_alphabet(api: Caller, process_id: str, told: str) -> None:
    """Not after the file that was sent."""
    form = {"file": (BytesIO(line(process_id).xml()), 'evil".html')}
    assert api.post("/process-definitions", data=form, content_type="multipart/form-data").status_code == 201
    answer = api.get(f"/process-definitions/{process_id}/1/diagram")
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{told}.bpmn"


def test_the_list_shows_the_latest_of_each_process_or_every_version(api: Caller) -> None:
    for diagram in (line(), line(handler="t.quiet"), line("q")):
        api.deploy(diagram)
    latest = api.get("/process-definitions")
    assert [(d["processId"], d["version"]) for d in latest.json] == [("p", 2), ("q", 1)]
    assert latest.headers["X-Total-Count"] == "2"
    every = api.get("/process-definitions", allVersions="true", limit=2, offset=1)
    assert [(d["processId"], d["version"]) for d in every.json] == [("p", 1), ("q", 1)]
    assert every.headers["X-Total-Count"] == "3"


def test_a_refused_diagram_is_answered_with_element_line_reason_and_remedy(api: Caller, bench: Bench) -> None:
    answer = api.deploy(line(handler="t.nmae"))
    assert (answer.status_code, answer.json["code"]) == (422, "DiagramRefused")
    (finding,) = [each for each in answer.json["findings"] if each["severity"] == "error"]
    assert finding["elementId"] == "a"
    assert "t.nmae" in finding["message"]
    assert finding["line"] > 1
    assert finding["remedy"]
    assert api.get("/process-definitions").json == []


def test_checking_tells_what_deploying_would_and_stores_nothing(api: Caller) -> None:
    for document, deployable in ((line().xml(), True), (line(handler="t.nmae").xml(), False), (b"<a", False)):
        answer = api.post("/process-definitions/check", data=document, content_type="text/xml; charset=utf-8")
        assert (answer.status_code, answer.json["deployable"]) == (200, deployable)
        assert bool(answer.json["findings"]) is not deployable
    assert api.get("/process-definitions").json == []


@pytest.mark.parametrize("path", ["/q", "/p?version=2", "/p/2/diagram", "/q/1/diagram"])
def test_what_is_not_deployed_is_not_found(api: Caller, path: str) -> None:
    api.deploy(line())
    answer = api.get(f"/process-definitions{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "UnknownProcess")
    assert "Deployed are: p" in answer.json["message"]


def test_a_form_without_the_file_says_which_part_is_missing(api: Caller) -> None:
    answer = api.post("/process-definitions", data={"diagram": "x"}, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["path"]) == (400, "$.file")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_diagram_of_another_content_type_is_not_read(api: Caller, content_type: str) -> None:
    answer = api.deploy(line(), content_type)
    assert answer.status_code == 415
    assert "application/xml, text/xml or multipart/form-data" in answer.json["message"]


def test_what_starts_instances_of_the_latest_version_is_listed(api: Caller) -> None:
    diagram = Diagram("p").start("a", message("order placed")).start("b", timer("R3/PT1H", "timeCycle")).end()
    api.deploy(diagram.chain("a", "e").chain("b", "e"))
    listed = api.get("/process-definitions/p/start-triggers")
    assert listed.json == [
        {"elementId": "a", "kind": "message", "name": "order placed", "dueAt": None, "cycle": None, "remaining": None},
        {
            "elementId": "b",
            "kind": "timer",
            "name": None,
            "dueAt": "2026-03-02T13:00:00Z",
            "cycle": "R3/PT1H",
            "remaining": 3,
        },
    ]
    api.deploy(line())
    assert api.get("/process-definitions/p/start-triggers").json == []
    assert api.get("/process-definitions/other/start-triggers").status_code == 404


def test_a_process_that_only_events_start_is_not_started_by_a_request(api: Caller) -> None:
    api.deploy(Diagram("p").start("s", message("order placed")).end().chain("s", "e"))
    answer = api.start()
    assert (answer.status_code, answer.json["code"], answer.json["path"]) == (409, "StartedByEvents", "$.processId")


def test_a_version_says_who_deployed_it_and_why(api: Caller) -> None:
    answer = api.post("/process-definitions?reason=Faster+lines", data=line().xml(), content_type="application/xml")
    definition = answer.json["definition"]
    assert (definition["deployedBy"], definition["reason"], definition["withdrawnAt"]) == ("api", "Faster lines", None)
