"""The billing handler."""

from __future__ import annotations

from typing import Any

import pytest

from app.handling import Done, Refused, SystemSilent
from app.handling.registry import Handler
from tests.factories.labs import RunningLab
from tests.factories.works import a_work

ORDER: dict[str, Any] = {"order_id": "ORD/1", "customer": "Ada Byron", "speed_mbps": 500}
BILLED = Done(subscription_id="sub-ORD/1")


def handler_of(lab: RunningLab) -> Handler:
    handler = lab.registry.get("billing.start")
    assert handler is not None
    return handler


def test_billing_starts_once_for_one_key_even_when_the_answer_was_lost(lab: RunningLab) -> None:
    lab.fault("answer_lost", {"order_id": "ORD/1"}, calls=1)
    with pytest.raises(SystemSilent):
        lab.run("billing.start", ORDER)
    assert lab.run("billing.start", ORDER) == BILLED
    assert lab.summary()["billing.start"]["effects"] == 1


def test_another_step_may_not_bill_the_same_order(lab: RunningLab) -> None:
    lab.run("billing.start", ORDER)
    refused = lab.run("billing.start", ORDER, key="another")
    assert isinstance(refused, Refused)
    assert refused.code == "already_billed"


def test_verify_and_undo_of_billing(lab: RunningLab) -> None:
    handler, work = handler_of(lab), a_work(settings={"lab_url": lab.url})
    assert handler.check_verify(work, ORDER) is None
    lab.run("billing.start", ORDER)
    assert handler.check_verify(work, ORDER) == BILLED
    assert handler.call_undo(work, ORDER, BILLED.outputs) == Done()
    assert handler.check_verify(work, ORDER) is None
    # Under the same key billing repeats its answer; under another it says that there is nothing to stop.
    assert handler.call_undo(a_work(settings={"lab_url": lab.url}, key="k2"), ORDER, BILLED.outputs) == Done()
