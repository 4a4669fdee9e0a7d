"""Log-in by a real OpenID provider: npm's oidc-provider, in a process of its own."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa

from app.core.clock import SystemClock
from app.identity import users
from app.identity.authority import Grant
from app.identity.provider import ProviderSettings
from app.identity.tables import login_visit, user_session
from tests.factories import wires
from tests.factories.dashboards import World
from tests.factories.labs import serving
from tests.factories.people import PASSWORD, add_user
from tests.factories.servers import free_port

OIDC = Path(__file__).parents[1] / "oidc"
ROLES = {"noc": [Grant("operator")], "ops": [Grant("lead", "activate"), Grant("viewer")]}
BACK = "/login/provider/back"


@dataclass
class Site:
    world: World
    url: str
    issuer: str

    opened: ExitStack

    def browser(self) -> httpx.Client:
        client = wires.Client(base_url=self.url, follow_redirects=False, timeout=20)
        return self.opened.enter_context(client)

    def grants(self, name: str) -> list[str]:
        with self.world.database.reading() as connection:
            return list(map(str, users.get(connection, name).grants))


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def issuer(ports: tuple[int, int]) -> Iterator[str]:
    assert (OIDC / "node_modules").exists(), "The provider is not installed: make test does it, or npm ci in tests/oidc"
    node = shutil.which("node", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    assert node
    command = [node, "provider.mjs", str(ports[0]), f"http://127.0.0.1:{ports[1]}{BACK}"]
    with subprocess.Popen(command, cwd=OIDC, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout is not None
        said = ""
        while "listening" not in said:
            line = child.stdout.readline()
            assert line, said
            said += line
        yield f"http://127.0.0.1:{ports[0]}"
        child.terminate()


@pytest.fixture
def site(tmp_path: Path, issuer: str, ports: tuple[int, int]) -> Iterator[Site]:
    settings = ProviderSettings(issuer, "turnup", "a-secret-of-the-tests", ROLES, "Acme")
    world = World(tmp_path, SystemClock(), settings)
    with serving(world.app, port=ports[1]) as url, ExitStack() as opened:
        yield Site(world, url, issuer, opened)
    world.close()


def go_to(browser: httpx.Client, url: str, until_path: str, **form: str) -> httpx.Response:
    """Follows redirects, and fills in the provider's forms, until one leads to that path of ours; that one is not asked for."""
    answer = browser.get(url)
    for _ in range(20):
        if answer.is_redirect:
            url = str(answer.url.join(answer.headers["Location"]))
            if urlsplit(url).path == until_path:
                return answer
            answer = browser.get(url)
            continue
        action = re.search(r'<form[^>]+action="([^"]+)"', answer.text)
        assert action, answer.text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
        answer = browser.post(str(answer.url.join(html.unescape(action[1]))), data={**hidden, **form})
    raise AssertionError(answer.text)


def come_back(browser: httpx.Client, who: str, wanted: str = "/") -> str:
    """The address to which the provider sends whoever has logged in there."""
    answer = go_to(browser, f"/login/provider?next={wanted}", BACK, login=who, password="any")
    return str(answer.url.join(answer.headers["Location"]))


def log_in(site: Site, who: str, wanted: str = "/") -> tuple[httpx.Client, httpx.Response]:
    browser = site.browser()
    return browser, browser.get(come_back(browser, who, wanted))


def test_somebody_new_is_let_in_with_the_roles_of_their_groups_and_led_where_they_wanted(site: Site) -> None:
    browser, answer = log_in(site, "ada:noc,cooks", "/incidents")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents")
    page = browser.get("/incidents")
    assert page.status_code == 200
    assert ">ada</summary>" in page.text
    assert site.grants("ada") == ["operator"]
    assert "Password" not in browser.get("/account").text


def test_groups_decide_at_each_log_in_anew(site: Site) -> None:
    settings = site.world.identity.provider_login
    assert settings is not None
    log_in(site, "bob:noc,ops")
    assert site.grants("bob") == ["lead@activate", "operator", "viewer"]
    settings.provider.settings = ProviderSettings(site.issuer, "turnup", "a-secret-of-the-tests", {"ops": ROLES["ops"]})
    log_in(site, "bob:noc,ops")
    assert site.grants("bob") == ["lead@activate", "viewer"]


def test_whoever_has_no_group_with_a_role_is_told_so_and_stays_out(site: Site) -> None:
    browser, answer = log_in(site, "eve:cooks")
    assert answer.status_code == 403
    assert "Acme knows you as eve, and you may do nothing here" in answer.text
    assert browser.get("/").status_code == 302
    with site.world.database.reading() as connection:
        assert users.find_by_name(connection, "eve") is None


