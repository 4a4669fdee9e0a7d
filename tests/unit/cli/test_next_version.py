"""The draft that the demo has waiting: the shipped flow with what is new in it, and nothing wrong."""

from __future__ import annotations

from app.cli.next_version import FLOW, next_version
from app.core.clock import SystemClock
from app.dispatch.wakeups import LocalWakeups
from app.engine.bundle import File
from app.engine.definitions import read
from app.engine.doors import Engine
from app.factory import PROCESSES
from app.handling.registry import Registry


def test_it_can_be_deployed_without_a_warning_and_has_three_new_things() -> None:
    clock = SystemClock()
    engine = Engine(Registry.scan(), clock, LocalWakeups(clock))
    drawn = next_version(FLOW.read_text()).encode()
    others = [File(file.name, file.read_bytes()) for file in PROCESSES.rglob("*.dmn")]
    (examined, *_) = engine.examine_all([File(FLOW.name, drawn), *others])
    assert examined.findings == []
    before, after = read(FLOW.read_bytes()), read(drawn)
    assert after.elements.keys() - before.elements.keys() == {"no_contact_end", "write_end"}
    assert not before.elements.keys() - after.elements.keys()
    assert len(after.flows) == len(before.flows) + 2
    assert set(after.elements["router_is_due"].incoming) == {"flow_tell_end_router_is_due", "flow_write_end_router_is_due"}
