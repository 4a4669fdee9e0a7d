"""Every step that changes something at a partner: verified when it is done and not before, and taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from app.handling import Done, SystemSilent
from app.handling.registry import Handler, Registry
from tests.factories.labs import RunningLab
from tests.factories.works import a_work

Step = tuple[str, dict[str, Any]]
NUMBER, SIP_USER = "+442079460000", "+442079460000@ims.example.net"
RESERVED: Step = ("voice.reserve_number", {"order_id": "ORD-1", "area": "020"})
ACCOUNT: Step = ("voice.create_account", {"order_id": "ORD-1", "number": NUMBER, "customer": "Ada Byron"})
BARRED: Step = ("voice.suspend_account", {"sip_user": SIP_USER, "barring": "outgoing"})
HOST = {"host": "r1.customers.example.net", "address": "198.51.100.7"}
ENUM = {"number": NUMBER, "sip_user": SIP_USER}
VISIT: Step = ("field.book", {"order_id": "ORD-1", "customer": "Ada Byron", "address": "1 Canal Street"})
APPOINTMENT = {"order_id": "ORD-1", "appointment_id": "APT-00001"}
BILLED: Step = ("billing.start", {"order_id": "ORD-1", "customer": "Ada Byron", "speed_mbps": 500})
SUBSCRIPTION = {"subscription_id": "sub-ORD-1"}
PORTED = {"order_id": "ORD-1", "number": "+442079460512", "donor": "openline", "account": "OP-0512"}


@dataclass(frozen=True)
class Case:
    """`before` is what has been done by other steps."""

    type: str
    inputs: dict[str, Any]
    before: tuple[Step, ...] = ()
    operation: str = field(default="", kw_only=True)  # of the lab, where its name is another

    def __str__(self) -> str:
        return self.type


CASES = [
    Case(*RESERVED),
    Case(*ACCOUNT, (RESERVED,)),
    Case("voice.modify_account", {"sip_user": SIP_USER, "channels": 4}, (RESERVED, ACCOUNT)),
    Case(*BARRED, (RESERVED, ACCOUNT)),
    Case("voice.resume_account", {"sip_user": SIP_USER}, (RESERVED, ACCOUNT, BARRED)),
    Case("voice.delete_account", {"sip_user": SIP_USER}, (RESERVED, ACCOUNT)),
    Case("porting.request_port", PORTED, operation="porting.request"),
    Case("dns.add_forward", HOST, operation="dns.add_record"),
    Case("dns.add_reverse", HOST, operation="dns.add_record"),
    Case("dns.add_enum", ENUM, operation="dns.add_record"),
    Case("dns.remove_forward", HOST, (("dns.add_forward", HOST),), operation="dns.remove_record"),
    Case("dns.remove_reverse", HOST, (("dns.add_reverse", HOST),), operation="dns.remove_record"),
    Case("dns.remove_enum", ENUM, (("dns.add_enum", ENUM),), operation="dns.remove_record"),
    Case(*VISIT),
    Case("field.reschedule", {**APPOINTMENT, "wanted_on": date(2099, 1, 5)}, (VISIT,)),
    Case("field.cancel", APPOINTMENT, (VISIT,)),
    Case("crm.notify", {"order_id": "ORD-1", "customer": "Ada Byron", "template": "visit_booked"}),
    Case("billing.change", {**SUBSCRIPTION, "speed_mbps": 900}, (BILLED,)),
    Case("billing.suspend", {**SUBSCRIPTION, "reason": "debt"}, (BILLED,)),
    Case("billing.resume", SUBSCRIPTION, (BILLED, ("billing.suspend", {**SUBSCRIPTION, "reason": "debt"}))),
    Case("billing.stop", SUBSCRIPTION, (BILLED,), operation="billing.close"),
    Case("billing.open_dunning", {"order_id": "ORD-1", "account": "A-1", "owed_cents": 4200}),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def handler_of(lab: RunningLab, type_: str) -> Handler:
    handler = lab.registry.get(type_)
    assert handler is not None
    return handler


def begun(lab: RunningLab, case: Case) -> tuple[Handler, dict[str, Any]]:
    for number, (type_, inputs) in enumerate(case.before):
        assert isinstance(lab.run(type_, _json(inputs), key=f"before-{number}"), Done)
    handler = handler_of(lab, case.type)
    return handler, handler.bind(_json(case.inputs))


def _json(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in inputs.items()}


@every_case
def test_what_was_done_is_known_and_can_be_taken_back(lab: RunningLab, case: Case) -> None:
    handler, arguments = begun(lab, case)
    work = a_work(settings={"lab_url": lab.url}, key="k1")
    assert handler.check_verify(work, arguments) is None, "it is not done yet"
    done = handler.call(work, arguments)
    assert isinstance(done, Done), done
    assert handler.check_verify(work, arguments) == done
    taking_back = a_work(settings={"lab_url": lab.url}, key="k1!undo")
    assert handler.call_undo(taking_back, arguments, done.outputs) == Done()
    assert handler.check_verify(work, arguments) is None, "it was taken back"
    again = a_work(settings={"lab_url": lab.url}, key="k1!undo again")
    assert handler.call_undo(again, arguments, done.outputs) == Done(), "there is nothing left to take back"


@every_case
def test_a_step_whose_answer_was_lost_is_done_once(lab: RunningLab, case: Case) -> None:
    operation = case.operation or case.type
    handler, arguments = begun(lab, case)
    lab.fault("answer_lost", {"operation": operation}, calls=1)
    work = a_work(settings={"lab_url": lab.url}, key="k1")
    with pytest.raises(SystemSilent):
        handler.call(work, arguments)
    found = handler.check_verify(work, arguments)
    assert handler.call(work, arguments) == found
    assert len(lab.effects(key="k1")) == 1


def test_no_partner_of_a_flow_has_a_step_without_a_way_back() -> None:
    """What only reads needs none, and a request to the clearing house is made anew."""
    partners = {"voice", "porting", "dns", "field", "crm", "billing"}
    theirs = [each for each in Registry.scan("handlers", "none") if each.type.split(".")[0] in partners]
    without = {handler.type for handler in theirs if handler.undo is None}
    assert without == {"voice.read_account", "billing.read_debt", "porting.cancel_port"}
    assert {handler.type for handler in theirs} == without | {case.type for case in CASES} | {"billing.start"}
