"""Every route of the whole house, and every role before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.factory import House
from app.identity.authority import Grant
from app.identity.permissions import ROLES, Role
from app.identity.sessions import proof_of
from app.web.doors import DOORS
from tests.factories.people import PASSWORD, add_token, add_user

ROLES_AND_NONE = [*Role, None]


def routes(house: House) -> list[tuple[Rule, str]]:
    """Each rule with each of its methods; HEAD and OPTIONS go the way of the others."""
    rules = sorted(house.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
    return [(rule, method) for rule in rules for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def call(house: House, client: FlaskClient, rule: Rule, method: str, **headers: str) -> TestResponse:
    values = dict.fromkeys(rule.arguments, "1")
    path = house.app.url_map.bind("").build(rule.endpoint, values, method=method)
    return client.open(path, method=method, headers=headers)


def test_every_route_is_in_the_table_and_the_table_has_no_others(house: House) -> None:
    assert {rule.endpoint for rule in house.app.url_map.iter_rules()} == set(DOORS)


def test_an_endpoint_is_one_method_so_that_its_permission_is_one(house: House) -> None:
    found = [rule.endpoint for rule, _ in routes(house)]
    assert len(found) == len(set(found))


def test_a_route_that_was_forgotten_stays_shut(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    add_token(house.room.database, "token", "admin")
    monkeypatch.setattr(
        "app.web.acting.DOORS", {name: door for name, door in DOORS.items() if name != "jobs.list_jobs"}
    )
    answer = house.app.test_client().get("/api/v1/jobs", headers={"Authorization": "Bearer token"})
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "ShutDoor")


@pytest.mark.parametrize("role", ROLES_AND_NONE, ids=str)
def test_a_token_opens_the_doors_of_its_role_and_no_others(house: House, role: Role | None) -> None:
    grants = [role] if role else ["metrics.read"]
    permits = ROLES[role] if role else {"metrics.read"}
    add_token(house.room.database, "token", *grants)
    client, walked = house.app.test_client(), 0
    for rule, method in routes(house):
        door = DOORS[rule.endpoint]
        if not rule.rule.startswith("/api/"):
            continue
        walked += 1
        assert call(house, client, rule, method).status_code == 401, rule
        answer = call(house, client, rule, method, Authorization="Bearer token")
        assert answer.json is not None or answer.mimetype == "application/x-ndjson"
        refused = (answer.status_code, answer.json.get("code")) if isinstance(answer.json, dict) else (200, None)
        if door.needs is None or door.needs in permits or door.instead in permits:
            assert refused[0] not in (401, 403, 429, 500), (rule, answer.text)
        else:
            assert refused == (403, "MissingPermission"), (rule, answer.text)
            assert answer.json["facts"]["permission"] == door.needs
            assert str(door.needs) in answer.json["message"]
    assert walked > 40


@pytest.mark.parametrize("role", ROLES_AND_NONE, ids=str)
def test_a_session_opens_the_doors_of_its_role_and_no_others(house: House, role: Role | None) -> None:
    identity, client, walked = house.room.identity, house.app.test_client(), 0
    with house.room.database.transaction() as tx:
        identity.users.add(tx, "root", PASSWORD, [Grant(Role.ADMIN)], "tests")
        user_id = identity.users.add(tx, "ada", PASSWORD, [Grant(role)] if role else [], "tests")
    for rule, method in routes(house):
        door = DOORS[rule.endpoint]
        if not rule.endpoint.startswith("dashboard.") or door.public:
            continue
        walked += 1
        assert call(house, house.app.test_client(), rule, method).headers["Location"].startswith("/login"), rule
        with house.room.database.transaction() as tx:  # a new one each time: some of the doors close it
            cookie = identity.sessions.open(tx, user_id, "::1", "tests")
        client.set_cookie("turnup_session", cookie)
        answer = call(house, client, rule, method, **{"X-CSRF-Token": proof_of(cookie)})
        if door.needs is None or (role and not ROLES[role].isdisjoint({door.needs, door.instead})):
            assert answer.status_code not in (401, 403, 429, 500), (rule, answer.text)
            assert not answer.headers.get("Location", "").startswith("/login?"), rule
        else:
            assert answer.status_code == 403, rule
            assert str(door.needs) in answer.text
            assert "Ask <strong>root</strong>" in answer.text
    assert walked > 30


def test_a_session_opens_no_door_of_the_api(house: House) -> None:
    user_id = add_user(house.room.identity, "root", "admin")
    with house.room.database.transaction() as tx:
        cookie = house.room.identity.sessions.open(tx, user_id, "::1", "tests")
    client = house.app.test_client()
    client.set_cookie("turnup_session", cookie)
    assert client.get("/account").status_code == 200
    for rule, method in routes(house):
        if rule.rule.startswith("/api/"):
            assert call(house, client, rule, method, **{"X-CSRF-Token": proof_of(cookie)}).status_code == 401, rule


def test_who_gets_a_page_changes_nothing(house: House) -> None:
    """Whatever is got needs no more than the right to look; log-ins by the provider are not ours to post."""
    looks = {"dashboard.users": "user.manage"}
    for rule, method in routes(house):
        needs = str(DOORS[rule.endpoint].needs or "")
        assert method in ("GET", "POST"), rule
        if method == "GET":
            assert not needs or needs.endswith(".read") or looks[rule.endpoint] == needs, rule


def test_what_is_public_tells_no_more_than_it_must(house: House) -> None:
    public = sorted(endpoint for endpoint, door in DOORS.items() if door.public)
    assert public == [
        "dashboard.come_back",
        "dashboard.log_in",
        "dashboard.log_in_by_provider",
        "dashboard.login",
        "health.read_health",
        "health.read_metrics",
        "health.read_readiness",
        "openapi.doc_url",
        "openapi.openapi",
        "openapi.static",
        "openapi_page",
        "static",
        "swagger.oauth2-redirect",
        "swagger.static",
        "swagger.swagger",
    ]


def test_every_answer_is_shielded(house: House) -> None:
    client = house.app.test_client()
    for rule, method in routes(house):
        answer = call(house, client, rule, method)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, rule
        assert "base-uri 'none'" in policy, rule
        assert "frame-ancestors 'none'" in policy, rule
        assert ("sandbox" in policy) == (answer.mimetype != "text/html"), rule
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"], rule
        assert answer.headers["Referrer-Policy"], rule
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", rule
        assert "Traceback" not in answer.text if answer.mimetype.startswith("text/html") else True, rule


def test_the_documentation_runs_its_own_script_and_no_other(house: House) -> None:
    answer = house.app.test_client().get("/openapi/swagger")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"].startswith("'self' 'sha256-")
    assert "unsafe-inline" not in policy["script-src"]


def test_a_defect_shows_no_stack_to_anybody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the secret inside")

    add_token(house.room.database, "token", "admin")
    monkeypatch.setattr("app.web.callers.enter", break_down)
    answer = house.app.test_client().get("/api/v1/jobs", headers={"Authorization": "Bearer token"})
    assert (answer.status_code, answer.json and answer.json["code"]) == (500, "InternalError")
    monkeypatch.setattr("app.dashboard.access.door_here", break_down)
    page = house.app.test_client().get("/")
    assert page.status_code == 500
    for text in (answer.text, page.text):
        assert "secret" not in text
        assert "ZeroDivision" not in text
        assert "Traceback" not in text


def test_pages_and_api_change_nothing_but_by_the_one_way() -> None:
    """Log-ins, and the noting of use, are nobody's deed yet."""
    allowed = {"access.py", "login.py"}
    for room in ("api", "dashboard"):
        for path in Path("app", room).glob("*.py"):
            text = path.read_text()
            assert "app.web.commits" not in text, path
            assert ".transaction(" not in text or path.name in allowed, path