def test_a_user_who_is_disabled_stays_out(site: Site) -> None:
    log_in(site, "carl:noc")
    with site.world.database.transaction() as tx:
        site.world.identity.users.disable(tx, "carl")
    assert log_in(site, "carl:noc")[1].status_code == 403


def test_a_provider_takes_no_account_over_that_has_a_password(site: Site) -> None:
    add_user(site.world.identity, "dora", "admin")
    _, answer = log_in(site, "dora:noc")
    assert answer.status_code == 403
    assert site.grants("dora") == ["admin"]


def test_a_provided_user_has_no_password_to_guess_or_reset(site: Site) -> None:
    log_in(site, "finn:noc")
    browser = site.browser()
    csrf = re.search(r'name="csrf" value="(\w+)"', browser.get("/login").text)
    assert csrf
    for password in ("", PASSWORD):
        form = {"csrf": csrf[1], "name": "finn", "password": password}
        assert browser.post("/login", data=form).status_code == 401


def test_the_provider_is_asked_with_pkce_a_state_and_a_nonce(site: Site) -> None:
    location = site.browser().get("/login/provider").headers["Location"]
    asked = {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["state"]
    assert asked["nonce"]
    with site.world.database.reading() as connection:
        row = connection.execute(sa.select(login_visit)).first()
    assert row is not None
    assert row.verifier not in location
    assert asked["state"] not in map(str, row)


def test_an_answer_is_taken_once(site: Site) -> None:
    browser = site.browser()
    address = come_back(browser, "gina:noc")
    assert browser.get(address).status_code == 303
    again = browser.get(address)
    assert again.status_code == 403
    assert "not begun in this browser" in again.text


def test_an_answer_for_another_browser_is_refused(site: Site) -> None:
    """Somebody is not to be logged in as somebody else by a link."""
    address = come_back(site.browser(), "mallory:noc")
    victim = site.browser()
    victim.get("/login")
    assert victim.get(address).status_code == 403
    assert victim.get("/").status_code == 302


@pytest.mark.parametrize(
    ("column", "told"),
    [("nonce", "is not right"), ("verifier", "takes the code for nothing"), ("redirect_uri", "takes the code for nothing")],
)
def test_an_answer_that_does_not_belong_to_what_was_asked_is_refused(site: Site, column: str, told: str) -> None:
    browser = site.browser()
    address = come_back(browser, "hugo:noc")
    with site.world.database.transaction() as tx:
        tx.connection.execute(sa.update(login_visit).values({column: "x" * 43}))
    answer = browser.get(address)
    assert answer.status_code == 403
    assert told in answer.text
    with site.world.database.reading() as connection:
        assert connection.execute(sa.select(user_session)).first() is None


def test_a_code_that_was_made_up_is_refused(site: Site) -> None:
    browser = site.browser()
    address = re.sub(r"code=[^&]+", "code=guess", come_back(browser, "ivan:noc"))
    assert browser.get(address).status_code == 403


def test_an_answer_of_another_provider_is_refused(site: Site) -> None:
    browser = site.browser()
    address = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", come_back(browser, "jane:noc"))
    assert "Another provider answered" in browser.get(address).text


def test_a_log_in_that_the_provider_refuses_is_told(site: Site) -> None:
    browser = site.browser()
    state = parse_qs(urlsplit(browser.get("/login/provider").headers["Location"]).query)["state"][0]
    answer = browser.get(BACK, params={"state": state, "error": "access_denied", "error_description": "<b>No</b>"})
    assert answer.status_code == 403
    assert "Acme did not let you in: &lt;b&gt;No&lt;/b&gt;" in answer.text


def test_a_log_in_leads_nowhere_but_to_this_server(site: Site) -> None:
    _, answer = log_in(site, "kurt:noc", "https://evil.example/")
    assert answer.headers["Location"] == "/"


def test_the_log_in_page_offers_the_provider_and_stays_for_those_with_a_password(site: Site) -> None:
    page = site.browser().get("/login?next=/tasks").text
    assert "Log in with Acme" in page
    assert "/login/provider?next=/tasks" in page
    assert 'name="password"' in page


def test_a_provider_that_is_away_is_told_and_others_log_in(tmp_path: Path) -> None:
    away = ProviderSettings(f"http://127.0.0.1:{free_port()}", "turnup", "x", ROLES, "Acme")
    world = World(tmp_path, SystemClock(), away)
    client = world.app.test_client()
    answer = client.get("/login/provider")
    assert answer.status_code == 502
    assert "does not answer as it should" in answer.text
    assert client.get("/login").status_code == 200
    world.close()


def test_without_a_provider_there_is_no_such_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.app.test_client().get("/login/provider").status_code == 404
    assert "Log in with" not in world.app.test_client().get("/login").text
    world.close()
