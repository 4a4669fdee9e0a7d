"""What every answer of the whole house says, and what none does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.core.settings import read_settings
from app.factory import House
from app.web.models import Output
from app.web.openapi import create_app_shell
from tests.factories.people import add_token, add_user
from tests.unit.web.test_doors import call, routes

# What everybody may know, or changes with no order and no person
KEPT = {"static", "openapi_page", "openapi.openapi", "openapi.doc_url", "openapi.static"}
KEPT |= {"swagger.swagger", "swagger.static", "swagger.oauth2-redirect", "dashboard.diagram"}
PROBES = {"health.read_health", "health.read_readiness", "health.read_metrics"}


def test_no_other_origin_may_read_an_answer(house: House) -> None:
    client = house.app.test_client()
    for rule, method in routes(house):
        headers = call(house, client, rule, method, Origin="https://evil.example").headers
        assert [name for name, _ in headers if name.lower().startswith("access-control-")] == [], rule


def test_every_answer_says_what_it_is(house: House) -> None:
    """And what is text, or XML, in which alphabet."""
    add_token(house.room.database, "token", "admin")
    for rule, method in routes(house):
        for headers in ({}, {"Authorization": "Bearer token"}):
            answer = call(house, house.app.test_client(), rule, method, **headers)
            if answer.data:
                kind = answer.headers["Content-Type"]
                is_text = kind.startswith("text/") or "xml" in kind
                assert "charset=utf-8" in kind.lower() if is_text else "/" in kind, rule


def test_no_answer_is_kept_but_what_everybody_may_know(house: House) -> None:
    add_token(house.room.database, "token", "admin")
    user_id = add_user(house.room.identity, "root", "admin")
    for rule, method in routes(house):
        client = house.app.test_client()
        with house.room.database.transaction() as tx:  # a new one each time: some of the doors close it
            client.set_cookie("turnup_session", house.room.identity.sessions.open(tx, user_id, "::1", "tests"))
        answer = call(house, client, rule, method, Authorization="Bearer token")
        if rule.endpoint not in KEPT | PROBES:
            assert answer.headers["Cache-Control"] == "no-store", rule


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/js", "/static/js/", "/openapi/static/"])
def test_a_folder_shows_nothing(house: House, path: str) -> None:
    answer = house.app.test_client().get(path)
    assert answer.status_code == 404
    assert "turnup.js" not in answer.text


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/api/v1/jobs", "/static/js/turnup.js"])
def test_nobody_is_told_what_they_sent(house: House, method: str, path: str) -> None:
    answer = house.app.test_client().open(path, method=method, headers={"Cookie": "a=what-was-sent"})
    assert answer.status_code == 405
    assert "what-was-sent" not in answer.text


def test_a_developers_variable_makes_no_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not create_app_shell(read_settings({})).debug


def test_an_answer_has_the_fields_of_its_model_alone() -> None:
    @dataclass
    class Row:
        name: str
        password_hash: str

    class Shown(Output):
        name: str

    assert Shown.model_validate(Row("grace", "x")).model_dump() == {"name": "grace"}
