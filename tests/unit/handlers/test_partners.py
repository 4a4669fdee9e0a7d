"""What partners refuse, in their words and with the code that a diagram catches; and what they only tell."""

from __future__ import annotations

from typing import Any

import pytest

from app.handling import Done, Refused
from app.handling.faults import BadParameter
from tests.factories.labs import RunningLab
from tests.unit.handlers.test_taken_back import (
    ACCOUNT,
    APPOINTMENT,
    BARRED,
    BILLED,
    ENUM,
    HOST,
    PORTED,
    RESERVED,
    SIP_USER,
    SUBSCRIPTION,
    VISIT,
    Step,
)

VOICE = (RESERVED, ACCOUNT)
DUNNING = {"order_id": "ORD-1", "account": "A-1"}
CANCELLED: Step = ("field.cancel", APPOINTMENT)
SUSPENDED: Step = ("billing.suspend", {**SUBSCRIPTION, "reason": "debt"})


def changed(step: Step, **changes: Any) -> Step:
    return step[0], {**step[1], **changes}


REFUSALS: list[tuple[tuple[Step, ...], Step, str, str]] = [
    (
        (RESERVED,),
        ("voice.reserve_number", {"order_id": "ORD-2", "number": "+442079460000"}),
        "number_taken",
        "NUM-409",
    ),
    ((), ("voice.reserve_number", {"order_id": "ORD-2", "number": "+442079460512"}), "not_our_number", "NUM-422"),
    ((), ("voice.reserve_number", {"order_id": "ORD-2", "area": "0999"}), "unknown_area", "NUM-400"),
    ((), ACCOUNT, "number_not_reserved", "NUM-412"),
    (VOICE, changed(ACCOUNT, order_id="ORD-2"), "identity_exists", "5005 DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED"),
    ((), BARRED, "unknown_account", "5001 DIAMETER_ERROR_USER_UNKNOWN"),
    ((), ("voice.resume_account", {"sip_user": SIP_USER}), "unknown_account", "5001"),
    ((), ("voice.read_account", {"sip_user": SIP_USER}), "unknown_account", "5001"),
    (VOICE, ("voice.modify_account", {"sip_user": SIP_USER, "channels": 31}), "unable_to_comply", "5012"),
    ((), ("porting.request_port", {**PORTED, "donor": "nobody"}), "unknown_operator", "NPX-404"),
    ((), ("porting.request_port", {**PORTED, "number": "+33140506070"}), "not_portable", "NPX-422"),
    (
        (("dns.add_forward", {**HOST, "address": "198.51.100.8"}),),
        ("dns.add_forward", HOST),
        "record_exists",
        "YXRRSET",
    ),
    ((), ("dns.add_forward", {**HOST, "host": "www.example.org"}), "not_our_zone", "NOTZONE"),
    ((("dns.add_enum", {**ENUM, "sip_user": "x@y"}),), ("dns.add_enum", ENUM), "record_exists", "YXRRSET"),
    ((), changed(VISIT, address="Canal Street"), "address_unknown", "FSM-1204"),
    ((), CANCELLED, "unknown_appointment", "FSM-4040"),
    ((VISIT, CANCELLED), ("field.reschedule", APPOINTMENT), "appointment_closed", "FSM-4090"),
    ((), ("crm.notify", {"order_id": "O", "customer": "A", "template": "Bad Name"}), "unknown_template", "Bad Name"),
    ((), ("billing.suspend", {**SUBSCRIPTION, "reason": "debt"}), "not_billed", "sub-ORD-1"),
    ((BILLED, SUSPENDED), ("billing.change", {**SUBSCRIPTION, "speed_mbps": 900}), "suspended", "SUSPENDED"),
    ((BILLED, ("billing.stop", SUBSCRIPTION)), ("billing.resume", SUBSCRIPTION), "not_billed", "CLOSED"),
    (
        (("billing.open_dunning", {**DUNNING, "owed_cents": 100}),),
        ("billing.open_dunning", {**DUNNING, "owed_cents": 200}),
        "already_in_dunning",
        "100",
    ),
]


