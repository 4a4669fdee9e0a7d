"""processes/service/voice_port_in.bpmn: weeks between two operators, with everything that may be rejected on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.decisions import examine
from app.factory import PROCESSES
from tests.factories.shipped import Shipped, shipped

pytestmark = pytest.mark.by_turns

NUMBER = "+442079460512"
SIP_USER = f"{NUMBER}@ims.example.net"
ORDER: dict[str, Any] = {
    "order_id": "ORD-1",
    "customer": {"name": "Ada Byron"},
    "number": NUMBER,
    "donor": "openline",
    "account": "OP-0512",
}
RIGHT = {name: ORDER[name] for name in ("number", "donor", "account")}  # as the bill has them
MINE = {"order_id": "ORD-1"}


@pytest.fixture
def voice(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    """The clearing house answers in three days and ports a week after that."""
    day_s = 24 * 3600
    with shipped(database, clock, tmp_path, porting_answer_s=3 * day_s, porting_day_s=7 * day_s) as made:
        made.deploy_shipped("voice_port_in")
        yield made


def order(voice: Shipped, **changes: Any) -> str:
    return voice.begin("voice_port_in", **{**ORDER, **changes})


def rejected(voice: Shipped, **changes: Any) -> str:
    instance_id = order(voice, **changes)
    assert voice.standing(instance_id)["await_answer"] == "message"
    assert voice.listen(instance_id, days=3) == ["porting_answer"]
    return instance_id


def account(voice: Shipped) -> int:
    return voice.lab.client.get(f"/voice/accounts/{SIP_USER}").status_code


def test_a_number_is_asked_for_accepted_and_comes_on_its_day(voice: Shipped) -> None:
    instance_id = order(voice)
    assert voice.listen(instance_id, days=3) == ["porting_answer"]
    assert voice.standing(instance_id)["await_day"] == "message"
    assert voice.told("ORD-1") == ["port_date"]
    assert account(voice) == 200, "it is ready before the day"
    assert voice.listen(instance_id, days=7) == ["number_ported"]
    assert voice.state(instance_id) == "completed"
    found = voice.variables(instance_id)
    assert (found["number"], found["sip_user"], found["porting_state"]) == (NUMBER, SIP_USER, "accepted")
    assert voice.told("ORD-1") == ["port_date", "port_done"]
    assert voice.came_by(instance_id) >= {"ported"}


@pytest.mark.parametrize(
    ("mistake", "code"), [({"account": "OP-0513"}, "wrong_account"), ({"donor": "citytel"}, "not_at_operator")]
)
def test_what_was_wrong_is_corrected_and_sent_again(voice: Shipped, mistake: dict[str, str], code: str) -> None:
    instance_id = rejected(voice, **mistake)
    assert voice.standing(instance_id)["correct_request"] == "user_task"
    assert voice.variables(instance_id)["reject_code"] == code
    voice.settle(instance_id, **RIGHT)
    voice.listen(instance_id, days=3)
    assert "await_day" in voice.standing(instance_id)
    assert voice.variables(instance_id)["sent"] == 2


@pytest.mark.parametrize(
    ("mistake", "code"), [({"donor": "nobody"}, "unknown_operator"), ({"number": "+33140506070"}, "not_portable")]
)
def test_what_the_clearing_house_does_not_take_is_corrected_too(
    voice: Shipped, mistake: dict[str, str], code: str
) -> None:
    instance_id = order(voice, **mistake)
    assert voice.standing(instance_id)["correct_request"] == "user_task", code
    voice.settle(instance_id, **RIGHT)
    assert "await_answer" in voice.standing(instance_id)


@pytest.mark.parametrize(
    ("number", "account", "wait_days"), [("+442079460512", "OP-0512", 5), ("+442079460590", "OP-0590", 30)]
)
def test_what_only_takes_time_is_waited_for(voice: Shipped, number: str, account: str, wait_days: int) -> None:
    if wait_days == 5:
        voice.lab.fault("already_porting", MINE)
    instance_id = rejected(voice, number=number, account=account)
    assert voice.standing(instance_id)["wait_before"] == "timer"
    voice.lab.lift()
    voice.later(instance_id, days=wait_days - 0.1)
    assert voice.steps().count("send_request") == 1
    voice.later(instance_id, days=0.1)
    assert voice.steps().count("send_request") == 2
    assert "await_answer" in voice.standing(instance_id)


def test_a_customer_who_declines_is_told_and_that_is_all(voice: Shipped) -> None:
    instance_id = rejected(voice, number="+442079460591", account="OP-0591")
    assert voice.state(instance_id) == "completed"
    assert voice.told("ORD-1") == ["port_refused"]
    assert voice.came_by(instance_id) >= {"not_ported"}


def test_after_four_rejections_it_is_given_up(voice: Shipped) -> None:
    instance_id = rejected(voice, account="wrong")
    for attempt in (2, 3, 4):
        assert voice.standing(instance_id)["correct_request"] == "user_task", attempt
        voice.settle(instance_id, **{**RIGHT, "account": f"wrong {attempt}"})
        voice.listen(instance_id, days=3)
    assert voice.state(instance_id) == "completed"
    assert voice.came_by(instance_id) >= {"not_ported"}


def test_an_operator_who_is_silent_for_ten_days_is_asked_and_waited_for_again(voice: Shipped) -> None:
    voice.lab.fault("donor_silent", MINE)
    instance_id = order(voice)
    voice.listen(instance_id, days=9.9)
    assert "await_answer" in voice.standing(instance_id)
    voice.listen(instance_id, days=0.1)
    assert voice.standing(instance_id)["chase_donor"] == "user_task"
    voice.lab.lift()
    voice.settle(instance_id)
    assert "await_answer" in voice.standing(instance_id)
    voice.listen(instance_id)
    assert voice.came_by(instance_id) >= {"ported"}, "meanwhile its day has come as well"


def test_an_account_from_before_is_cleared_and_made_anew(voice: Shipped) -> None:
    voice.lab.fault("identity_exists", MINE)
    instance_id = rejected(voice)  # it is not: the answer has come
    assert voice.standing(instance_id)["clear_old_account"] == "user_task"
    voice.lab.lift()
    voice.settle(instance_id)
    assert "await_day" in voice.standing(instance_id)


def test_a_number_that_is_two_days_late_is_looked_for(voice: Shipped) -> None:
    voice.lab.fault("port_fails", MINE)
    instance_id = rejected(voice)
    voice.listen(instance_id, days=8)
    assert "await_day" in voice.standing(instance_id)
    voice.listen(instance_id, days=2)
    assert voice.standing(instance_id)["find_number"] == "user_task"
    voice.settle(instance_id)
    voice.listen(instance_id, hours=23)
    assert "await_day" in voice.standing(instance_id), "whoever has looked for it is left a day"
    voice.lab.lift()
    voice.listen(instance_id)
    assert voice.came_by(instance_id) >= {"ported"}


@pytest.mark.parametrize(("days", "standing"), [(0, "await_answer"), (3, "await_day")])
def test_a_cancelled_order_takes_everything_back(voice: Shipped, days: int, standing: str) -> None:
    instance_id = order(voice)
    if days:
        voice.listen(instance_id, days=days)
    assert standing in voice.standing(instance_id)
    voice.publish("cancel_order", "ORD-1")
    voice.run(instance_id)
    assert voice.state(instance_id) == "completed"
    assert voice.came_by(instance_id) >= {"cancelled"}
    assert voice.lab.client.get("/porting/requests?order_id=ORD-1").json()["state"] == "cancelled"
    assert account(voice) == 404
    assert ("remove_account" in voice.steps()) == (days > 0)
    assert voice.told("ORD-1")[-1] == "port_cancelled"


def test_an_order_is_cancelled_while_somebody_corrects_it(voice: Shipped) -> None:
    instance_id = rejected(voice, account="wrong")
    voice.publish("cancel_order", "ORD-1")
    voice.run(instance_id)
    assert voice.came_by(instance_id) >= {"cancelled"}


def test_a_number_that_has_come_is_kept_if_it_is_too_late_to_cancel(voice: Shipped) -> None:
    voice.lab.fault("port_fails", MINE)  # the number comes, and nobody says so
    instance_id = rejected(voice)
    voice.listen(instance_id, days=7)
    voice.publish("cancel_order", "ORD-1")
    voice.run(instance_id)
    assert voice.standing(instance_id) == {"settle_late_cancel": "user_task"}
    voice.settle(instance_id)
    assert voice.state(instance_id) == "completed"
    assert voice.came_by(instance_id) >= {"ported"}


@pytest.mark.parametrize(
    ("reject_code", "sent", "action", "wait"),
    [
        ("wrong_account", 3, "correct", "PT0S"),
        ("not_at_operator", 1, "correct", "PT0S"),
        ("already_porting", 1, "wait", "P5D"),
        ("under_contract", 3, "wait", "P30D"),
        ("under_contract", 4, "give_up", "PT0S"),
        ("customer_declined", 1, "give_up", "PT0S"),
        ("a_code_of_tomorrow", 9, "correct", "PT0S"),
    ],
)
def test_the_rule_says_what_to_do_about_a_rejection(reject_code: str, sent: int, action: str, wait: str) -> None:
    model, _ = examine((PROCESSES / "decisions" / "after_rejection.dmn").read_bytes())
    found = model.evaluate("after_rejection", {"reject_code": reject_code, "sent": sent})
    assert found == {"action": action, "wait": wait}


def test_what_was_decided_about_a_rejection_is_in_the_history(voice: Shipped) -> None:
    instance_id = rejected(voice, account="wrong")
    (row,) = [row for row in voice.history(instance_id) if row.kind == "decision"]
    assert (row.detail["decision"], row.detail["value"]["action"]) == ("after_rejection", "correct")
    assert [matched["rule"] for matched in row.detail["matched"]] == [1]


def test_a_restart_after_every_commit_changes_nothing(voice: Shipped) -> None:
    voice.deploy_shipped("voice_port_in")
    instance_id = voice.start("voice_port_in", **{**ORDER, "account": "wrong"})
    voice.run(instance_id, between=voice.restart)
    voice.listen(instance_id, days=3)
    voice.restart()
    voice.complete(instance_id, **RIGHT)
    voice.run(instance_id, between=voice.restart)
    voice.listen(instance_id, days=3)
    voice.restart()
    voice.listen(instance_id, days=7)
    assert voice.state(instance_id) == "completed"
    assert {
        name: seen["duplicate_calls"] for name, seen in voice.lab.summary().items() if seen["duplicate_calls"]
    } == {}
