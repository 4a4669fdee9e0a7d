"""The ACS handler: a system that honours no keys."""

from __future__ import annotations

import pytest

from app.handling import Done, Refused, SystemSilent
from tests.factories.labs import RunningLab

PUSH = {"serial": "ALCL0000A001", "profile": "gigabit"}


def test_a_profile_is_pushed(lab: RunningLab) -> None:
    assert lab.run("acs.push_cpe_profile", PUSH) == Done(push_id=1)
    assert lab.client.get("/acs/devices/ALCL0000A001").json()["profile"] == "gigabit"


def test_a_repeat_is_another_push_and_is_counted(lab: RunningLab) -> None:
    lab.fault("answer_lost", {"operation": "acs.push_profile"}, calls=1)
    with pytest.raises(SystemSilent):
        lab.run("acs.push_cpe_profile", PUSH)
    assert lab.run("acs.push_cpe_profile", PUSH) == Done(push_id=2)
    assert len(lab.effects(key="i-1:/order#1|activate#1")) == 2
    assert lab.summary()["acs.push_profile"]["duplicate_effects"] == 1


def test_a_profile_that_the_acs_has_not_is_refused(lab: RunningLab) -> None:
    refused = lab.run("acs.push_cpe_profile", {**PUSH, "profile": "warp"})
    assert isinstance(refused, Refused)
    assert refused.code == "unknown_profile"
