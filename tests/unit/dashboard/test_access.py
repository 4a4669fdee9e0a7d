from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.dashboard.access import LOGIN_LIMIT_BYTES, local_path
from app.identity import doors
from app.identity.guesses import FREE
from app.identity.provider import ProviderSettings
from app.web.doors import DOORS
from tests.factories.dashboards import World
from tests.factories.people import PASSWORD
from tests.factories.servers import free_port
from tests.unit.dashboard.conftest import Operator, csrf_of, log_in, somebody

PAGES = ["/", "/instances", "/tasks", "/incidents", "/processes", "/processes/activate/1", "/processes/activate/1/diagram.bpmn"]
PAGES += ["/decisions", "/decisions/d", "/decision-models/m.dmn", "/account", "/users"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_sends_a_stranger_to_the_login(world: World, path: str) -> None:
    answer = world.app.test_client().get(path)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/login")


def test_every_route_but_the_login_is_guarded(world: World) -> None:
    client = world.app.test_client()
    adapter = world.app.url_map.bind("")
    for rule in world.app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if rule.endpoint != "static" and not DOORS[rule.endpoint].public:
                given = dict.fromkeys(rule.arguments, "1")
                answer = client.open(adapter.build(rule.endpoint, given, method=method), method=method)
                assert answer.headers.get("Location", "").startswith("/login"), rule


def cookie_of(answer: object) -> str:
    headers = answer.headers.getlist("Set-Cookie")  # type: ignore[attr-defined]
    return next(each for each in headers if "session=" in each)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    cookie = cookie_of(log_in(world.app.test_client()))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    client = world.app.test_client()
    client.set_cookie("turnup_session", "forged")
    assert client.get("/").status_code == 302


def test_the_cookie_of_a_page_that_came_over_tls_is_secure_and_this_hosts_alone(world: World) -> None:
    client = world.app.test_client()
    csrf = csrf_of(client.get("/login", base_url="https://turnup").text)
    form = {"csrf": csrf, "name": "Grace", "password": PASSWORD}
    answer = client.post("/login", data=form, base_url="https://turnup")
    assert cookie_of(answer).startswith("__Host-turnup-session=")
    assert "Secure" in cookie_of(answer)
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(("name", "password"), [("Grace", "guess"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_log_in_opens_nothing_and_does_not_say_which_was_wrong(world: World, name: str, password: str) -> None:
    client = world.app.test_client()
    answer = log_in(client, name, password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert PASSWORD not in answer.text
    assert client.get("/").status_code == 302


def test_guessing_is_told_to_pause(world: World) -> None:
    for _ in range(FREE["name"]):
        assert log_in(world.app.test_client(), password="guess").status_code == 401
    answer = log_in(world.serve().test_client())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Try again in 1 second" in answer.text


def test_a_session_that_somebody_prepared_is_not_the_one_that_is_opened(world: World) -> None:
    client = world.app.test_client()
    csrf = csrf_of(client.get("/login").text)
    visit = client.get_cookie("turnup_visit")
    assert visit is not None
    client.set_cookie("turnup_session", visit.value)
    form = {"csrf": csrf, "name": "Grace", "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 303
    session = client.get_cookie("turnup_session")
    assert session is not None
    assert session.value != visit.value
    other = world.app.test_client()
    other.set_cookie("turnup_session", visit.value)
    assert other.get("/").status_code == 302


def test_a_second_log_in_closes_the_session_that_the_browser_held(operator: Operator, world: World) -> None:
    held = operator.client.get_cookie("turnup_session")
    assert held is not None
    form = {"csrf": operator.csrf, "name": "Grace", "password": PASSWORD}
    assert operator.client.post("/login", data=form).status_code == 303
    assert operator.get("/").status_code == 200
    other = world.app.test_client()
    other.set_cookie("turnup_session", held.value)
    assert other.get("/").status_code == 302


def test_a_session_opens_every_server_of_the_database(operator: Operator, world: World) -> None:
    held = operator.client.get_cookie("turnup_session")
    assert held is not None
    other = world.serve().test_client()
    other.set_cookie("turnup_session", held.value)
    assert other.get("/").status_code == 200


def test_a_session_ends_when_nobody_uses_it_and_a_page_that_polls_is_nobody(operator: Operator, world: World) -> None:
    step = timedelta(minutes=10)
    for _ in range(doors.IDLE // step - 1):
        world.pass_time(step.total_seconds())
        assert operator.get("/tasks", **{"HX-Request": "true"}).status_code == 200
    world.pass_time(step.total_seconds())
    assert operator.get("/").status_code == 302


def test_a_session_that_is_used_ends_with_its_day(operator: Operator, world: World) -> None:
    step = timedelta(minutes=30)
    for _ in range(doors.LONGEST // step - 1):
        world.pass_time(step.total_seconds())
        assert operator.get("/").status_code == 200
    world.pass_time(step.total_seconds())
    assert operator.get("/").status_code == 302


def test_every_page_has_the_way_out(operator: Operator) -> None:
    pages = [answer.text for path in [*PAGES, "/audit", "/systems", "/approvals"] if (answer := operator.get(path)).mimetype == "text/html"]
    assert len(pages) > 8
    assert all('action="/logout"' in page for page in pages)


def test_logging_out_ends_the_session_and_not_only_the_cookie(operator: Operator) -> None:
    held = operator.client.get_cookie("turnup_session")
    assert held is not None
    assert operator.post("/logout").status_code == 303
    assert operator.client.get_cookie("turnup_session") is None
    operator.client.set_cookie("turnup_session", held.value)
    assert operator.get("/").status_code == 302


def test_logging_out_everywhere_ends_the_other_sessions_too(operator: Operator, world: World) -> None:
    other = world.app.test_client()
    log_in(other)
    ada = somebody(world, "Ada", "viewer")
    assert operator.post("/logout/everywhere").status_code == 303
    assert other.get("/").status_code == 302
    assert ada.get("/").status_code == 200


def forms(client: FlaskClient, world: World) -> list[str]:
    adapter = world.app.url_map.bind("")
    rules = [rule for rule in world.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    return [adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "1"), method="POST") for rule in rules]


@pytest.mark.parametrize("proof", ["", "forged", "naïve"])
def test_no_form_is_taken_without_the_pages_own_proof(operator: Operator, world: World, proof: str) -> None:
    for path in forms(operator.client, world):
        assert operator.client.post(path, data={"csrf": proof}).status_code == 403, path
    assert operator.get("/").status_code == 200


def test_no_form_is_taken_from_another_site(operator: Operator, world: World) -> None:
    for path in forms(operator.client, world):
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert operator.client.post(path, data={"csrf": operator.csrf}, headers=headers).status_code == 403, path


def test_anothers_proof_proves_nothing(operator: Operator, world: World) -> None:
    ada = somebody(world, "Ada", "admin")
    assert operator.client.post("/logout", data={"csrf": ada.csrf}).status_code == 403
    assert world.app.test_client().post("/login", data={"csrf": ada.csrf}).status_code == 403


def test_a_log_in_of_any_size_is_not_read(world: World) -> None:
    client = world.app.test_client()
    assert client.post("/login", data={"name": "x" * LOGIN_LIMIT_BYTES}).status_code == 413


def test_whoever_asks_too_often_is_told_when_to_go_on(operator: Operator, world: World) -> None:
    held = operator.client.get_cookie("turnup_session")
    assert held is not None
    client = world.serve(per_s=1).test_client()
    client.set_cookie("turnup_session", held.value)
    answers = [client.get("/account") for _ in range(6)]
    assert answers[0].status_code == 200
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, "1")
    assert "At most 1 requests a second" in answers[-1].text


def test_a_fragment_asked_for_after_the_session_ended_sends_the_whole_page_to_the_login(world: World) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/instances/i?history=200"}
    answer = world.app.test_client().get("/instances/i/live", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/instances/i?history%3D200"


@pytest.mark.parametrize(
    ("site", "began"), [("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True), (None, True)]
)
def test_no_other_site_begins_a_log_in(tmp_path: Path, site: str | None, began: bool) -> None:
    """The provider is away: a log-in that begins says so."""
    world = World(tmp_path, provider=ProviderSettings(f"http://127.0.0.1:{free_port()}", "turnup", "x", {}, "Acme"))
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    answer = world.app.test_client().get("/login/provider?next=/tasks", headers=headers)
    world.close()
    assert answer.status_code == (502 if began else 302)
    assert began or answer.headers["Location"] == "/login?next=/tasks"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/\n/evil", "", None],
)
def test_a_login_leads_nowhere_but_to_this_server(target: str | None) -> None:
    assert local_path(target) == "/"


def test_a_login_leads_back_to_the_page_that_was_wanted(world: World) -> None:
    answer = log_in(world.app.test_client(), next="/incidents?process=activate")
    assert answer.headers["Location"] == "/incidents?process=activate"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_a_log_in_that_was_to_lead_elsewhere_leads_home(world: World, target: str) -> None:
    assert log_in(world.app.test_client(), next=target).headers["Location"] == "/"
    client = world.app.test_client()
    assert target not in client.get("/login", query_string={"next": target}).text


def test_every_page_forbids_scripts_and_everything_from_elsewhere(operator: Operator) -> None:
    for path in [*PAGES, "/login", "/nowhere"]:
        answer = operator.get(path, Accept="text/html")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert "<script>" not in answer.text
        assert "onclick" not in answer.text
        assert " style=" not in answer.text
