"""Grants come to permissions, everywhere or in some processes."""

from __future__ import annotations

import pytest

from app.core.errors import InvalidInput
from app.identity.authority import Authority, Grant, MissingPermission, Person, read_grant
from app.identity.permissions import IN_WORDS, ROLES, Permission, Role, roles_with


def authority(*grants: str) -> Authority:
    return Authority(map(read_grant, grants))


def test_every_permission_is_in_words_and_every_role_has_some() -> None:
    assert set(IN_WORDS) == set(Permission)
    assert set(ROLES) == set(Role)
    assert all(ROLES.values())


def test_an_admin_may_do_everything_and_nobody_else_manages_users() -> None:
    assert ROLES[Role.ADMIN] == frozenset(Permission)
    assert roles_with(Permission.MANAGE_USERS) == [Role.ADMIN]


def test_a_viewer_changes_nothing() -> None:
    assert {str(each).partition(".")[2] for each in ROLES[Role.VIEWER]} == {"read", "own"}


def test_grants_add_up_to_the_wider_reach() -> None:
    made = authority("viewer", "operator@ftth", "operator@voice")
    assert made.reach(Permission.READ_INSTANCES) is None
    assert made.reach(Permission.RETRY_INCIDENT) == {"ftth", "voice"}
    assert made.reach(Permission.MANAGE_USERS) == frozenset()
    assert not made.permits(Permission.MANAGE_USERS)


def test_what_concerns_every_process_is_not_given_by_a_grant_for_one() -> None:
    made = authority("admin@ftth")
    assert made.reach(Permission.SUSPEND_PROCESS) == {"ftth"}
    assert not made.permits(Permission.MANAGE_USERS)
    assert not made.permits(Permission.SEND_MESSAGE)


def test_a_users_token_reaches_no_further_than_the_user() -> None:
    owner = authority("viewer", "operator@ftth")
    assert authority("admin").within(owner).reach(Permission.RETRY_INCIDENT) == {"ftth"}
    assert authority("operator@voice").within(owner).permits(Permission.RETRY_INCIDENT) is False
    assert authority("operator@voice").within(owner).reach(Permission.READ_INSTANCES) == {"voice"}
    assert authority("instance.read").within(owner).reach(Permission.READ_JOBS) == frozenset()


def test_a_missing_permission_says_which_and_who_has_it() -> None:
    grace = Person("Grace", authority("viewer", "operator@ftth"))
    grace.require(Permission.RETRY_INCIDENT, "ftth")
    with pytest.raises(MissingPermission, match=r"needs the permission incident.retry for process 'voice'") as found:
        grace.require(Permission.RETRY_INCIDENT, "voice")
    assert "Grace has: operator@ftth, viewer. It comes with the role operator, the role lead or" in found.value.message
    assert found.value.facts == {
        "permission": "incident.retry",
        "granted": ["operator@ftth", "viewer"],
        "process_id": "voice",
    }
    with pytest.raises(MissingPermission, match="for every process"):
        grace.require(Permission.RETRY_INCIDENT, None)
    with pytest.raises(MissingPermission, match=r"needs the permission user.manage: to manage users"):
        grace.require_some(Permission.MANAGE_USERS)


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("operator", Grant("operator")),
        (" lead@ftth_activate ", Grant("lead", "ftth_activate")),
        ("instance.start@ftth", Grant("instance.start", "ftth")),
    ],
)
def test_a_grant_is_read_and_written_alike(text: str, grant: Grant) -> None:
    assert read_grant(text) == grant
    assert str(grant) == text.strip()


@pytest.mark.parametrize("text", ["", "boss", "Operator", "user.manage@ftth", "message.send@ftth"])
def test_what_is_no_grant_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_grant(text)


def test_a_user_has_roles_and_no_single_permissions() -> None:
    with pytest.raises(InvalidInput, match="Known are: viewer, operator"):
        read_grant("instance.start", roles_only=True)


def test_a_permission_of_another_version_gives_nothing() -> None:
    assert not Authority([Grant("order.submit")]).permits(Permission.START_INSTANCE)
