"""Only who holds the token gets in, and only as long as it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.api.build import build_api
from app.core.settings import read_settings
from app.web.openapi import create_app_shell
from tests.api.conftest import TOKEN, Caller, application, parts_of
from tests.factories.engines import Bench

PATHS = [
    "/process-definitions",
    "/process-instances",
    "/process-instances/x/history",
    "/user-tasks",
    "/incidents",
    "/jobs",
]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(api: Caller, path: str) -> None:
    answer = api.client.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json["code"]) == (401, "TokenMissing")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="turnup"')


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("Bearer wrong", "TokenWrong"),
        (f"Bearer {TOKEN}x", "TokenWrong"),
        ("Bearer naïve", "TokenWrong"),
        ("Bearer ", "TokenMissing"),
        (TOKEN, "TokenMissing"),
        (f"Basic {TOKEN}", "TokenMissing"),
    ],
)
def test_another_token_is_refused(api: Caller, stored: Callable[[], dict[str, int]], sent: str, code: str) -> None:
    before = stored()
    api.headers = {"Authorization": sent}
    answer = api.post("/messages", {"name": "n", "correlationKey": "k"})
    assert (answer.status_code, answer.json["code"]) == (401, code)
    assert TOKEN not in answer.text
    assert stored() == before


def test_a_token_is_refused_from_the_moment_it_expires(bench: Bench, stored: Callable[[], dict[str, int]]) -> None:
    api = Caller(application(bench, token_expires_at=bench.clock.now() + timedelta(hours=1)).test_client())
    message = {"name": "n", "correlationKey": "k"}
    assert api.post("/messages", message).status_code == 202
    before = stored()
    bench.clock.advance(timedelta(hours=1))
    answer = api.post("/messages", message)
    assert (answer.status_code, answer.json["code"]) == (401, "TokenExpired")
    assert "2026-03-02T13:00:00Z" in answer.json["message"]
    assert "WWW-Authenticate" in answer.headers
    assert stored() == before


def test_a_server_without_a_token_lets_nobody_in(bench: Bench) -> None:
    app = create_app_shell(read_settings({}))
    build_api(app, parts_of(bench, token=""))
    for sent in ("Bearer ", "Bearer x", "bearer"):
        assert app.test_client().get("/api/v1/incidents", headers={"Authorization": sent}).status_code == 401


def test_the_token_is_asked_for_before_the_body_is_read(api: Caller) -> None:
    answer = api.client.post("/api/v1/process-instances", data="not json", content_type="text/plain")
    assert answer.status_code == 401


def test_whether_the_server_lives_is_told_to_everybody(api: Caller) -> None:
    answer = api.client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
