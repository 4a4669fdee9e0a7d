"""Instances that stand still, and what operators did by hand, as pages show them."""

from __future__ import annotations

import re

import pytest

from app.dashboard.happenings import tell
from app.engine.queries import HistoryView
from tests.factories.dashboards import NOON, World
from tests.unit.dashboard.conftest import Operator


def operate(world: World, name: str, instance_id: str) -> None:
    with world.database.transaction() as tx:
        getattr(world.operators, name)(tx, instance_id, by="olga", reason="the exchange is being moved")


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def suspended(world: World) -> str:
    """With an incident."""
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    instance_id = world.start("ORD-3")
    world.work()
    operate(world, "suspend", instance_id)
    return instance_id


def test_the_list_counts_and_names_suspended_instances(operator: Operator, suspended: str) -> None:
    page = operator.get("/instances?state=suspended").text
    assert 'class="badge suspended">Suspended' in page
    assert "1 Suspended" in text_of(page)
    assert "0 Fallen out" in text_of(page)
    assert suspended in page
    assert suspended not in operator.get("/instances?state=fallen_out").text


def test_the_page_of_a_suspended_instance_says_so_and_offers_no_action_that_would_be_refused(
    world: World, operator: Operator, suspended: str
) -> None:
    page = operator.get(f"/instances/{suspended}").text
    assert "none of this moves it until it is resumed" in page
    assert "/retry" not in page
    assert "port_taken" in page
    operate(world, "resume", suspended)
    page = operator.get(f"/instances/{suspended}").text
    assert "until it is resumed" not in page
    assert "/retry" in page


def test_a_task_of_a_suspended_instance_is_shown_without_its_buttons(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-6")
    world.send("ont_online", "ORD-6")
    world.work()
    assert "Take</button>" in operator.get("/tasks").text
    operate(world, "suspend", instance_id)
    page = operator.get("/tasks").text
    assert 'class="badge suspended"' in page
    assert "Take</button>" not in page


@pytest.mark.parametrize(
    ("detail", "words", "facts"),
    [
        ({"action": "rewind", "reason": "r", "to": "reserve", "ended": [7]}, "Rewind", '“r”, {"to": "reserve"}'),
        (
            {"action": "complete", "reason": "r", "outputs": {"a": 1}},
            "Completion by hand",
            '“r”, {"outputs": {"a": 1}}',
        ),
        ({"action": "cancel", "reason": "r"}, "Cancellation", "“r”"),
        ({"action": "suspend", "reason": "r", "with": "process"}, "Suspension", '“r”, {"with": "process"}'),
        ({"action": "send", "reason": "r", "name": "ready"}, "Message sent by hand", '“r”, {"name": "ready"}'),
    ],
)
def test_what_operators_did_stands_in_the_history_in_words(detail: dict[str, object], words: str, facts: str) -> None:
    (line,) = tell([HistoryView(NOON, "action", None, "olga", detail)], {})
    assert (line.words, line.facts, line.actor, line.tone) == (words, facts, "olga", "person")
