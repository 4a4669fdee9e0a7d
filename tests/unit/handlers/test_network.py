"""Every step that changes the network: verified when it is done, taken back, done once when its answer was lost."""

from __future__ import annotations

from typing import Any

import pytest

from app.handling import Done, Refused, SystemSilent
from app.handling.registry import Registry
from app.lab.homes import HOMES
from tests.factories.labs import RunningLab
from tests.factories.works import a_work
from tests.unit.handlers.test_taken_back import Case, Step, begun, handler_of

HOME = HOMES[0]
NEW = "HWTC00000A01"
PLACE: dict[str, Any] = {"olt": "lon-3", "port": "1/1/1", "serial": NEW}
RESERVED: Step = ("olt.reserve_port", PLACE)
CREATED: Step = ("aaa.create_subscriber", {"order_id": "ORD-1", "serial": NEW, "speed_mbps": 500})
SUSPENDED: Step = ("aaa.suspend", {"subscriber": HOME.subscriber})
INFORM = "Device.ManagementServer.PeriodicInformInterval"
KEYS_TELL = ("olt.remove_ont", "aaa.delete_subscriber")  # what is gone cannot be asked how it was
NO_KEYS = ("acs.push_cpe_profile", "acs.set_parameters", "acs.swap_device")

CASES = [
    Case(*RESERVED, operation="access.hold_port"),
    Case("olt.find_free_port", {**PLACE, "port": "1/8/1"}, operation="access.hold_port"),
    Case("olt.activate_ont", {**PLACE, "speed_mbps": 500, "line_profile": "hw-500"}, operation="access.activate_ont"),
    Case(
        "olt.modify_ont",
        {"serial": HOME.serial, "speed_mbps": 900, "line_profile": "hw-1g"},
        operation="access.modify_ont",
    ),
    Case("olt.replace_ont", {"serial": HOME.serial, "new_serial": NEW}, operation="access.replace_ont"),
    Case("olt.remove_ont", {"serial": HOME.serial}, operation="access.remove_ont"),
    Case(*CREATED, operation="aaa.create"),
    Case("aaa.change_speed", {"subscriber": HOME.subscriber, "speed_mbps": 900}, operation="aaa.change"),
    Case("aaa.change_address", {"subscriber": HOME.subscriber, "ip_address": "203.0.113.9"}, operation="aaa.change"),
    Case("aaa.change_line", {"subscriber": HOME.subscriber, "serial": NEW}, operation="aaa.change"),
    Case(*SUSPENDED),
    Case("aaa.resume", {"subscriber": HOME.subscriber}, (SUSPENDED,)),
    Case("aaa.delete_subscriber", {"subscriber": HOME.subscriber}, operation="aaa.delete"),
    Case("ipam.reserve_address", {"order_id": "ORD-1", "olt": "lon-3"}, operation="ipam.assign"),
    Case("ipam.assign_static", {"subscriber": HOME.subscriber, "olt": "man-1"}, operation="ipam.assign"),
    Case("ipam.release_address", {"ip_address": HOME.ip_address}, operation="ipam.release"),
    Case("acs.push_cpe_profile", {"serial": HOME.serial, "profile": "gigabit"}, operation="acs.push_profile"),
    Case("acs.set_parameters", {"serial": HOME.serial, "parameters": {INFORM: 300}}),
    Case("acs.swap_device", {"serial": HOME.serial, "new_serial": NEW}),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


@every_case
def test_what_was_done_is_known_and_can_be_taken_back(lab: RunningLab, case: Case) -> None:
    handler, arguments = begun(lab, case)
    work = a_work(settings={"lab_url": lab.url}, key="k1")
    assert handler.check_verify(work, arguments) is None, "it is not done yet"
    done = handler.call(work, arguments)
    assert isinstance(done, Done), done
    if case.type not in KEYS_TELL:
        assert handler.check_verify(work, arguments) == done
    taking_back = a_work(settings={"lab_url": lab.url}, key="k1!undo")
    assert handler.call_undo(taking_back, arguments, done.outputs) == Done()
    if case.type not in KEYS_TELL:
        assert handler.check_verify(work, arguments) is None, "it was taken back"
    again = a_work(settings={"lab_url": lab.url}, key="k1!undo again")
    assert handler.call_undo(again, arguments, done.outputs) == Done(), "there is nothing left to take back"


@every_case
def test_a_step_whose_answer_was_lost_is_done_once(lab: RunningLab, case: Case) -> None:
    handler, arguments = begun(lab, case)
    lab.fault("answer_lost", {"operation": case.operation or case.type}, calls=1)
    work = a_work(settings={"lab_url": lab.url}, key="k1")
    with pytest.raises(SystemSilent):
        handler.call(work, arguments)
    # As a worker does: what is a repeat asks first, and is only called if the answer is no
    repeated = handler.check_verify(work, arguments)
    assert (repeated is None) == (case.type in KEYS_TELL)
    if case.type not in NO_KEYS:
        assert handler.call(work, arguments) == (repeated or handler.call(work, arguments))
    assert len(lab.effects(key="k1")) == 1


def test_a_line_that_was_removed_is_taken_back_as_it_was(lab: RunningLab) -> None:
    before = lab.run("olt.read_ont", {"serial": HOME.serial})
    handler, arguments = begun(lab, Case("olt.remove_ont", {"serial": HOME.serial}))
    done = handler.call(a_work(settings={"lab_url": lab.url}, key="k1"), arguments)
    assert isinstance(lab.run("olt.read_ont", {"serial": HOME.serial}), Refused)
    assert isinstance(done, Done)
    handler.call_undo(a_work(settings={"lab_url": lab.url}, key="k1!undo"), arguments, done.outputs)
    assert lab.run("olt.read_ont", {"serial": HOME.serial}) == before


def test_a_subscriber_who_was_deleted_is_taken_back_as_it_was(lab: RunningLab) -> None:
    before = lab.run("aaa.read_subscriber", {"subscriber": HOME.subscriber})
    handler, arguments = begun(lab, Case("aaa.delete_subscriber", {"subscriber": HOME.subscriber}))
    done = handler.call(a_work(settings={"lab_url": lab.url}, key="k1"), arguments)
    assert isinstance(done, Done)
    handler.call_undo(a_work(settings={"lab_url": lab.url}, key="k1!undo"), arguments, done.outputs)
    assert lab.run("aaa.read_subscriber", {"subscriber": HOME.subscriber}) == before


@pytest.mark.parametrize(
    ("type_", "inputs", "code", "said"),
    [
        (
            "olt.modify_ont",
            {"serial": "ALCL00000000", "speed_mbps": 9},
            "unknown_ont",
            "Failure: The ONT does not exist",
        ),
        ("olt.reserve_port", {**PLACE, "port": "9/9/9"}, "unknown_port", "% Invalid slot or port: 9/9/9 on lon-3"),
        (
            "olt.reserve_port",
            {**PLACE, "olt": "man-1", "port": "1/1/16"},
            "port_taken",
            "Error : instance exists already",
        ),
        (
            "olt.activate_ont",
            {**PLACE, "speed_mbps": 9, "line_profile": "x"},
            "unknown_line_profile",
            "does not exist: x",
        ),
        (
            "olt.activate_ont",
            {**PLACE, "speed_mbps": 900, "line_profile": "hw-100"},
            "profile_too_slow",
            "smaller than 900",
        ),
        (
            "olt.replace_ont",
            {"serial": HOME.serial, "new_serial": HOMES[1].serial},
            "serial_in_use",
            "SN already exists",
        ),
        ("olt.find_free_port", {"olt": "par-1", "serial": NEW}, "unknown_olt", "% Unknown host: par-1"),
        ("aaa.read_subscriber", {"subscriber": "x"}, "unknown_subscriber", 'Reply-Message = "Unknown user x"'),
        ("aaa.change_speed", {"subscriber": HOME.subscriber, "speed_mbps": 99_999}, "speed_not_supported", "CoA-NAK"),
        (
            "aaa.change_address",
            {"subscriber": HOME.subscriber, "ip_address": HOMES[1].ip_address},
            "address_in_use",
            "506",
        ),
        ("aaa.create_subscriber", {**CREATED[1], "order_id": HOME.order_id}, "subscriber_exists", "entryAlreadyExists"),
        (
            "acs.set_parameters",
            {"serial": HOME.serial, "parameters": {"X": 1}},
            "cwmp_9005",
            "Invalid parameter name: X",
        ),
        ("acs.set_parameters", {"serial": HOME.serial, "parameters": {INFORM: []}}, "cwmp_9007", "Fault 9007"),
        ("acs.reboot", {"serial": "X"}, "unknown_device", "X has never informed"),
        ("acs.swap_device", {"serial": HOME.serial, "new_serial": HOMES[1].serial}, "device_exists", "managed already"),
        ("ipam.reserve_address", {"order_id": "O", "olt": "par-1"}, "unknown_pool", "No such pool: par-dynamic"),
        ("ipam.release_address", {"ip_address": "8.8.8.8"}, "unknown_address", "Not managed here: 8.8.8.8"),
    ],
)
def test_what_the_network_refuses_it_refuses_in_its_own_words(
    lab: RunningLab, type_: str, inputs: dict[str, Any], code: str, said: str
) -> None:
    refused = lab.run(type_, inputs)
    assert isinstance(refused, Refused), refused
    assert refused.code == code
    assert said in refused.message
    assert code in handler_of(lab, type_).about.refusals


def test_a_routers_restarts_are_counted(lab: RunningLab) -> None:
    assert lab.run("acs.reboot", {"serial": HOME.serial}) == Done(reboots=1)
    assert lab.run("acs.reboot", {"serial": HOME.serial}, key="k2") == Done(reboots=2)


def test_a_towns_static_addresses_come_to_an_end_and_what_is_given_back_is_given_again(lab: RunningLab) -> None:
    ask = ("ipam.assign_static", "olt")
    for number in range(126):
        assert isinstance(lab.run(ask[0], {"subscriber": f"s{number}", "olt": "lee-1"}, key=f"k{number}"), Done)
    refused = lab.run(ask[0], {"subscriber": "late", "olt": "lee-1"}, key="late")
    assert isinstance(refused, Refused)
    assert refused.code == "pool_exhausted"
    lab.run("ipam.release_address", {"ip_address": "198.51.100.140"}, key="release")
    assert lab.run(ask[0], {"subscriber": "late", "olt": "lee-1"}, key="late") == Done(static_address="198.51.100.140")


def test_no_step_in_the_network_is_without_a_test_of_its_way_back() -> None:
    systems = {"olt", "aaa", "acs", "ipam"}
    theirs = {each.type: each for each in Registry.scan("handlers", "none") if each.type.split(".")[0] in systems}
    reads = {name for name, handler in theirs.items() if handler.undo is None} - {"acs.reboot"}
    assert {name.split(".")[1].partition("_")[0] for name in reads} == {"read", "check"}
    assert theirs.keys() == reads | {case.type for case in CASES} | {"acs.reboot"}
    assert {name for name, handler in theirs.items() if handler.undo and not handler.verify} == set(KEYS_TELL)
