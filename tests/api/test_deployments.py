"""Several files deployed at once, as a pipeline does: all of them or none."""

from __future__ import annotations

from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS

MODEL = ("profiles.dmn", DECISIONS)


def diagram(process_id: str, handler: str = "t.name") -> tuple[str, bytes]:
    drawn = Diagram(process_id).start().service("a", handler).end().chain("s", "a", "e")
    return f"{process_id}.bpmn", drawn.xml()


def asking(process_id: str = "asks") -> tuple[str, bytes]:
    """Its decision stands in another file."""
    drawn = Diagram(process_id).start().decision("d", "profile", "r").end().chain("s", "d", "e")
    return f"{process_id}.bpmn", drawn.xml()


def send(api: Caller, *files: tuple[str, bytes], door: str = "", **said: str) -> TestResponse:
    parts = [(BytesIO(document), name) for name, document in files]
    return api.post(f"/deployments{door}", data={"file": parts, **said}, content_type="multipart/form-data")


def deployed(api: Caller) -> list[str]:
    return [each["processId"] for each in api.get("/process-definitions").json]


def test_a_folder_is_deployed_at_once_and_again_stays_as_it_is(api: Caller) -> None:
    files = (diagram("p"), asking(), MODEL)
    first, again = send(api, *files), send(api, *files)
    assert (first.status_code, again.status_code) == (201, 200)
    told = [(each["file"], each["kind"], each["id"], each["version"], each["created"]) for each in first.json["files"]]
    assert told == [
        ("profiles.dmn", "decisions", "profiles", 1, True),
        ("asks.bpmn", "process", "asks", 1, True),
        ("p.bpmn", "process", "p", 1, True),
    ]
    assert first.json["findings"] == []  # the decision that is asked comes with it
    assert {each["created"] for each in again.json["files"]} == {False}
    assert deployed(api) == ["asks", "p"]


def test_with_an_error_in_one_none_is_deployed_and_each_finding_names_its_file(api: Caller) -> None:
    answer = send(api, diagram("p"), diagram("q", "t.nmae"), ("bad.dmn", b"<a/>"), ("torn.bpmn", b"<"))
    assert (answer.status_code, answer.json["code"]) == (422, "FilesRefused")
    told = {(each["file"], each["elementId"], each["code"]) for each in answer.json["findings"]}
    assert told == {("q.bpmn", "a", "unknown_handler"), ("bad.dmn", None, "not_dmn"), ("torn.bpmn", None, "not_xml")}
    assert "None of the files was deployed" in answer.json["message"]
    assert deployed(api) == []
    assert api.get("/decisions").json == []


def test_checking_says_the_same_and_stores_nothing(api: Caller) -> None:
    answer = send(api, diagram("p"), diagram("q", "t.nmae"), asking(), door="/check")
    assert (answer.status_code, answer.json["deployable"]) == (200, False)
    told = [(each["file"], each["code"]) for each in answer.json["findings"]]
    assert told == [("q.bpmn", "unknown_handler"), ("asks.bpmn", "unknown_decision")]
    assert send(api, diagram("p"), asking(), door="/check").json["deployable"] is True
    assert deployed(api) == []


def test_what_is_deployed_counts_as_there(api: Caller) -> None:
    assert [each["code"] for each in send(api, asking()).json["findings"]] == ["unknown_decision"]
    send(api, MODEL)
    assert send(api, asking(), door="/check").json["findings"] == []
    name, document = asking("other")
    one = api.post("/process-definitions/check", data=document, content_type="application/xml")
    assert one.json == {"deployable": True, "findings": []}, name


def test_a_process_that_may_not_be_deployed_keeps_all_of_them_out(api: Caller, bench: Bench) -> None:
    author = somebody(bench, api, "author", "author@p")
    refused = send(author, diagram("p"), diagram("q"))
    assert (refused.status_code, refused.json["code"]) == (403, "MissingPermission")
    assert deployed(api) == []
    assert send(author, diagram("p")).status_code == 201
    assert send(author, diagram("p", "t.quiet"), MODEL).status_code == 403
    assert deployed(api) == ["p"]


def test_a_deployment_is_on_record_with_its_reason(api: Caller) -> None:
    send(api, diagram("p"), diagram("q"), reason="release 7")
    definition = api.get("/process-definitions/q").json
    assert (definition["reason"], definition["deployedBy"]) == ("release 7", "api")
    entry = next(each for each in api.get("/audit").json if each["door"] == "deployments.deploy_files")
    assert (entry["reason"], entry["processId"]) == ("release 7", None)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "0 parts `file`"),
        ([("p.txt", b"p")], "no .bpmn, .dmn or .form file"),
        ([diagram("p"), ("folder/p.bpmn", b"<a/>")], "Two files are called 'p.bpmn'"),
    ],
    ids=["none", "of another kind", "twice"],
)
def test_what_is_no_set_of_files_is_a_bad_request(api: Caller, files: list[tuple[str, bytes]], words: str) -> None:
    answer = send(api, *files)
    assert answer.status_code == 400
    assert words in answer.json["message"]


def test_another_content_type_is_refused(api: Caller) -> None:
    assert api.post("/deployments", data=diagram("p")[1], content_type="application/xml").status_code == 415
