from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.dashboard.access import local_path
from app.dashboard.build import build_dashboard
from app.dashboard.parts import DashboardParts
from tests.factories.dashboards import NOON, TOKEN, World
from tests.unit.dashboard.conftest import Operator, csrf_of, log_in

PAGES = ["/", "/tasks", "/incidents", "/processes", "/processes/activate/1", "/processes/activate/1/diagram.bpmn"]
PAGES += ["/decisions", "/decisions/d", "/decision-models/m.dmn"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_sends_a_stranger_to_the_login(world: World, path: str) -> None:
    answer = world.app.test_client().get(path)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login")


def test_every_route_but_the_login_is_guarded(world: World) -> None:
    client = world.app.test_client()
    adapter = world.app.url_map.bind("")
    values = {
        "instance_id": "i",
        "element_id": "e",
        "process_id": "p",
        "version": "1",
        "incident_id": "i",
        "task_id": "t",
        "decision_id": "d",
        "model_row_id": "m",
    }
    for rule in world.app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if rule.endpoint not in ("static", "dashboard.login", "dashboard.log_in"):
                given = {name: values[name] for name in rule.arguments}
                answer = client.open(adapter.build(rule.endpoint, given, method=method), method=method)
                assert answer.headers.get("Location", "").startswith("/login"), rule


def test_the_cookie_is_signed_and_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    cookie = log_in(world.app.test_client()).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    client = world.app.test_client()
    client.set_cookie("turnup_session", "eyJieSI6Ik1hbGxvcnkifQ.Zz.forged")
    assert client.get("/").status_code == 302


def test_the_cookie_of_a_page_that_came_over_tls_is_secure(world: World) -> None:
    client = world.app.test_client()
    csrf = csrf_of(client.get("/login", base_url="https://turnup").text)
    form = {"csrf": csrf, "name": "Grace", "token": TOKEN}
    assert "Secure" in client.post("/login", data=form, base_url="https://turnup").headers["Set-Cookie"]


def test_a_wrong_token_is_told_and_opens_nothing(world: World) -> None:
    client = world.app.test_client()
    answer = log_in(client, token="guess")
    assert answer.status_code == 401
    assert "That is not the token" in answer.text
    assert client.get("/").status_code == 302


def an_app(world: World, token: str, expires_at: datetime | None = None) -> Flask:
    app = Flask("other")
    parts = DashboardParts(
        world.database,
        world.engine,
        world.operators,
        world.registry,
        world.clock,
        token,
        "a-secret-for-tests",
        expires_at,
    )
    build_dashboard(app, parts)
    return app


def test_an_empty_token_lets_nobody_in(world: World) -> None:
    assert log_in(an_app(world, "").test_client(), token="").status_code == 401


def test_an_expired_token_opens_nothing_and_ends_the_sessions_that_it_opened(world: World) -> None:
    client = an_app(world, TOKEN, NOON + timedelta(seconds=60)).test_client()
    assert log_in(client).status_code == 303
    assert client.get("/").status_code == 200
    world.pass_time(60)
    assert client.get("/").status_code == 302
    assert "has expired" in log_in(client).text


def test_nobody_enters_without_a_name(world: World) -> None:
    answer = log_in(world.app.test_client(), name="  ")
    assert answer.status_code == 400
    assert "Say who you are" in answer.text


def test_another_token_ends_the_sessions_that_the_old_one_opened(world: World, operator: Operator) -> None:
    cookie = operator.client.get_cookie("turnup_session")
    assert cookie is not None
    client = an_app(world, "another token").test_client()
    client.set_cookie("turnup_session", cookie.value)
    assert client.get("/").status_code == 302


def test_logging_out_ends_the_session(operator: Operator) -> None:
    assert operator.post("/logout").status_code == 303
    assert operator.get("/").status_code == 302


@pytest.mark.parametrize("proof", ["", "forged"])
def test_a_post_without_the_pages_own_proof_is_refused(operator: Operator, proof: str) -> None:
    answer = operator.client.post("/logout", data={"csrf": proof})
    assert answer.status_code == 403
    assert operator.get("/").status_code == 200


def test_a_fragment_asked_for_after_the_session_ended_sends_the_whole_page_to_the_login(world: World) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/instances/i?history=200"}
    answer = world.app.test_client().get("/instances/i/live", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/instances/i?history%3D200"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/\n/evil", "", None],
)
def test_a_login_leads_nowhere_but_to_this_server(target: str | None) -> None:
    assert local_path(target) == "/"


def test_a_login_leads_back_to_the_page_that_was_wanted(world: World) -> None:
    answer = log_in(world.app.test_client(), next="/incidents?process=activate")
    assert answer.headers["Location"] == "/incidents?process=activate"


def test_every_page_forbids_scripts_and_everything_from_elsewhere(operator: Operator) -> None:
    for path in PAGES:
        answer = operator.get(path)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "<script>" not in answer.text
        assert "onclick" not in answer.text
