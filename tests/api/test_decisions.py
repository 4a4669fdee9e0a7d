"""Decisions over the API: deployed, listed, asked."""

from __future__ import annotations

import pytest

from app.engine.tables import decision_model
from tests.api.conftest import Caller
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS


def deploy(api: Caller, document: bytes = DECISIONS, content_type: str = "application/xml") -> object:
    return api.post("/decisions", data=document, content_type=content_type)


def test_a_model_is_deployed_once_per_content(api: Caller) -> None:
    first, again = deploy(api), deploy(api)
    assert (first.status_code, first.json["version"], first.json["decisions"]) == (201, 1, ["profile"])
    assert (again.status_code, again.json["created"]) == (200, False)
    assert [one["decisionId"] for one in api.get("/decisions").json] == ["profile"]


def test_a_decision_says_what_and_why(api: Caller) -> None:
    deploy(api)
    answer = api.post("/decisions/profile/evaluate", {"variables": {"speed": 500}})
    assert (answer.status_code, answer.json["value"], answer.json["version"]) == (200, "fast", 1)
    assert [(row["rule"], row["inputs"]) for row in answer.json["matched"]] == [(1, {"Speed": 500})]


def test_an_unknown_decision_is_not_found(api: Caller) -> None:
    answer = api.post("/decisions/nothing/evaluate", {"variables": {}})
    assert (answer.status_code, answer.json["code"]) == (404, "UnknownDecision")


@pytest.mark.parametrize(
    ("document", "content_type", "status"),
    [
        (b"", "application/xml", 422),
        (b"<bpmn/>", "application/xml", 422),
        (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "application/xml", 422),
        (DECISIONS.replace(b"&gt;= 300", b"&gt;= ("), "application/xml", 422),
        (DECISIONS, "text/plain", 415),
        (b"x" * 5_000_001, "application/xml", 413),
    ],
)
def test_a_bad_model_is_refused_and_nothing_is_stored(
    api: Caller, bench: Bench, document: bytes, content_type: str, status: int
) -> None:
    answer = deploy(api, document, content_type)
    assert answer.status_code == status, answer.json
    assert answer.json["code"]
    if status == 422:
        assert answer.json["findings"]
    assert bench.count(decision_model) == 0


@pytest.mark.parametrize("body", [{"variables": []}, {"inputs": {}}, {"variables": {}, "version": 1}])
def test_a_question_of_another_shape_is_refused(api: Caller, body: dict[str, object]) -> None:
    deploy(api)
    assert api.post("/decisions/profile/evaluate", body).status_code == 400
