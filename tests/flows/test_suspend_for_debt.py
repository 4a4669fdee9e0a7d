"""processes/service/suspend_for_debt.bpmn: a warning, a grace, and what the rule says is suspended after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.shipped import Shipped, shipped

pytestmark = pytest.mark.by_turns

NUMBER = "+442079460000"
SIP_USER = f"{NUMBER}@ims.example.net"
ORDER: dict[str, Any] = {
    "order_id": "DEBT-1",
    "customer": {"name": "A. Lindqvist"},
    "account": "ACC-1",
    "owed_cents": 4200,
    "days_overdue": 50,
    "subscriber": "ftth-H0101",
    "subscription_id": "sub-H0101",
    "sip_user": SIP_USER,
}


@pytest.fixture
def debts(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    """A customer of the laboratory's, who has a telephone as well."""
    with shipped(database, clock, tmp_path) as made:
        made.deploy_shipped("suspend_for_debt")
        phone = {"order_id": "H0101", "number": NUMBER, "customer": "A. Lindqvist"}
        for path in ("reservations", "accounts"):
            made.lab.client.post(f"/voice/{path}", json=phone).raise_for_status()
        yield made


def begin(debts: Shipped, **changes: Any) -> str:
    return debts.begin("suspend_for_debt", **{**ORDER, **changes})


def states(debts: Shipped) -> tuple[str, str, str]:
    """Of the telephone, of the line and of the bills."""
    read = debts.lab.client.get
    return (
        read(f"/voice/accounts/{SIP_USER}").json()["barring"],
        read("/aaa/subscribers/ftth-H0101").json()["state"],
        read("/billing/subscriptions/H0101").json()["state"],
    )


def pay(debts: Shipped, paid_cents: int) -> None:
    debts.lab.client.post("/billing/payments", json={"account": "ACC-1", "paid_cents": paid_cents}).raise_for_status()


def test_who_does_not_pay_is_warned_reminded_and_suspended(debts: Shipped) -> None:
    instance_id = begin(debts)
    assert debts.told("DEBT-1") == ["debt_notice"]
    debts.later(instance_id, days=6.9)
    assert debts.told("DEBT-1") == ["debt_notice"]
    debts.later(instance_id, days=0.1)
    assert debts.told("DEBT-1") == ["debt_notice", "debt_reminder"]
    debts.later(instance_id, days=6.9)
    assert states(debts) == ("none", "active", "active"), "the grace is not over"
    debts.later(instance_id, days=0.1)
    assert debts.state(instance_id) == "completed"
    assert states(debts) == ("all", "suspended", "suspended")
    assert debts.told("DEBT-1")[-1] == "service_suspended"
    assert debts.came_by(instance_id) >= {"suspended"}


@pytest.mark.parametrize(
    ("changes", "scope", "grace"),
    [
        ({"owed_cents": 1999}, "nothing", "PT0S"),
        ({"days_overdue": 44}, "outgoing_calls", "P14D"),
        ({"days_overdue": 45}, "everything", "P14D"),
        ({"customer": {"name": "Acme", "segment": "business"}, "owed_cents": 49999}, "nothing", "PT0S"),
        (
            {"customer": {"name": "Acme", "segment": "business"}, "owed_cents": 50000, "days_overdue": 59},
            "outgoing_calls",
            "P28D",
        ),
        (
            {"customer": {"name": "Acme", "segment": "business"}, "owed_cents": 50000, "days_overdue": 60},
            "everything",
            "P28D",
        ),
    ],
)
def test_the_rule_says_what_is_suspended_and_when(
    debts: Shipped, changes: dict[str, Any], scope: str, grace: str
) -> None:
    instance_id = begin(debts, **changes)
    assert debts.variables(instance_id)["measure"] == {"scope": scope, "grace": grace}
    assert ("left_alone" in debts.came_by(instance_id)) == (scope == "nothing")


def test_only_calls_are_barred_where_that_is_enough(debts: Shipped) -> None:
    instance_id = begin(debts, days_overdue=30)
    debts.later(instance_id, days=14)
    assert states(debts) == ("outgoing", "active", "active")
    assert debts.came_by(instance_id) >= {"suspended"}


def test_who_pays_in_time_is_thanked(debts: Shipped) -> None:
    debts.lab.fault("customer_pays", {"account": "ACC-1"})
    instance_id = begin(debts)
    assert debts.listen(instance_id, seconds=3) == ["payment_received"]
    assert debts.came_by(instance_id) >= {"paid_in_time"}
    assert states(debts) == ("none", "active", "active")
    assert debts.told("DEBT-1") == ["debt_notice", "debt_paid"]


def test_a_part_is_not_enough(debts: Shipped) -> None:
    instance_id = begin(debts)
    pay(debts, 4000)
    debts.listen(instance_id, days=1)
    assert debts.standing(instance_id)["await_payment"] == "message"
    pay(debts, 200)
    debts.listen(instance_id, days=1)
    assert debts.came_by(instance_id) >= {"paid_in_time"}


def test_a_case_that_is_open_already_is_settled_by_a_person(debts: Shipped) -> None:
    earlier = {"order_id": "DEBT-0", "account": "ACC-1", "owed_cents": 900}
    debts.lab.client.post("/billing/dunning", json=earlier).raise_for_status()
    instance_id = begin(debts)
    assert debts.standing(instance_id) == {"settle_cases": "user_task"}
    debts.settle(instance_id)
    assert debts.came_by(instance_id) >= {"in_other_case"}


@pytest.mark.parametrize(
    ("changes", "task"),
    [({"sip_user": "nobody@ims.example.net"}, "check_telephone"), ({"subscriber": "ftth-0"}, "check_line")],
)
def test_what_is_not_there_is_looked_for(debts: Shipped, changes: dict[str, str], task: str) -> None:
    instance_id = begin(debts, **changes)
    debts.later(instance_id, days=14)
    assert debts.standing(instance_id)[task] == "user_task"
    debts.settle(instance_id)
    assert debts.came_by(instance_id) >= {"suspended"}


def test_who_has_no_telephone_has_none_barred(debts: Shipped) -> None:
    instance_id = begin(debts, sip_user=None)
    debts.later(instance_id, days=14)
    assert states(debts) == ("none", "suspended", "suspended")


def test_a_restart_after_every_commit_changes_nothing(debts: Shipped) -> None:
    instance_id = debts.start("suspend_for_debt", **ORDER)
    debts.run(instance_id, between=debts.restart)
    debts.later(instance_id, days=7)
    debts.restart()
    debts.later(instance_id, days=7)
    debts.run(instance_id, between=debts.restart)
    assert debts.state(instance_id) == "completed"
    assert states(debts) == ("all", "suspended", "suspended")
    assert {
        name: seen["duplicate_calls"] for name, seen in debts.lab.summary().items() if seen["duplicate_calls"]
    } == {}
