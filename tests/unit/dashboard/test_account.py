"""One's own account, and what admins do about others'."""

from __future__ import annotations

import re

import pytest

from app.identity import tokens, users
from app.identity.permissions import Permission
from tests.factories.dashboards import World
from tests.factories.people import PASSWORD
from tests.unit.dashboard.conftest import Operator, log_in, somebody


def secret(page: str) -> str:
    found = re.search(r'<pre class="secret"><code>([^<]+)<', page)
    assert found
    return found[1]


def grants_of(world: World, name: str) -> list[str]:
    with world.database.reading() as connection:
        return list(map(str, users.get(connection, name).grants))


def test_an_account_says_what_one_may_do(world: World) -> None:
    page = somebody(world, "Ada", "viewer", "operator@activate").get("/account").text
    assert "try a step that fell out again" in page
    assert "in activate" in page
    assert "manage users" not in page
    assert "this one" in page


def test_a_token_is_shown_once_and_acts_in_ones_name(world: World) -> None:
    ada = somebody(world, "Ada", "operator")
    form = {"name": "nightly", "grants": "viewer, incident.retry", "days": "30"}
    token = secret(ada.post("/account/tokens", form).text)
    page = ada.get("/account").text
    assert "nightly" in page
    assert token not in page
    with world.database.reading() as connection:
        person = tokens.find(connection, token).person
    assert (person.name, person.may(Permission.RETRY_INCIDENT), person.may(Permission.SKIP_INCIDENT)) == ("Ada", True, False)


def test_a_token_that_asks_for_more_than_its_owner_has_gets_no_more(world: World) -> None:
    ada = somebody(world, "Ada", "viewer")
    token = secret(ada.post("/account/tokens", {"name": "root", "grants": "admin", "days": "7"}).text)
    with world.database.reading() as connection:
        assert not tokens.find(connection, token).person.may(Permission.MANAGE_USERS)


@pytest.mark.parametrize("form", [{"grants": "boss"}, {"grants": ""}, {"days": "1000"}, {"name": "<b>"}])
def test_a_token_that_cannot_be_is_refused(operator: Operator, form: dict[str, str]) -> None:
    answer = operator.post("/account/tokens", {"name": "ci", "grants": "viewer", "days": "7", **form})
    assert answer.status_code == 400


def test_one_revokes_ones_own_tokens_and_nobody_elses(world: World, operator: Operator) -> None:
    ada = somebody(world, "Ada", "viewer")
    operator.post("/account/tokens", {"name": "ci", "grants": "viewer", "days": "7"})
    with world.database.reading() as connection:
        (token,) = tokens.list_tokens(connection)
    assert ada.post(f"/account/tokens/{token.id}/revoke").status_code == 404
    assert operator.post(f"/account/tokens/{token.id}/revoke").status_code == 303
    assert "revoked" in operator.get("/account").text


def test_a_password_is_changed_by_whoever_knows_it_and_ends_every_session(world: World, operator: Operator) -> None:
    form = {"old": PASSWORD, "password": "quite another one", "again": "quite another one"}
    wrong = operator.post("/account/password", {**form, "old": "guess"})
    assert wrong.status_code == 400
    assert operator.post("/account/password", {**form, "again": "differently"}).status_code == 400
    assert operator.post("/account/password", {**form, "password": "short", "again": "short"}).status_code == 400
    assert operator.get("/").status_code == 200
    assert operator.post("/account/password", form).status_code == 303
    assert operator.get("/").status_code == 302
    assert log_in(world.app.test_client()).status_code == 401
    assert log_in(world.app.test_client(), password="quite another one").status_code == 303


def test_passwords_are_typed_unseen_and_managers_know_which(world: World, operator: Operator) -> None:
    pages = (world.app.test_client().get("/login").text, operator.get("/account").text)
    fields = [field for page in pages for field in re.findall(r"<input[^>]*>", page) if re.search(r'name="(password|old|again)"', field)]
    assert all('type="password"' in field for field in fields)
    kinds = [found[0] for field in fields if (found := re.search("(current|new)-password", field))]
    assert kinds == ["current-password", "current-password", "new-password", "new-password"]


def test_an_admin_adds_a_user_with_a_password_that_is_shown_once(world: World, operator: Operator) -> None:
    page = operator.post("/users", {"name": "ada", "grants": "operator, lead@activate"}).text
    client = world.app.test_client()
    assert log_in(client, "ada", secret(page)).status_code == 303
    assert secret(page) not in operator.get("/users").text
    assert grants_of(world, "ada") == ["lead@activate", "operator"]
    assert operator.post("/users", {"name": "ada", "grants": ""}).status_code == 409


