"""What the laboratory's systems tell days after they were asked: which message, when, and when no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.clock import FixedClock
from app.lab.porting import account_of
from app.lab.settings import LabSettings
from app.lab.web import Lab
from tests.integration.test_lab import Turnup, lab_calling

FRIDAY = datetime(2026, 1, 2, 12, tzinfo=UTC)
PORT = {"order_id": "ORD-1", "number": "+442079460512", "donor": "openline", "account": "OP-0512"}
VISIT = {"order_id": "ORD-1", "customer": "Ada Byron", "address": "1 Canal Street"}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(FRIDAY)


@pytest.fixture
def client(tmp_path: Path, clock: FixedClock) -> Iterator[FlaskClient]:
    """The lab without a server, on a clock that the test moves."""
    lab = Lab(LabSettings(tmp_path / "lab.sqlite"), clock)
    yield lab.app.test_client()
    lab.close()


def post(client: FlaskClient, path: str, status: int, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json
    return found


def told(client: FlaskClient) -> list[dict[str, Any]]:
    """What is going to be told, in its order, as seconds from the beginning and what is said."""
    return [
        {"name": each["name"], "key": each["key"], "after_s": each["due_at"] - FRIDAY.timestamp(), **each["variables"]}
        for each in sorted(client.get("/lab/notices").json, key=lambda each: each["due_at"])
        if not each["ended"]
    ]


def fault(client: FlaskClient, kind: str) -> None:
    post(client, "/lab/faults", 201, kind=kind, match={"order_id": "ORD-1"})


# porting


def test_a_port_is_accepted_with_its_day_and_the_number_comes_on_it(client: FlaskClient) -> None:
    assert post(client, "/porting/requests", 202, **PORT) == {"port_id": "NP-000001", "state": "pending"}
    answer, day = told(client)
    assert answer == {
        "name": "porting_answer",
        "key": "NP-000001",
        "after_s": 2,
        "porting_state": "accepted",
        "port_date": "2026-01-12",
        "reject_code": None,
        "reject_text": None,
    }
    assert day == {"name": "number_ported", "key": "NP-000001", "after_s": 6, "ported_on": "2026-01-12"}


@pytest.mark.parametrize(("wanted_on", "port_date"), [("2026-01-05", "2026-01-12"), ("2026-03-01", "2026-03-01")])
def test_the_day_is_the_one_that_is_wanted_unless_that_is_too_soon(
    client: FlaskClient, wanted_on: str, port_date: str
) -> None:
    post(client, "/porting/requests", 202, **PORT, wanted_on=wanted_on)
    assert told(client)[0]["port_date"] == port_date


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": "OP-0513"}, "wrong_account"),
        ({"donor": "citytel"}, "not_at_operator"),
        ({"number": "+442079460012"}, "not_at_operator"),
        ({"number": "+442079460590", "account": "OP-0590"}, "under_contract"),
        ({"number": "+442079460591", "account": "OP-0591"}, "customer_declined"),
    ],
)
def test_a_port_is_rejected_with_the_code_of_its_reason(
    client: FlaskClient, changes: dict[str, Any], code: str
) -> None:
    post(client, "/porting/requests", 202, **{**PORT, **changes})
    (answer,) = told(client)
    assert (answer["porting_state"], answer["reject_code"]) == ("rejected", code)
    assert answer["reject_text"].startswith("NPR-")


def test_a_number_is_in_one_porting_order_at_a_time(client: FlaskClient, clock: FixedClock) -> None:
    post(client, "/porting/requests", 202, **PORT)
    post(client, "/porting/requests", 202, **{**PORT, "order_id": "ORD-2"})
    assert [each["reject_code"] for each in told(client) if each["key"] == "NP-000002"] == ["already_porting"]
    clock.advance(timedelta(seconds=7))
    post(client, "/porting/requests", 202, **{**PORT, "order_id": "ORD-3"})
    assert [each["name"] for each in told(client) if each["key"] == "NP-000003"] == ["porting_answer", "number_ported"]


def test_a_cancelled_port_is_told_no_more_and_a_ported_number_is_not_taken_back(
    client: FlaskClient, clock: FixedClock
) -> None:
    post(client, "/porting/requests", 202, **PORT)
    assert post(client, "/porting/cancellations", 200, order_id="ORD-1")["state"] == "cancelled"
    assert told(client) == []
    post(client, "/porting/requests", 202, **PORT)
    clock.advance(timedelta(seconds=6))
    assert post(client, "/porting/cancellations", 409, order_id="ORD-1")["code"] == "too_late"


def test_the_number_of_a_customer_tells_the_account() -> None:
    assert account_of("+441614960750") == "NO-0750"


# the field force


def test_a_visit_is_booked_in_two_days_and_reported_as_done(client: FlaskClient) -> None:
    booked = post(client, "/field/appointments", 201, **VISIT)
    # In two days it is Sunday.
    assert (booked["appointment_id"], booked["visit_at"]) == ("APT-00001", "2026-01-05T10:00:00+00:00")
    assert told(client) == [
        {
            "name": "visit_outcome",
            "key": "APT-00001",
            "after_s": 3,
            "visit_state": "done",
            "technician": "G. Hopper",
            "visit_at": "2026-01-05T10:00:00+00:00",
        }
    ]


def test_nobody_at_home_is_reported_until_somebody_is(client: FlaskClient) -> None:
    fault(client, "no_access")
    post(client, "/field/appointments", 201, **VISIT)
    assert [each["visit_state"] for each in told(client)] == ["no_access"]
    client.delete("/lab/faults")
    moved = post(client, "/field/appointments/APT-00001/reschedule", 200, order_id="ORD-1", wanted_on="2026-02-02")
    assert moved["visit_at"].startswith("2026-02-02")
    assert [each["visit_state"] for each in told(client)] == ["done"], "what was going to be told is not"


def test_a_customer_moves_a_visit_once(client: FlaskClient) -> None:
    fault(client, "customer_reschedules")
    post(client, "/field/appointments", 201, **VISIT)
    assert [(each["after_s"], each["visit_state"], each["visit_at"][:10]) for each in told(client)] == [
        (1.5, "rescheduled", "2026-01-12"),
        (4.5, "done", "2026-01-12"),
    ]
    post(client, "/field/appointments/APT-00001/reschedule", 200, order_id="ORD-1")
    assert [each["visit_state"] for each in told(client)] == ["done"]


def test_a_cancelled_visit_is_reported_no_more_until_it_is_reinstated(client: FlaskClient) -> None:
    post(client, "/field/appointments", 201, **VISIT)
    client.delete("/field/appointments/APT-00001")
    assert told(client) == []
    post(client, "/field/appointments/APT-00001/reinstate", 200, order_id="ORD-1")
    assert [each["visit_state"] for each in told(client)] == ["done"]


# payments


def test_a_payment_is_told_with_its_account(client: FlaskClient) -> None:
    fault(client, "customer_pays")
    post(client, "/billing/dunning", 201, order_id="ORD-1", account="A-1", owed_cents=4200)
    post(client, "/billing/dunning", 201, order_id="ORD-2", account="A-2", owed_cents=900)
    post(client, "/billing/payments", 200, account="A-2", paid_cents=900)
    assert told(client) == [
        {"name": "payment_received", "key": "A-2", "after_s": 0, "paid_cents": 900},
        {"name": "payment_received", "key": "A-1", "after_s": 3, "paid_cents": 4200},
    ]


# callers with a clock of their own


def test_what_a_caller_with_a_clock_of_its_own_brings_about_is_told_at_its_time_and_to_nobody_else(
    tmp_path: Path,
) -> None:
    turnup = Turnup()
    with lab_calling(tmp_path, turnup, porting_answer_s=2, porting_day_s=4) as lab:
        lab.client.put("/lab/callers/t1", json={"at": FRIDAY.timestamp()}).raise_for_status()
        lab.client.post("/porting/requests", json=PORT, headers={"Idempotency-Key": "t1:k"}).raise_for_status()
        kept = lab.client.get("/lab/callers/t1/notices").json()
        assert [(each["name"], each["due_at"]) for each in kept] == [
            ("porting_answer", FRIDAY.timestamp() + 2),
            ("number_ported", FRIDAY.timestamp() + 6),
        ]
        assert kept[0]["variables"]["port_date"] == "2026-01-12"
        assert lab.client.get("/lab/callers/t2/notices").json() == []
        lab.client.post("/field/appointments", json=VISIT, headers={"Idempotency-Key": "t2:k"}).raise_for_status()
        assert [message["name"] for message in turnup.wait_for(1)] == ["visit_outcome"]


def test_a_caller_says_what_time_it_is(client: FlaskClient) -> None:
    assert client.put("/lab/callers/t1", json={"at": "noon"}).status_code == 400
    assert client.put("/lab/callers/t1", data="x").status_code == 400


# on their way


@pytest.mark.parametrize("kind", ["donor_silent", "field_silent"])
def test_what_is_kept_back_is_told_when_that_is_over(tmp_path: Path, kind: str) -> None:
    turnup = Turnup()
    with lab_calling(tmp_path, turnup, visit_after_s=0, porting_answer_s=0, porting_day_s=0) as lab:
        lab.fault(kind, {"order_id": "ORD-1"})
        lab.client.post("/porting/requests", json=PORT).raise_for_status()
        lab.client.post("/field/appointments", json=VISIT).raise_for_status()
        early = {message["name"] for message in turnup.wait_for(2)}
        held = {"donor_silent": "porting_answer", "field_silent": "visit_outcome"}[kind]
        assert held not in early
        assert {each["name"] for each in lab.client.get("/lab/notices").json() if each["kept_back"]} == {held}
        lab.lift()
        assert turnup.wait_for(3)[2]["name"] == held
