"""Forms over the API: deployed, listed by version, read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.factories.task_forms import VISIT

FORM = {"id": "visit", **VISIT}


def deploy(api: Caller, form: Any = FORM, content_type: str = "application/json", query: str = "") -> Any:
    document = form if isinstance(form, bytes) else json.dumps(form).encode()
    return api.post(f"/forms{query}", data=document, content_type=content_type)


def test_a_form_is_a_version_for_each_content_and_comes_back_as_it_was(api: Caller) -> None:
    first, again = deploy(api, query="?reason=Visits"), deploy(api)
    assert (first.status_code, first.json["form"]["version"], first.json["form"]["reason"]) == (201, 1, "Visits")
    assert (again.status_code, again.json["created"]) == (200, False)
    deploy(api, {**FORM, "versionTag": "v2"})
    assert [(one["formId"], one["version"]) for one in api.get("/forms").json] == [("visit", 2)]
    assert [one["versionTag"] for one in api.get("/forms/visit/versions").json] == ["v2", None]
    assert api.get("/forms/visit?version=1").json["deployedBy"]
    assert json.loads(api.get("/forms/visit/1/document").data) == FORM


def test_an_unknown_form_is_not_found(api: Caller) -> None:
    for path in ("/forms/none", "/forms/none/versions", "/forms/none/1/document"):
        answer = api.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, "UnknownForm")


@pytest.mark.parametrize(
    ("form", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        ({"components": []}, "application/json", 400),
        ({"id": "a b", "components": []}, "application/json", 422),
        ({"id": "a", "components": [{"type": "iframe"}]}, "application/json", 422),
        (FORM, "application/xml", 415),
        (b"x" * 1_500_001, "application/json", 413),
    ],
)
def test_a_bad_form_is_refused_and_nothing_is_stored(api: Caller, form: Any, content_type: str, status: int) -> None:
    answer = deploy(api, form, content_type)
    assert answer.status_code == status, answer.json
    assert bool(answer.json.get("findings")) == (status == 422)
    assert api.get("/forms").json == []
