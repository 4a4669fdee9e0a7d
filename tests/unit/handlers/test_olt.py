"""The OLT handlers at the laboratory's access network, in peace and under every fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.handling import Done, Refused, SystemFailed, SystemSilent
from app.handling.registry import Handler
from tests.factories.labs import RunningLab
from tests.factories.works import a_work

ONT: dict[str, Any] = {"olt": "lon-3", "port": "1/1/1", "serial": "ALCL0000A001", "speed_mbps": 500}
ACTIVE = Done(ont_id="lon-3:1/1/1:ALCL0000A001")


def code_of(result: object) -> str:
    assert isinstance(result, Refused), result
    return result.code


def activate(lab: RunningLab, **changes: Any) -> Any:
    return lab.run("olt.activate_ont", {**ONT, **changes})


def verified(lab: RunningLab, **changes: Any) -> Done | None:
    handler = handler_of(lab)
    return handler.check_verify(a_work(settings={"lab_url": lab.url}), {**ONT, **changes})


def handler_of(lab: RunningLab) -> Handler:
    handler = lab.registry.get("olt.activate_ont")
    assert handler is not None
    return handler


def test_an_ont_is_put_in_service_once_for_one_key(lab: RunningLab) -> None:
    assert activate(lab) == ACTIVE
    assert activate(lab) == ACTIVE
    assert len(lab.effects(operation="access.activate_ont")) == 1
    assert [call["repeated"] for call in lab.calls()] == [False, True]


def test_an_ont_that_is_already_on_its_port_is_returned_for_another_key_too(lab: RunningLab) -> None:
    assert activate(lab) == ACTIVE
    assert lab.run("olt.activate_ont", ONT, key="another") == ACTIVE
    assert len(lab.effects()) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"port": "1/1/16"}, "port_taken"),
        ({"port": "1/1/15"}, "port_faulty"),
        ({"port": "9/9/9"}, "unknown_port"),
        ({"olt": "par-1"}, "unknown_port"),
        ({"serial": "no-serial"}, "unknown_serial"),
    ],
)
def test_what_the_network_cannot_serve_is_refused_with_its_code(
    lab: RunningLab, changes: dict[str, Any], code: str
) -> None:
    assert code_of(activate(lab, **changes)) == code
    assert lab.effects() == []


def test_an_ont_is_active_on_one_port_only(lab: RunningLab) -> None:
    activate(lab)
    assert code_of(lab.run("olt.activate_ont", {**ONT, "port": "1/1/2"}, key="k2")) == "serial_in_use"


def test_a_key_that_comes_with_other_arguments_is_refused(lab: RunningLab) -> None:
    activate(lab)
    assert code_of(activate(lab, port="1/1/2")) == "key_reused"


def test_verify_knows_an_active_ont_and_no_other(lab: RunningLab) -> None:
    assert verified(lab) is None
    activate(lab)
    assert verified(lab) == ACTIVE
    assert verified(lab, port="1/1/2") is None


def test_undo_frees_the_port_and_may_be_repeated(lab: RunningLab) -> None:
    activate(lab)
    work = a_work(settings={"lab_url": lab.url})
    assert handler_of(lab).call_undo(work, ONT, ACTIVE.outputs) == Done()
    assert handler_of(lab).call_undo(a_work(settings={"lab_url": lab.url}, key="k2"), ONT, ACTIVE.outputs) == Done()
    assert verified(lab) is None
    assert lab.run("olt.check_port", {**ONT, "serial": "ALCL0000A002"}) == Done(port_state="free")


@pytest.mark.parametrize(("port", "state"), [("1/1/1", "free"), ("1/1/15", "faulty"), ("1/1/16", "taken")])
def test_a_ports_state_is_read(lab: RunningLab, port: str, state: str) -> None:
    assert lab.run("olt.check_port", {**ONT, "port": port}) == Done(port_state=state)


def test_a_port_is_free_for_the_ont_that_has_it(lab: RunningLab) -> None:
    activate(lab)
    assert lab.run("olt.check_port", ONT) == Done(port_state="free")
    assert lab.run("olt.check_port", {**ONT, "serial": "ALCL0000A002"}) == Done(port_state="taken")


def test_another_port_is_found_and_held_for_the_ont(lab: RunningLab) -> None:
    found = lab.run("olt.find_free_port", {**ONT, "port": "1/8/1"})
    assert found == Done(port="1/8/10")
    assert lab.run("olt.find_free_port", {**ONT, "port": "1/8/1"}) == found
    other = {**ONT, "port": "1/8/10", "serial": "ALCL0000A002"}
    assert code_of(lab.run("olt.activate_ont", other, key="k2")) == "port_taken"
    assert lab.run("olt.activate_ont", {**ONT, "port": "1/8/10"}, key="k3") == Done(ont_id="lon-3:1/8/10:ALCL0000A001")


def test_a_full_node_has_no_free_port(lab: RunningLab) -> None:
    for number in range(8 * 14 - 1):  # all that are free but the one that could not be had
        assert isinstance(lab.run("olt.find_free_port", ONT, key=f"k{number}"), Done)
    assert code_of(lab.run("olt.find_free_port", ONT, key="last")) == "no_free_port"


def test_the_optical_level_of_an_active_ont_is_measured(lab: RunningLab) -> None:
    assert code_of(lab.run("olt.read_optical_level", {"serial": ONT["serial"]})) == "unknown_ont"
    activate(lab)
    assert lab.run("olt.read_optical_level", {"serial": ONT["serial"]}) == Done(level_dbm=-19.4)


def test_too_little_light_is_measured_until_the_fault_is_lifted(lab: RunningLab) -> None:
    activate(lab)
    lab.fault("low_light", {"serial": ONT["serial"]})
    assert lab.run("olt.read_optical_level", {"serial": ONT["serial"]}) == Done(level_dbm=-31.2)
    lab.lift()
    assert lab.run("olt.read_optical_level", {"serial": ONT["serial"]}) == Done(level_dbm=-19.4)


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("port_taken", {}, "port_taken"),
        ("unknown_serial", {}, "unknown_serial"),
        ("refused", {"code": "splitter_full"}, "splitter_full"),
    ],
)
def test_an_injected_refusal_meets_its_ont_only_and_has_no_effect(
    lab: RunningLab, kind: str, more: dict[str, Any], code: str
) -> None:
    lab.fault(kind, {"serial": ONT["serial"]}, calls=1, **more)
    assert isinstance(lab.run("olt.activate_ont", {**ONT, "serial": "ALCL0000A002"}, key="k2"), Done)
    assert code_of(activate(lab)) == code
    assert activate(lab, port="1/1/2") == Done(ont_id="lon-3:1/1/2:ALCL0000A001")


def test_a_node_that_is_down_for_some_calls_serves_the_next(lab: RunningLab) -> None:
    lab.fault("unavailable", {"operation": "access.activate_ont"}, calls=2)
    for _ in range(2):
        with pytest.raises(SystemFailed, match="down for maintenance"):
            activate(lab)
    assert activate(lab) == ACTIVE


def test_a_node_that_is_slower_than_the_deadline_is_silent_and_has_done_nothing(lab: RunningLab) -> None:
    lab.fault("time_out", {"serial": ONT["serial"]}, hold_s=0.4)
    with pytest.raises(SystemSilent, match="gave no answer within"):
        lab.run("olt.activate_ont", ONT, deadline=datetime.now(UTC) + timedelta(seconds=0.2))
    assert lab.effects() == []


def test_work_whose_answer_was_lost_is_done_once(lab: RunningLab) -> None:
    lab.fault("answer_lost", {"serial": ONT["serial"], "operation": "access.activate_ont"}, calls=1)
    with pytest.raises(SystemSilent, match="its answer was lost"):
        activate(lab)
    assert verified(lab) == ACTIVE
    assert activate(lab) == ACTIVE
    assert len(lab.effects()) == 1
    assert lab.summary()["access.activate_ont"]["duplicate_calls"] == 1
