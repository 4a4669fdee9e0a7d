"""Bars over time: what ran, what waited, what was tried again, what fell out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.dashboard.diagrams import Diagrams
from app.dashboard.timeline import WIDTH, Timeline, draw
from app.engine import queries
from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator


def timeline(world: World, instance_id: str) -> Timeline:
    with world.database.reading() as connection:
        elements = Diagrams().elements(connection, "activate", 1)
        steps = queries.list_steps(connection, instance_id)
        incidents = queries.list_incidents(connection, state=None, instance_id=instance_id).items
    found = draw(steps, elements, incidents, world.clock.now(), 200)
    assert found is not None
    return found


def kinds(world: World, instance_id: str) -> dict[str, list[str]]:
    return {bar.element_id: [part.kind for part in bar.parts] for bar in timeline(world, instance_id).bars}


def test_a_step_that_is_tried_again_alternates_and_then_lies_fallen(world: World) -> None:
    world.olt.silent.add("")
    instance_id = world.start("ORD-4")
    world.work()
    world.pass_time(10)
    world.pass_time(30)
    world.pass_time(60)
    (bar,) = timeline(world, instance_id).bars
    assert [part.kind for part in bar.parts] == ["retry", "retry", "fallen"]
    assert [(part.x, part.width) for part in bar.parts] == [(0, 100), (100, 300), (400, 600)]
    assert (bar.state, bar.attempts, bar.took) == ("fallen_out", 3, "1 min")
    assert bar.parts[1].said == "Activate the ONT waited to try again for 30 s"


def test_who_waits_for_a_message_and_who_for_a_person_look_different(world: World) -> None:
    instance_id = world.start("ORD-1")
    world.work()
    world.pass_time(60)
    world.send("ont_online", "ORD-1")
    world.work()
    world.pass_time(60)
    assert kinds(world, instance_id) == {"activate_ont": ["ran"], "online": ["waited"], "visit": ["person"]}
    activated, online, visit = timeline(world, instance_id).bars
    assert (activated.parts[0].x, online.parts[0].width, visit.parts[0].x) == (0, WIDTH // 2, WIDTH // 2)
    assert (visit.state, online.state) == ("active", "completed")


def test_nothing_is_drawn_before_a_step_has_begun(world: World, operator: Operator) -> None:
    instance_id = world.start("ORD-1")
    assert "No step has begun yet" in operator.get(f"/instances/{instance_id}").text


def test_no_bar_leaves_its_frame(world: World) -> None:
    instance_id = world.start("ORD-1")
    world.work()
    world.pass_time(timedelta(days=300).total_seconds())
    for bar in timeline(world, instance_id).bars:
        assert all(0 <= part.x <= WIDTH and part.width >= 1 for part in bar.parts)


@pytest.mark.parametrize("path", ["", "/live"])
def test_the_page_has_the_bars_with_their_words(world: World, operator: Operator, path: str) -> None:
    instance_id = world.start("ORD-1")
    world.work()
    world.pass_time(60)
    page = operator.get(f"/instances/{instance_id}{path}").text
    assert "ONT online waited for 1 min" in page
