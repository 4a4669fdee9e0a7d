"""Diagrams that nobody drew run as a plain interpreter of token flow says, whatever happens to them and when.

Every play holds the one against the other after each thing that happens: where tokens stand, what for and until when;
at the end also the variables, the elements that were passed, and what handlers were asked.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from app.engine.definitions import examine
from app.engine.spiff.dialect import constructs_of
from app.engine.spiff.dialect.table import constructs
from app.handling.registry import Registry
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS
from tests.factories.steps import HANDLERS
from tests.reference.author import Flow, draw_flows
from tests.reference.player import Player
from tests.reference.playing import all_is_well

FLOWS = 110
GROUPS = 5


@cache
def flows() -> list[Flow]:
    return list(draw_flows(FLOWS))


def test_every_construct_is_drawn_at_least_twenty_times() -> None:
    drawn = Counter(name for flow in flows() for diagram in flow.diagrams().values() for name in constructs_of(diagram))
    assert {name: drawn[name] for name in constructs() if drawn[name] < 20} == {}


def test_the_engine_reads_what_was_drawn() -> None:
    for drawing in (drawing for flow in flows() for drawing in flow.drawings):
        read, findings = examine(drawing.xml(), Registry(HANDLERS))
        assert read is not None, findings
        drawn = drawing.diagram()
        assert {id: replace(element, line=None) for id, element in read.elements.items()} == drawn.elements
        assert {id: replace(flow, line=None) for id, flow in read.flows.items()} == drawn.flows


@pytest.mark.by_turns
@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("crashes", [True, False])
def test_a_drawn_flow_runs_as_the_reference_says_crashing_after_every_commit_or_not(
    bench: Bench, crashes: bool, group: int
) -> None:
    bench.deploy_decisions(DECISIONS)
    mine = list(enumerate(flows()))[group::GROUPS]
    for drawing in (drawing for _, flow in mine for drawing in flow.drawings):
        bench.deploy(drawing.xml())
    for number, flow in mine:
        Player(bench, flow, random.Random(number if crashes else -number), crashes).play()
    all_is_well(bench)
