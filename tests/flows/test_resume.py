"""processes/service/resume.bpmn: what was suspended comes back, all of it and once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.shipped import Shipped, shipped
from tests.flows.test_suspend_for_debt import NUMBER, SIP_USER, states

pytestmark = pytest.mark.by_turns

ORDER: dict[str, Any] = {
    "order_id": "BACK-1",
    "customer": {"name": "A. Lindqvist"},
    "account": "ACC-1",
    "subscriber": "ftth-H0101",
    "subscription_id": "sub-H0101",
    "sip_user": SIP_USER,
}
SUSPENDED = ("all", "suspended", "suspended")
RESUMED = ("none", "active", "active")


@pytest.fixture
def debts(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    """A customer whose telephone, line and bills are suspended."""
    with shipped(database, clock, tmp_path) as made:
        made.deploy_shipped("resume")
        phone = {"order_id": "H0101", "number": NUMBER, "customer": "A. Lindqvist"}
        for path, body in (
            ("/voice/reservations", phone),
            ("/voice/accounts", phone),
            (f"/voice/accounts/{SIP_USER}/suspend", {"barring": "all"}),
            ("/aaa/suspensions/ftth-H0101", {}),
            ("/billing/suspensions", {"subscription_id": "sub-H0101", "reason": "debt"}),
        ):
            made.lab.client.post(path, json=body).raise_for_status()
        yield made


def begin(debts: Shipped, owed_cents: int = 0, **changes: Any) -> str:
    if owed_cents:
        dunning = {"order_id": "DEBT-1", "account": "ACC-1", "owed_cents": owed_cents}
        debts.lab.client.post("/billing/dunning", json=dunning).raise_for_status()
    return debts.begin("resume", **{**ORDER, **changes})


def test_who_has_paid_has_everything_back(debts: Shipped) -> None:
    assert states(debts) == SUSPENDED
    instance_id = begin(debts)
    assert debts.came_by(instance_id) >= {"resumed"}
    assert states(debts) == RESUMED
    assert debts.told("BACK-1") == ["service_resumed"]


def test_somebody_decides_about_a_rest_and_lets_it_come_back(debts: Shipped) -> None:
    instance_id = begin(debts, owed_cents=1200)
    assert debts.standing(instance_id)["decide_about_rest"] == "user_task"
    assert states(debts) == SUSPENDED
    debts.settle(instance_id, next_step="resume")
    assert debts.came_by(instance_id) >= {"resumed"}
    assert states(debts) == RESUMED


def test_somebody_decides_about_a_rest_and_leaves_it_suspended(debts: Shipped) -> None:
    instance_id = begin(debts, owed_cents=1200)
    debts.settle(instance_id, next_step="leave")
    assert debts.came_by(instance_id) >= {"still_suspended"}
    assert (states(debts), debts.told("BACK-1")) == (SUSPENDED, ["still_suspended"])


def test_if_nobody_decides_for_five_days_it_stays_suspended(debts: Shipped) -> None:
    instance_id = begin(debts, owed_cents=1200)
    debts.later(instance_id, days=4.9)
    assert "decide_about_rest" in debts.standing(instance_id)
    debts.later(instance_id, days=0.1)
    assert debts.came_by(instance_id) >= {"still_suspended"}
    assert states(debts) == SUSPENDED


@pytest.mark.parametrize(
    ("changes", "task"),
    [
        ({"sip_user": "nobody@ims.example.net"}, "renew_telephone"),
        ({"subscriber": "ftth-0"}, "renew_line"),
        ({"subscription_id": "sub-0"}, "renew_line"),
    ],
)
def test_what_is_gone_is_set_up_anew(debts: Shipped, changes: dict[str, str], task: str) -> None:
    instance_id = begin(debts, **changes)
    assert debts.standing(instance_id)[task] == "user_task"
    debts.settle(instance_id)
    assert debts.came_by(instance_id) >= {"resumed"}


def test_who_has_no_telephone_has_the_line_back(debts: Shipped) -> None:
    instance_id = begin(debts, sip_user=None)
    assert debts.came_by(instance_id) >= {"resumed"}
    assert states(debts) == ("all", "active", "active")


def test_a_customer_without_contact_is_written_a_letter(debts: Shipped) -> None:
    debts.lab.fault("no_contact", {"order_id": "BACK-1"})
    begin(debts)
    (told,) = debts.lab.client.get("/crm/notifications?order_id=BACK-1").json()["notifications"]
    assert (told["template"], told["channel"]) == ("service_resumed", "letter")


def test_a_restart_after_every_commit_changes_nothing(debts: Shipped) -> None:
    instance_id = debts.start("resume", **ORDER)
    debts.run(instance_id, between=debts.restart)
    assert debts.state(instance_id) == "completed"
    assert states(debts) == RESUMED
    assert {
        name: seen["duplicate_calls"] for name, seen in debts.lab.summary().items() if seen["duplicate_calls"]
    } == {}
