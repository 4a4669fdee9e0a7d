"""processes/scenarios: each goes as it says, every shipped flow has one, and one that should not pass does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.scenarios import find_scenarios, play_file
from app.factory import PROCESSES
from app.handling.registry import Registry
from app.trial.documents import Folder
from app.trial.playing import play
from app.trial.scenario import Scenario, read_scenario, write_scenario
from app.trial.scratch import Stores

FILES = find_scenarios([PROCESSES])
HOUSE = Folder(PROCESSES)
STORES = Stores()


def scenario(name: str) -> Scenario:
    return read_scenario((PROCESSES / "scenarios" / f"{name}.yaml").read_text())


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.scan("handlers", "none")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_shipped_flow_goes_as_its_scenario_says(file: Path, registry: Registry) -> None:
    played = play_file(file, HOUSE, registry, STORES)
    assert played.differs == []
    assert played.covered[read_scenario(file.read_text()).process_id].share > 0.25


def test_every_shipped_flow_has_a_scenario() -> None:
    assert {read_scenario(file.read_text()).process_id for file in FILES} == set(HOUSE.processes())


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_scenario_says_the_same_when_it_is_written_again(file: Path) -> None:
    read = read_scenario(file.read_text())
    assert read_scenario(write_scenario(read)) == read


def test_a_scenario_that_expects_something_else_says_where_the_flow_went(registry: Registry) -> None:
    right = scenario("ftth_cease_router_returned")
    document = HOUSE.process(right.process_id)
    assert document is not None
    expect = replace(
        right.expect,
        state="cancelled",
        path=(*(right.expect.path or ())[:3], "look_for_line"),
        outputs={"told_end": "CN-7", "never_set": 1},
        standing={"charge_router": "user_task"},
    )
    assert play(replace(right, expect=expect), document, HOUSE, registry, STORES).differs == [
        "it is completed, expected cancelled",
        "after last_day the path is stop_billing, bill_is_settled, take_out, remove_line, delete_subscriber, "
        "line_is_out; expected look_for_line",
        "told_end is 'CN-000001', expected 'CN-7'",
        "never_set has no value, expected 1",
        "it stands at nothing, expected {'charge_router': 'user_task'}",
    ]


def test_a_scenario_of_another_process_is_not_played(registry: Registry) -> None:
    document = HOUSE.process("resume")
    assert document is not None
    played = play(scenario("ftth_cease_router_returned"), document, HOUSE, registry, STORES)
    assert played.differs == ["it is a scenario of 'ftth_cease', and this diagram draws 'resume'"]


def test_another_answer_leads_elsewhere_and_is_told(registry: Registry) -> None:
    text = write_scenario(scenario("ftth_cease_router_returned"))
    refused = text.replace("stop_billing:\n    done: {}", "stop_billing:\n    refused: not_billed")
    assert refused != text
    document = HOUSE.process("ftth_cease")
    assert document is not None
    played = play(read_scenario(refused), document, HOUSE, registry, STORES)
    assert played.differs[0] == "it is active, expected completed"
    assert played.differs[1].startswith("after last_day the path is never_billed; expected stop_billing, ")
    assert played.differs[-1] == (
        "no step ever asked for the results of delete_subscriber, release_address, remove_line, tell_end"
    )
    assert played.view is not None
    assert [each.place for each in played.view.standing] == ["check_bill"]
