"""The document that describes the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.api.conftest import Caller


@pytest.fixture
def document(api: Caller) -> dict[str, Any]:
    return dict(api.client.get("/openapi/openapi.json").json)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{method} {path}": each for path, item in document["paths"].items() for method, each in item.items()}


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_operation_has_a_summary_a_name_of_its_own_and_what_it_answers(document: dict[str, Any]) -> None:
    described = operations(document)
    names = [operation["operationId"] for operation in described.values()]
    assert len(set(names)) == len(names)
    for name, operation in described.items():
        assert operation["summary"], name
        assert any(status.startswith("2") for status in operation["responses"]), name


def test_every_operation_behind_the_token_says_so_and_documents_its_errors(document: dict[str, Any]) -> None:
    error = {"$ref": "#/components/schemas/ErrorBody"}
    for name, operation in operations(document).items():
        if name in ("get /healthz", "get /readyz"):
            continue
        assert operation["security"] == [{"bearer": []}], name
        refused = {status: each for status, each in operation["responses"].items() if not status.startswith("2")}
        assert {"400", "401", "500"} <= set(refused), name
        assert all(each["content"]["application/json"]["schema"] == error for each in refused.values()), name


def test_every_rule_under_the_api_is_in_the_document(api: Caller, document: dict[str, Any]) -> None:
    rules = [rule for rule in api.client.application.url_map.iter_rules() if rule.rule.startswith("/api/")]
    assert {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in rules} <= set(document["paths"])


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if schema is not None:
            model = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            fields = model["properties"].values()
            assert not fields or any("example" in field for field in fields), name


def test_the_page_that_shows_the_document_takes_nothing_from_elsewhere(api: Caller) -> None:
    page = api.client.get("/openapi", follow_redirects=True)
    assert page.status_code == 200
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert parts
    for part in parts:
        assert not part.startswith(("http:", "https:", "//")), part
        with api.client.get(f"/openapi/{part}") as answer:
            assert answer.status_code == 200, part
