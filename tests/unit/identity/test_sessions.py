from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.identity import doors
from app.identity.doors import Identity
from app.identity.login import Visitor
from app.identity.tables import user_session
from tests.factories.people import PASSWORD, add_user

HERE = Visitor("192.0.2.1", "a browser")


@pytest.fixture
def cookie(identity: Identity) -> str:
    add_user(identity, "Grace", "operator")
    return identity.login.enter("Grace", PASSWORD, HERE)


def whose(identity: Identity, cookie: str) -> str | None:
    with identity.database.reading() as connection:
        found = identity.sessions.find(connection, cookie)
    return None if found is None else found.person.name


def test_a_session_is_whose_it_is_and_a_made_up_one_nobodys(identity: Identity, cookie: str) -> None:
    assert whose(identity, cookie) == "Grace"
    assert whose(identity, cookie[:-1] + "_") is None
    assert whose(identity, "") is None


def test_the_database_holds_nothing_that_a_thief_could_send(identity: Identity, cookie: str) -> None:
    with identity.database.reading() as connection:
        stored = connection.execute(sa.select(user_session)).one()
    assert cookie not in map(str, stored)
    assert whose(identity, stored.digest) is None


def test_every_login_is_a_session_of_its_own(identity: Identity, cookie: str) -> None:
    assert identity.login.enter("Grace", PASSWORD, HERE) != cookie
    assert len(cookie) == 43, "256 bits"


def test_a_session_that_nobody_uses_is_over(identity: Identity, cookie: str, clock: FixedClock) -> None:
    clock.advance(doors.IDLE - timedelta(seconds=1))
    assert whose(identity, cookie) == "Grace"
    clock.advance(timedelta(seconds=1))
    assert whose(identity, cookie) is None


def test_a_session_that_is_used_is_over_when_its_time_is(identity: Identity, cookie: str, clock: FixedClock) -> None:
    until = clock.now() + doors.LONGEST
    while clock.now() + timedelta(minutes=30) < until:
        clock.advance(timedelta(minutes=30))
        assert whose(identity, cookie) == "Grace"
        with identity.database.transaction() as tx:
            identity.sessions.note_use(tx, cookie)
    clock.advance(timedelta(minutes=30))
    assert whose(identity, cookie) is None


def test_use_is_noted_once_a_minute(identity: Identity, cookie: str, clock: FixedClock) -> None:
    def is_due() -> bool:
        with identity.database.reading() as connection:
            found = identity.sessions.find(connection, cookie)
        assert found is not None
        return found.is_due

    assert not is_due()
    clock.advance(timedelta(seconds=60))
    assert is_due()
    with identity.database.transaction() as tx:
        identity.sessions.note_use(tx, cookie)
    assert not is_due()


def test_a_closed_session_is_over_and_others_are_not(identity: Identity, cookie: str) -> None:
    other = identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.transaction() as tx:
        identity.sessions.close(tx, cookie)
    assert (whose(identity, cookie), whose(identity, other)) == (None, "Grace")


def test_logging_out_everywhere_leaves_others_alone(identity: Identity, cookie: str) -> None:
    user_id = add_user(identity, "Ada", "operator")
    others = identity.login.enter("Ada", PASSWORD, HERE)
    mine = identity.login.enter("Grace", PASSWORD, Visitor("192.0.2.2", "another browser"))
    with identity.database.reading() as connection:
        grace = identity.sessions.find(connection, mine)
        assert grace is not None
        listed = identity.sessions.list_of(connection, str(grace.person.user_id), mine)
    assert {(each.address, each.here) for each in listed} == {("192.0.2.1", False), ("192.0.2.2", True)}
    with identity.database.transaction() as tx:
        identity.sessions.close_all(tx, str(grace.person.user_id))
    assert (whose(identity, cookie), whose(identity, mine), whose(identity, others)) == (None, None, "Ada")
    assert user_id != grace.person.user_id


def test_sessions_that_are_over_are_swept_at_the_next_login(identity: Identity, cookie: str, clock: FixedClock) -> None:
    clock.advance(doors.IDLE)
    identity.login.enter("Grace", PASSWORD, HERE)
    with identity.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(user_session)).scalar_one() == 1
