"""Handlers found, called, verified and undone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from app.handling import Done, Limit, Refused, System, SystemSilent, Waiting, Work, handles, registry
from app.handling.faults import BadHandler, BadResult, DuplicateHandler
from app.handling.mark import Marked
from app.handling.registry import Handler, Registry
from tests.factories.works import a_work

HANDLER = '''
from app.handling import Done, Work, handles

@handles("{type}")
def step(work: Work) -> Done:
    """Do it."""
    return Done()
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], str]]:
    """Writes modules of a package that only this test sees; gives the package's name."""
    name = "scanned_by_a_test"
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(modules: dict[str, str]) -> str:
        for path, text in {"__init__.py": "", **modules}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return name

    yield write
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_the_scan_finds_handlers_in_every_folder_with_or_without_an_init_file(
    package: Callable[[dict[str, str]], str],
) -> None:
    name = package(
        {
            "top.py": HANDLER.format(type="a.top"),
            "access/__init__.py": HANDLER.format(type="b.in_init"),
            "access/olt.py": HANDLER.format(type="c.olt"),
            "bare/deep/ims.py": HANDLER.format(type="d.ims"),
        }
    )
    assert Registry.scan(name, "none").types() == ["a.top", "b.in_init", "c.olt", "d.ims"]


def test_a_handler_that_another_module_imports_is_found_once(package: Callable[[dict[str, str]], str]) -> None:
    name = package({"olt.py": HANDLER.format(type="olt.step"), "user.py": "from scanned_by_a_test.olt import step"})
    assert Registry.scan(name, "none").types() == ["olt.step"]


def test_two_handlers_of_one_type_are_refused_with_both_places(package: Callable[[dict[str, str]], str]) -> None:
    name = package({"a.py": HANDLER.format(type="olt.step"), "b.py": HANDLER.format(type="olt.step")})
    with pytest.raises(DuplicateHandler, match=r"olt\.step is handled at \w+\.a:step and at \w+\.b:step"):
        Registry.scan(name, "none")


def test_a_module_that_cannot_be_imported_is_named(package: Callable[[dict[str, str]], str]) -> None:
    name = package({"olt.py": "import no_such_module"})
    with pytest.raises(
        BadHandler, match=r"scanned_by_a_test\.olt cannot be imported: No module named 'no_such_module'"
    ):
        Registry.scan(name, "none")


def test_importing_a_handlers_module_registers_nothing(package: Callable[[dict[str, str]], str]) -> None:
    package({"olt.py": HANDLER.format(type="olt.step")})
    before = Registry.scan("handlers", "none").types()
    __import__("scanned_by_a_test.olt")
    assert Registry.scan("handlers", "none").types() == before


@pytest.mark.parametrize("value", ["scanned_by_a_test", "scanned_by_a_test.olt:step"])
def test_an_entry_point_brings_a_package_or_one_handler(
    package: Callable[[dict[str, str]], str], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    package({"olt.py": HANDLER.format(type="partner.step")})
    offered = EntryPoint("partner", value, "turnup.handlers")
    monkeypatch.setattr(registry, "entry_points", lambda group: [offered] if group == "turnup.handlers" else [])
    assert "partner.step" in Registry.scan().types()


def test_an_entry_point_that_is_no_handler_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("x", "json:dumps", group)])
    with pytest.raises(BadHandler, match="the entry point x gives function"):
        Registry.scan()
    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint("y", "json:nothing", group)])
    with pytest.raises(BadHandler, match="the entry point y = json:nothing cannot be loaded"):
        Registry.scan()


def returning(result: Any) -> Handler:
    @handles("test.step")
    def step(work: Work) -> Any:
        return result

    return Handler(step)


def test_outputs_come_back_as_json() -> None:
    result = returning(
        Done(
            amount=Decimal("1E+2"),
            day=date(2026, 1, 31),
            at=datetime(2026, 1, 31, tzinfo=UTC),
            rows=({"n": Decimal("0.10")},),
        )
    ).call(a_work(), {})
    assert result == Done(amount="100", day="2026-01-31", at="2026-01-31T00:00:00+00:00", rows=[{"n": "0.10"}])


@pytest.mark.parametrize(
    ("outputs", "named"),
    [
        ({"thing": object()}, "the output thing as object"),
        ({"level": float("nan")}, "the output level as float"),
        ({"rows": [{"ids": {1, 2}}]}, r"the output rows\[0\]\.ids as set"),
        ({"table": {1: "x"}}, "the output table as dict"),
        ({"raw": b"x"}, "the output raw as bytes"),
    ],
)
def test_an_output_that_json_cannot_hold_is_named(outputs: dict[str, Any], named: str) -> None:
    with pytest.raises(BadResult, match=f"test.step gave {named}"):
        returning(Done(**outputs)).call(a_work(), {})


@pytest.mark.parametrize("result", [None, True, {"ont_id": "7"}, Done])
def test_a_result_that_is_no_result_is_a_fault_that_names_the_handler(result: Any) -> None:
    with pytest.raises(BadResult, match=r"test\.step: the handler at .*:step must return Done, Waiting or Refused"):
        returning(result).call(a_work(), {})