@pytest.mark.parametrize(("before", "step", "code", "words"), REFUSALS, ids=[f"{r[1][0]} {r[2]}" for r in REFUSALS])
def test_what_a_partner_refuses_has_its_code_and_the_partners_words(
    lab: RunningLab, before: tuple[Step, ...], step: Step, code: str, words: str
) -> None:
    for number, (type_, inputs) in enumerate(before):
        assert isinstance(lab.run(type_, inputs, key=f"before-{number}"), Done)
    effects = len(lab.effects())
    refused = lab.run(*step, key="refused")
    assert isinstance(refused, Refused), refused
    assert (refused.code, words in refused.message) == (code, True), refused.message
    assert len(lab.effects()) == effects
    handler = lab.registry.get(step[0])
    assert handler is not None
    assert code in handler.about.refusals, "its docstring tells of it"


@pytest.mark.parametrize(
    ("condition", "step", "code"),
    [
        ("block_exhausted", RESERVED, "no_free_number"),
        ("no_slot", VISIT, "no_slot"),
        ("no_contact", ("crm.notify", {"order_id": "ORD-1", "customer": "A", "template": "welcome"}), "no_contact"),
    ],
)
def test_a_condition_holds_for_its_order_until_it_is_lifted(
    lab: RunningLab, condition: str, step: Step, code: str
) -> None:
    lab.fault(condition, {"order_id": "ORD-1"})
    refused = lab.run(*step)
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert isinstance(lab.run(*changed(step, order_id="ORD-2"), key="k2"), Done)
    lab.lift()
    assert isinstance(lab.run(*step, key="k3"), Done)


def test_numbers_are_given_out_one_after_the_other_and_rest_when_they_are_given_back(lab: RunningLab) -> None:
    assert lab.run(*RESERVED, key="k1") == Done(number="+442079460000")
    assert lab.run(*changed(RESERVED, order_id="ORD-2"), key="k2") == Done(number="+442079460001")
    lab.run(*ACCOUNT, key="k3")
    lab.run("voice.delete_account", {"sip_user": SIP_USER}, key="k4")
    assert lab.run(*changed(RESERVED, order_id="ORD-3"), key="k5") == Done(number="+442079460002")


def test_a_barred_account_is_read_back_as_such(lab: RunningLab) -> None:
    for number, step in enumerate((RESERVED, ACCOUNT, BARRED)):
        lab.run(*step, key=f"k{number}")
    found = lab.run("voice.read_account", {"sip_user": SIP_USER})
    assert isinstance(found, Done)
    assert (found.outputs["barring"], found.outputs["channels"]) == ("outgoing", 2)


def test_a_record_is_written_as_the_name_server_has_it(lab: RunningLab) -> None:
    lab.run("dns.add_reverse", HOST, key="k1")
    lab.run("dns.add_forward", {**HOST, "address": "2001:db8::7"}, key="k2")
    lab.run("dns.add_enum", ENUM, key="k3")
    assert [effect["subject"] for effect in lab.effects()] == [
        "7.100.51.198.in-addr.arpa. 3600 IN PTR r1.customers.example.net.",
        "r1.customers.example.net. 3600 IN AAAA 2001:db8::7",
        '0.0.0.0.6.4.9.7.0.2.4.4.e164.arpa. 3600 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:+442079460000@ims.example.net!" .',
    ]


def test_what_is_no_address_is_an_input_to_correct(lab: RunningLab) -> None:
    with pytest.raises(BadParameter, match="Expected an IP address"):
        lab.run("dns.add_reverse", {**HOST, "address": "r1"})


def test_a_porting_request_is_taken_back_until_the_number_has_come(lab: RunningLab) -> None:
    assert lab.run("porting.cancel_port", {"order_id": "ORD-1"}, key="k0") == Done(cancelled=False)
    lab.run("porting.request_port", PORTED, key="k1")
    assert lab.run("porting.cancel_port", {"order_id": "ORD-1"}, key="k2") == Done(cancelled=True)
    assert [notice["ended"] for notice in lab.client.get("/lab/notices").json()] == [True, True]


def test_what_an_account_owes_is_read(lab: RunningLab) -> None:
    assert lab.run("billing.read_debt", {"account": "A-1"}) == Done(owed_cents=0)
    lab.run("billing.open_dunning", {**DUNNING, "owed_cents": 4200})
    assert lab.run("billing.read_debt", {"account": "A-1"}) == Done(owed_cents=4200)
    lab.client.post("/billing/payments", json={"account": "A-1", "paid_cents": 4000}).raise_for_status()
    assert lab.run("billing.read_debt", {"account": "A-1"}) == Done(owed_cents=200)