def test_an_admin_gives_roles_resets_a_password_and_shuts_somebody_out(world: World, operator: Operator) -> None:
    ada = somebody(world, "Ada", "viewer")
    assert operator.post("/users/Ada/grants", {"grants": "lead"}).status_code == 303
    assert grants_of(world, "Ada") == ["lead"]
    assert operator.post("/users/Ada/grants", {"grants": "instance.start"}).status_code == 400
    new = secret(operator.post("/users/Ada/password").text)
    assert ada.get("/").status_code == 302
    assert log_in(world.app.test_client(), "Ada", new).status_code == 303
    assert operator.post("/users/Ada/disable").status_code == 303
    assert log_in(world.app.test_client(), "Ada", new).status_code == 401
    assert operator.post("/users/Ada/enable").status_code == 303
    assert log_in(world.app.test_client(), "Ada", new).status_code == 303


def test_an_admin_revokes_anybodys_token(world: World, operator: Operator) -> None:
    somebody(world, "Ada", "viewer").post("/account/tokens", {"name": "adas", "grants": "viewer", "days": "7"})
    assert "adas" in operator.get("/users").text
    with world.database.reading() as connection:
        (token,) = tokens.list_tokens(connection)
    assert operator.post(f"/tokens/{token.id}/revoke").status_code == 303
    with world.database.reading() as connection:
        assert tokens.list_tokens(connection)[0].revoked_at is not None


def test_the_last_admin_cannot_shut_everybody_out(world: World, operator: Operator) -> None:
    for path, form in (("/users/Grace/disable", {}), ("/users/Grace/grants", {"grants": "viewer"})):
        answer = operator.post(path, form)
        assert answer.status_code == 409
        assert "Make another user admin first" in answer.text
    assert operator.get("/users").status_code == 200


def test_what_one_may_not_do_is_named_with_whom_to_ask(world: World) -> None:
    ada = somebody(world, "Ada", "viewer")
    answer = ada.get("/users")
    assert answer.status_code == 403
    assert "user.manage" in answer.text
    assert "Ada has: viewer" in answer.text
    assert "Ask <strong>Grace</strong> for it" in answer.text
    assert "user.manage" in ada.post("/users", {"name": "x"}, htmx=True).text


def test_whoever_may_do_nothing_yet_is_told_so(world: World) -> None:
    nobody = somebody(world, "nobody")
    answer = nobody.get("/")
    assert answer.status_code == 403
    assert "nobody has: nothing" in answer.text
    assert nobody.get("/account").status_code == 200


def test_a_page_offers_what_one_may_do(world: World, operator: Operator) -> None:
    world.olt.refuse[""] = "port_taken"
    instance_id = world.start("ORD-1")
    world.work()
    assert "Correct and retry" in operator.get(f"/instances/{instance_id}").text
    page = somebody(world, "Ada", "viewer").get(f"/instances/{instance_id}").text
    assert "Correct and retry" not in page
    assert "settling it takes the role operator" in page
    assert 'type="file"' in operator.get("/processes").text
    assert 'type="file"' not in somebody(world, "Eve", "viewer").get("/processes").text


def test_what_is_done_stands_in_the_name_of_the_session_whatever_a_form_says(world: World) -> None:
    world.olt.refuse[""] = "port_taken"
    world.start("ORD-1")
    world.work()
    ada = somebody(world, "Ada", "operator")
    incident = re.search(r'id="incident-([^"]+)"', ada.get(ada_instance(ada)).text)
    assert incident
    ada.post(f"/incidents/{incident[1]}/retry", {"reason": "again", "by": "Grace", "operator": "Grace"})
    page = ada.get(ada_instance(ada)).text
    assert "Ada," in page
    assert "Grace" not in page


def ada_instance(ada: Operator) -> str:
    found = re.search(r'href="(/instances/[^"]+)"', ada.get("/instances").text)
    assert found
    return found[1]


def test_a_grant_for_one_process_shows_and_opens_that_one(world: World) -> None:
    mine = world.start("ORD-1")
    ada = somebody(world, "Ada", "operator@other")
    assert "/instances/" not in ada.get("/instances").text
    assert ada.get(f"/instances/{mine}").status_code == 403
    assert ada.get(f"/instances/{mine}/facts.json").status_code == 403
    assert ada.get("/processes/activate/1/diagram.bpmn").status_code == 403
    assert "Activate" not in ada.get("/processes").text
    assert mine in somebody(world, "Eve", "operator@activate").get("/instances").text