@pytest.mark.parametrize("result", [Waiting("online", "S1"), Refused("port_taken", "by 7", {"port": "1/1/1"})])
def test_waits_and_refusals_pass_through(result: Waiting | Refused) -> None:
    assert returning(result).call(a_work(), {}) == result


def test_what_a_handler_changes_in_its_arguments_stays_with_that_attempt() -> None:
    @handles("test.greedy")
    def greedy(work: Work, order: dict[str, Any]) -> Done:
        order["lines"].append("more")
        return Done(lines=order["lines"])

    handler = Handler(greedy)
    arguments = handler.bind({"order": {"lines": []}})
    assert handler.call(a_work(), arguments) == Done(lines=["more"])
    assert handler.call(a_work(), arguments) == Done(lines=["more"])


def test_a_marked_function_is_still_called_as_it_was() -> None:
    @handles("test.plain")
    def plain(work: Work, serial: str) -> Done:
        return Done(serial=serial)

    assert plain(a_work(), serial="S1") == Done(serial="S1")
    assert plain(a_work(), "S1").outputs == {"serial": "S1"}


@pytest.fixture
def reservable() -> Handler:
    held: dict[str, str] = {}

    @handles("test.reserve")
    def reserve(work: Work, pool: str, name: str) -> Done:
        held[name] = pool
        return Done(number=len(held))

    @reserve.verify
    def is_reserved(work: Work, name: str) -> Done | None:
        return Done(pool=held[name]) if name in held else None

    @reserve.undo
    def release(work: Work, name: str, outputs: dict[str, Any]) -> Refused | None:
        return None if held.pop(name, None) and outputs else Refused("not_held")

    return Handler(reserve)


def test_verify_and_undo_get_the_parameters_that_they_name(reservable: Handler) -> None:
    arguments = reservable.bind({"pool": "p", "name": "n"})
    assert reservable.check_verify(a_work(), arguments) is None
    assert reservable.call(a_work(), arguments) == Done(number=1)
    assert reservable.check_verify(a_work(), arguments) == Done(pool="p")
    assert reservable.call_undo(a_work(), arguments, {"number": 1}) == Done()
    assert reservable.call_undo(a_work(), arguments, {"number": 1}) == Refused("not_held")
    assert reservable.check_verify(a_work(), arguments) is None


def test_a_handler_without_verify_or_undo_says_so() -> None:
    handler = returning(Done())
    assert handler.check_verify(a_work(), {}) is None
    refused = handler.call_undo(a_work(), {}, {})
    assert isinstance(refused, Refused)
    assert refused.code == "no_undo"


def test_a_verify_that_asks_for_what_the_handler_has_not_is_refused() -> None:
    @handles("test.step")
    def step(work: Work, serial: str) -> Done:
        return Done()

    @step.verify
    def is_done(work: Work, port: str) -> Done | None:
        return None

    with pytest.raises(BadHandler, match=r"\(verify\) takes port; it may take only serial"):
        Handler(step)


def test_what_a_handler_raises_passes_through() -> None:
    @handles("test.step")
    def step(work: Work) -> Done:
        raise SystemSilent("no answer")

    with pytest.raises(SystemSilent, match="no answer"):
        Handler(step).call(a_work(), {})


def test_a_handler_tells_the_deadline_of_an_attempt() -> None:
    @handles("test.step", timeout_s=4)
    def step(work: Work) -> Done:
        return Done()

    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert (Handler(step).deadline(now) - now).total_seconds() == 4


# systems


def of_system(name: str) -> Marked[..., Done]:
    @handles("t.call", system=System(name))
    def call(work: Work, olt: str = "", slot: int = 0) -> Done:
        return Done()

    return call


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("acs", {}, "acs"),
        ("olt={olt}", {"olt": "lon-3"}, "olt=lon-3"),
        ("olt={olt}/{slot}", {"olt": "lon-3", "slot": 4}, "olt=lon-3/4"),
        ("olt={olt}", {}, None),
        ("olt={olt}", {"olt": ""}, None),
        ("olt={olt}", {"olt": True}, None),
        ("olt={olt}", {"olt": ["lon-3"]}, None),
        ("olt={olt}", {"olt": "lon\n3"}, None),
        ("olt={olt}", {"olt": "x" * 300}, None),
    ],
)
def test_the_system_that_a_call_goes_to_is_named_from_its_inputs(
    name: str, inputs: dict[str, Any], expected: str | None
) -> None:
    assert Handler(of_system(name)).system_of(inputs) == expected


@pytest.mark.parametrize(("name", "wrong"), [("olt={node}", "needs node"), ("handler={olt}", "no system's name begins")])
def test_a_system_that_cannot_be_named_is_found_when_handlers_are_scanned(name: str, wrong: str) -> None:
    with pytest.raises(BadHandler, match=wrong):
        Handler(of_system(name))


@pytest.mark.parametrize(
    "wrong", [lambda: Limit(concurrent=0), lambda: Limit(per_s=0), lambda: Limit(per_s=5e-324), lambda: Limit(per_s=float("nan")), lambda: Limit(per_s=float("inf")), lambda: System(""), lambda: System("x", trips_after=0)]
)
def test_a_limit_and_a_system_that_mean_nothing_are_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="found"):
        wrong()
