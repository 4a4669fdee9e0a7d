from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from app.core.clock import FixedClock
from app.core.errors import InvalidInput
from app.identity import tokens
from app.identity.authority import read_grant
from app.identity.doors import Identity
from app.identity.permissions import Permission
from app.identity.tables import api_token
from app.identity.tokens import Known, NewToken, TokenExpired, TokenRevoked, TokenWrong, UnknownToken
from tests.factories.people import add_user


def issue(identity: Identity, *grants: str, user_id: str | None = None, days: float = 30) -> tuple[str, str]:
    until = identity.clock.now() + timedelta(days=days)
    with identity.database.transaction() as tx:
        return identity.tokens.issue(tx, NewToken("crm", list(map(read_grant, grants)), until, user_id), "root")


def find(identity: Identity, token: str) -> Known:
    with identity.database.reading() as connection:
        known = tokens.find(connection, token)
    tokens.check_time(known, identity.clock.now())
    return known


def test_a_systems_token_acts_in_its_own_name(identity: Identity) -> None:
    token_id, token = issue(identity, "integrator")
    person = find(identity, token).person
    assert (person.name, person.kind, person.user_id, person.token_id) == ("crm", "token", None, token_id)
    assert person.may(Permission.START_INSTANCE)
    assert not person.may(Permission.RETRY_INCIDENT)


def test_a_users_token_acts_in_their_name_and_reaches_no_further(identity: Identity) -> None:
    user_id = add_user(identity, "Grace", "operator@ftth")
    person = find(identity, issue(identity, "admin", user_id=user_id)[1]).person
    assert (person.name, person.user_id) == ("Grace", user_id)
    assert person.authority.reach(Permission.RETRY_INCIDENT) == {"ftth"}
    assert not person.may(Permission.MANAGE_USERS)


def test_a_token_may_have_a_single_permission(identity: Identity) -> None:
    person = find(identity, issue(identity, "instance.start@ftth")[1]).person
    assert person.may(Permission.START_INSTANCE, "ftth")
    assert not person.may(Permission.START_INSTANCE, "voice")
    assert not person.may(Permission.READ_INSTANCES)


def test_only_a_digest_of_a_token_is_stored(identity: Identity) -> None:
    _, token = issue(identity, "integrator")
    assert token.startswith("turnup_")
    assert len(token) == len("turnup_") + 43
    with identity.database.reading() as connection:
        stored = " ".join(map(str, connection.execute(sa.select(api_token)).one()))
        listed = tokens.list_tokens(connection)
    assert token not in stored
    assert token not in str(listed)


@pytest.mark.parametrize("sent", ["", "x", "turnup_", "naïve"])
def test_a_wrong_token_is_nobodys(identity: Identity, sent: str) -> None:
    issue(identity, "integrator")
    with pytest.raises(TokenWrong):
        find(identity, sent)


def test_a_token_opens_nothing_from_the_moment_it_expires(identity: Identity, clock: FixedClock) -> None:
    _, token = issue(identity, "integrator", days=1)
    clock.advance(timedelta(days=1, seconds=-1))
    assert find(identity, token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired, match="expired at 2026-03-03T12:00:00Z"):
        find(identity, token)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_every_token_expires_within_a_year(identity: Identity, days: int) -> None:
    with pytest.raises(InvalidInput, match="at most 366 days"):
        issue(identity, "integrator", days=days)


def test_a_token_that_may_do_nothing_is_not_made(identity: Identity) -> None:
    with pytest.raises(InvalidInput, match="may do nothing"):
        issue(identity)


def test_a_revoked_token_opens_nothing_and_stays_listed(identity: Identity, clock: FixedClock) -> None:
    token_id, token = issue(identity, "integrator")
    for _ in range(2):
        with identity.database.transaction() as tx:
            identity.tokens.revoke(tx, token_id)
        clock.advance(timedelta(hours=1))
    with pytest.raises(TokenRevoked, match="The token 'crm' was revoked"):
        find(identity, token)
    with identity.database.reading() as connection:
        (listed,) = tokens.list_tokens(connection)
    assert listed.revoked_at == clock.now() - timedelta(hours=2)


def test_nobody_revokes_anothers_token_as_their_own(identity: Identity) -> None:
    mine, theirs = add_user(identity, "Grace", "viewer"), add_user(identity, "Ada", "viewer")
    token_id, token = issue(identity, "viewer", user_id=theirs)
    with identity.database.transaction() as tx, pytest.raises(UnknownToken):
        identity.tokens.revoke(tx, token_id, mine)
    assert find(identity, token)


def test_the_last_use_is_known_to_the_minute(identity: Identity, clock: FixedClock) -> None:
    token_id, token = issue(identity, "integrator")
    assert find(identity, token).used_at is None
    noon = clock.now()
    for seconds in (0, 59, 1):
        clock.advance(timedelta(seconds=seconds))
        with identity.database.transaction() as tx:
            identity.tokens.note_use(tx, token_id)
        assert find(identity, token).used_at == (noon if clock.now() - noon < timedelta(minutes=1) else clock.now())


def test_a_token_is_found_by_one_statement(identity: Identity) -> None:
    user_id = add_user(identity, "Grace", "operator")
    _, token = issue(identity, "operator", user_id=user_id)
    said: list[str] = []
    with identity.database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *asked: said.append(asked[2]))
        tokens.find(connection, token)
    assert len(said) == 1


@pytest.mark.parametrize("token_id", ["gone", "", "\x00", "x" * 500])
def test_a_token_that_is_not_there_is_not_revoked(identity: Identity, token_id: str) -> None:
    with identity.database.transaction() as tx, pytest.raises(UnknownToken):
        identity.tokens.revoke(tx, token_id)
