"""Only who holds a token gets in, as long as it holds, and no further than it reaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.identity.tables import api_token
from app.web.callers import REMEMBERED_FOR
from tests.api.conftest import TOKEN, Caller, application, somebody
from tests.factories.engines import Bench
from tests.factories.people import add_token, add_user, an_identity

PATHS = [
    "/process-definitions",
    "/process-instances",
    "/process-instances/x/history",
    "/user-tasks",
    "/incidents",
    "/jobs",
]
MESSAGE = {"name": "n", "correlationKey": "k"}


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nothing_is_shown(api: Caller, path: str) -> None:
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
def test_another_token_is_refused(
    api: Caller, stored: Callable[[], dict[str, int]], sent: str, code: str
) -> None:
    before = stored()
    api.headers = {"Authorization": sent}
    answer = api.post("/messages", MESSAGE)
    assert (answer.status_code, answer.json["code"]) == (401, code)
    assert TOKEN not in answer.text
    assert stored() == before


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "Authorization"])
def test_a_token_in_the_address_opens_nothing(api: Caller, name: str) -> None:
    assert api.client.get("/api/v1/jobs", query_string={name: f"Bearer {TOKEN}"}).status_code == 401
    assert api.client.get("/api/v1/jobs", query_string={name: TOKEN}).status_code == 401


def test_a_token_is_refused_from_the_moment_it_expires(
    api: Caller, bench: Bench, stored: Callable[[], dict[str, int]]
) -> None:
    bench.clock.advance(timedelta(days=30, seconds=-1))
    assert api.post("/messages", MESSAGE).status_code == 202
    before = stored()
    bench.clock.advance(timedelta(seconds=1))
    answer = api.post("/messages", MESSAGE)
    assert (answer.status_code, answer.json["code"]) == (401, "TokenExpired")
    assert "2026-04-01T12:00:00Z" in answer.json["message"]
    assert "WWW-Authenticate" in answer.headers
    assert stored() == before


def test_a_revoked_token_is_refused_once_it_is_forgotten(api: Caller, bench: Bench) -> None:
    assert api.get("/jobs").status_code == 200
    with bench.database.transaction() as tx:
        tx.connection.execute(sa.update(api_token).values(revoked_at=bench.clock.now()))
    bench.clock.advance(REMEMBERED_FOR)
    assert api.get("/jobs").json["code"] == "TokenRevoked"


def test_a_token_that_was_just_seen_costs_no_look_into_the_database(api: Caller, bench: Bench) -> None:
    asked: list[str] = []
    for engine in (bench.database.engine, bench.database._reader):
        event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    api.get("/jobs")
    first = [text for text in asked if "api_token" in text]
    assert len(first) == 2, first  # found, and its use noted
    asked.clear()
    api.get("/jobs")
    assert [text for text in asked if "api_token" in text] == []
    bench.clock.advance(REMEMBERED_FOR)
    api.get("/jobs")
    assert len([text for text in asked if "api_token" in text]) == 1


def test_the_last_use_is_noted_once_a_minute(api: Caller, bench: Bench) -> None:
    noon, seen = bench.clock.now(), []
    for seconds in (0, 30, 30):
        bench.clock.advance(timedelta(seconds=seconds))
        api.get("/jobs")
        with bench.database.reading() as connection:
            seen.append(connection.execute(sa.select(api_token.c.used_at)).scalar_one() - noon)
    assert [each.total_seconds() for each in seen] == [0, 0, 60]


def test_a_users_token_acts_in_their_name(api: Caller, bench: Bench) -> None:
    user_id = add_user(an_identity(bench.database, bench.clock), "Grace", "operator")
    add_token(bench.database, "graces", "operator", name="ci", user_id=user_id, clock=bench.clock)
    grace = Caller(api.client, "graces")
    refused = grace.post("/signals", {"name": "storm"})
    assert refused.status_code == 403
    assert "Grace has: operator" in refused.json["message"]


def test_what_a_token_does_not_permit_is_named(
    api: Caller, bench: Bench, stored: Callable[[], dict[str, int]]
) -> None:
    portal = somebody(bench, api, "portal", "integrator")
    before = stored()
    answer = portal.post("/processes/p/suspend", {"reason": "why not"})
    assert (answer.status_code, answer.json["code"]) == (403, "MissingPermission")
    assert answer.json["facts"] == {"permission": "process.suspend", "granted": ["integrator"]}
    assert "process.suspend" in answer.json["message"]
    assert "the role lead" in answer.json["message"]
    assert stored() == before


def test_a_token_is_asked_for_before_the_body_is_read(api: Caller) -> None:
    answer = api.client.post("/api/v1/process-instances", data="not json", content_type="text/plain")
    assert answer.status_code == 401


def test_a_caller_who_asks_too_often_is_told_when_to_go_on(bench: Bench) -> None:
    app = application(bench, per_s=2)
    api = Caller(app.test_client())
    statuses = [api.get("/jobs").status_code for _ in range(8)]
    assert statuses[:4] == [200] * 4
    assert statuses[-1] == 429
    refused = api.get("/jobs")
    assert (refused.json["code"], refused.headers["Retry-After"]) == ("TooManyRequests", "1")
    assert somebody(bench, api, "other").get("/jobs").status_code == 200


def test_an_address_that_guesses_tokens_is_slowed_and_right_ones_from_there_are_let_in(api: Caller) -> None:
    found = {api.client.get("/api/v1/jobs", headers={"Authorization": f"Bearer guess{n}"}).status_code for n in range(60)}
    assert found == {401, 429}
    assert api.get("/jobs").status_code == 200


def test_whether_the_server_lives_is_told_to_everybody(api: Caller) -> None:
    answer = api.client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
