from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.clock import FixedClock
from app.core.errors import Conflict, InvalidInput
from app.identity import sessions, tokens, users
from app.identity.authority import read_grant
from app.identity.doors import Identity
from app.identity.login import LoginRefused, Visitor
from app.identity.passwords import LONGEST, Passwords, WeakPassword, made_up
from app.identity.users import LastAdmin, UnknownUser
from tests.factories.people import PASSWORD, add_user

HERE = Visitor("192.0.2.1", "a browser")


def test_a_user_is_found_whatever_the_case_of_the_name(identity: Identity) -> None:
    add_user(identity, "Grace", "operator", "lead@ftth")
    with identity.database.reading() as connection:
        grace = users.get(connection, "gRACE")
        assert (grace.name, list(map(str, grace.grants)), grace.created_by) == (
            "Grace",
            ["lead@ftth", "operator"],
            "tests",
        )
    with pytest.raises(Conflict, match="There is a user 'grace' already"):
        add_user(identity, "grace", "viewer")
    with identity.database.reading() as connection, pytest.raises(UnknownUser):
        users.get(connection, "ada")


@pytest.mark.parametrize("name", ["", "Grace Hopper", "<b>", "a\n", "x" * 65, "../etc"])
def test_a_name_is_fit_for_histories_and_log_lines(identity: Identity, name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name"):
        add_user(identity, name, "viewer")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "gracegrace12", "x" * 201])
def test_what_is_guessed_at_once_is_no_password(identity: Identity, password: str) -> None:
    with identity.database.transaction() as tx, pytest.raises(WeakPassword):
        identity.users.add(tx, "Grace", password, [], "tests")


@pytest.mark.parametrize("password", ["lower case alone", "пароль из слов", "💥 🐙 🦑 🐡 🦀 🐚 🪸 ", "four" + "words" * 39])
def test_a_password_is_of_whatever_characters(identity: Identity, password: str) -> None:
    with identity.database.transaction() as tx:
        identity.users.add(tx, "Grace", password, [], "tests")
    assert identity.login.enter("Grace", password, HERE)


def test_a_password_is_looked_at_as_a_whole(identity: Identity, clock: FixedClock) -> None:
    password = "Long Words " * 18 + " "
    assert len(password) == LONGEST - 1
    with identity.database.transaction() as tx:
        identity.users.add(tx, "Grace", password + "x", [], "tests")
    for other in (password, password + "X", password + "x ", password + "x" * 500, (password + "x").strip()[:-1]):
        with pytest.raises(LoginRefused):
            identity.login.enter("Grace", other, HERE)
        clock.advance(timedelta(hours=1))
    assert identity.login.enter("Grace", password + "x", HERE)


def test_a_password_holds_until_it_is_changed(identity: Identity, clock: FixedClock) -> None:
    add_user(identity, "Grace", "operator")
    clock.advance(timedelta(days=3650))
    assert identity.login.enter("Grace", PASSWORD, HERE)


def test_only_a_hash_of_a_password_is_stored_by_argon2id() -> None:
    passwords = Passwords()
    stored = passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.is_right(stored, PASSWORD)
    assert not passwords.is_right(stored, PASSWORD + " ")
    assert not passwords.is_right(None, PASSWORD)


def test_a_made_up_password_is_accepted_and_never_the_same() -> None:
    made = {made_up() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 22, "128 bits"


def test_the_first_admin_is_made_once(identity: Identity) -> None:
    with identity.database.transaction() as tx:
        assert identity.users.add_first(tx, PASSWORD)
        assert not identity.users.add_first(tx, "another one, please")
    assert identity.login.enter("admin", PASSWORD, HERE)
    with identity.database.reading() as connection:
        assert users.list_managers(connection) == ["admin"]


def test_the_last_admin_stays_one(identity: Identity) -> None:
    add_user(identity, "root", "admin")
    with identity.database.transaction() as tx, pytest.raises(LastAdmin):
        identity.users.grant(tx, "root", [read_grant("viewer")])
    add_user(identity, "ada", "admin")
    with identity.database.transaction() as tx:
        identity.users.disable(tx, "root")
    with pytest.raises(LastAdmin), identity.database.transaction() as tx:
        identity.users.disable(tx, "ada")
    with identity.database.reading() as connection:
        assert users.list_managers(connection) == ["ada"]


def test_a_disabled_user_has_no_session_no_login_and_no_token(identity: Identity) -> None:
    add_user(identity, "root", "admin")
    user_id = add_user(identity, "Grace", "operator")
    cookie = identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.transaction() as tx:
        grants, until = [read_grant("operator")], identity.clock.now() + tokens.LONGEST
        _, token = identity.tokens.issue(tx, tokens.NewToken("ci", grants, until, user_id), "Grace")
    with identity.database.transaction() as tx:
        identity.users.disable(tx, "grace")
    with identity.database.reading() as connection:
        assert identity.sessions.find(connection, cookie) is None
        with pytest.raises(tokens.TokenRevoked, match="is of a user who is disabled"):
            tokens.find(connection, token)
    with pytest.raises(LoginRefused):
        identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.transaction() as tx:
        identity.users.enable(tx, "grace")
    assert identity.login.enter("Grace", PASSWORD, HERE)


def test_another_password_ends_the_sessions_that_the_old_one_opened(identity: Identity) -> None:
    add_user(identity, "Grace", "operator")
    cookie = identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.transaction() as tx:
        identity.users.change_password(tx, "Grace", "another one, please")
    with identity.database.reading() as connection:
        assert identity.sessions.find(connection, cookie) is None
    with pytest.raises(LoginRefused):
        identity.login.enter("Grace", PASSWORD, HERE)
    assert identity.login.enter("Grace", "another one, please", HERE)


def test_a_role_holds_from_the_next_request_on(identity: Identity) -> None:
    add_user(identity, "root", "admin")
    add_user(identity, "Grace", "viewer")
    cookie = identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.transaction() as tx:
        identity.users.grant(tx, "Grace", [read_grant("lead@ftth")])
    with identity.database.reading() as connection:
        found = identity.sessions.find(connection, cookie)
    assert found is not None
    assert list(map(str, found.person.authority.grants)) == ["lead@ftth"]


def test_whom_a_provider_knows_is_known_by_the_subject_whatever_the_name(identity: Identity) -> None:
    grants = [read_grant("operator")]
    with identity.database.transaction() as tx:
        grace = identity.users.let_in(tx, "https://id.example 1", "grace", grants, "Acme")
        assert identity.users.let_in(tx, "https://id.example 1", "grace.hopper", grants, "Acme") == grace
        assert identity.users.let_in(tx, "https://id.example 2", "ada", grants, "Acme") != grace
        with pytest.raises(Conflict, match="There is a user 'grace' already"):
            identity.users.let_in(tx, "https://id.example 3", "grace", grants, "Acme")


def test_a_dated_hash_is_renewed_at_the_next_login(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    add_user(identity, "Grace", "operator")
    hashes = set()
    for dated in (False, True, False):
        monkeypatch.setattr(Passwords, "is_dated", lambda *_, dated=dated: dated)
        identity.login.enter("Grace", PASSWORD, HERE)
        with identity.database.reading() as connection:
            hashes.add(connection.exec_driver_sql("SELECT password_hash FROM user_account").scalar_one())
    assert len(hashes) == 2


def test_the_proof_of_a_form_is_not_the_cookie() -> None:
    assert sessions.proof_of("cookie") not in ("cookie", tokens.digest_of("cookie"))
