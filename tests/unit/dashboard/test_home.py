"""The first page: what needs somebody now."""

from __future__ import annotations

import re
from datetime import timedelta

from app.dashboard.chart import HEIGHT, WIDTH, draw
from app.engine.queries import HourView
from tests.factories.dashboards import NOON, World
from tests.unit.dashboard.conftest import Operator, somebody
from tests.unit.dashboard.test_causes import PLAN, fall_out, planned
from tests.unit.dashboard.test_systems import KEY, find_down


def test_an_empty_house_says_how_to_begin(operator: Operator) -> None:
    page = operator.get("/").text
    assert "No order has come in yet" in page
    assert "make demo" in page


def test_what_fell_out_stands_first_by_its_cause(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    world.start("ORD-9")
    world.work()
    page = operator.get("/").text
    assert '<strong>2</strong><span>Fallen out</span>' in page
    assert "* on * serves another ONT" in page
    assert re.search(r'href="/incidents/causes/\w+"', page)
    assert "Open the longest</span> <b>ORD-0</b>" in page
    assert "Fallen out the longest</span> <b>ORD-0</b> at Activate the ONT" in page


def test_a_calm_house_says_so(world: World, operator: Operator) -> None:
    world.start("ORD-1")
    world.work()
    page = operator.get("/").text
    assert "Nothing has fallen out." in page
    assert "Overdue <span" not in page


def test_what_is_past_its_time_is_shown_with_what_it_waits_for(world: World, operator: Operator) -> None:
    world.olt.silent.add("")
    world.start("ORD-1")
    world.work()
    world.clock.advance(timedelta(minutes=5))
    page = operator.get("/").text
    assert "<b>ORD-1</b> another try at Activate the ONT" in page
    assert "Look whether" in page
    assert '<strong>1</strong><span>Overdue</span>' in page


def test_systems_that_are_down_and_work_that_paused_by_itself_stand_there(world: World, operator: Operator) -> None:
    find_down(world)
    fall_out(world, 2)
    job = planned(operator, **PLAN)
    world.olt.refuse["ALCL-ORD-0"] = "unknown_serial"
    operator.post(f"{job}/start")
    world.work_at_jobs(5)
    page = operator.get("/").text
    assert f"<code>{KEY}</code>" in page
    assert '<strong>1</strong><span>Systems down</span>' in page
    assert "The first one failed otherwise than before" in page
    assert f'href="{job}"' in page


def test_the_day_is_drawn_without_styles_or_scripts_and_told_as_a_table(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    page = operator.get("/").text
    assert "Started: 3, Completed: 0, Fell out: 3 in the last 24 hours" in page
    assert len(re.findall(r"<rect class=", page)) == 2
    assert ' style=' not in page[page.index("<svg") :]
    assert len(re.findall(r'<th scope="row">', page)) == 24


def test_who_sees_one_process_sees_that_one(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    eve = somebody(world, "Eve", "operator@other")
    page = eve.get("/").text
    assert "ORD-0" not in page
    assert "Systems down" not in page
    assert "ORD-0" in somebody(world, "Otto", "operator@activate").get("/").text


def test_the_first_page_brings_its_changes(world: World, operator: Operator) -> None:
    fall_out(world, 1)
    part = operator.get("/", **{"HX-Request": "true"}).text
    assert "<html" not in part
    assert "port_taken" in part


def test_bars_stand_beside_one_another_within_the_chart() -> None:
    hours = [HourView(NOON + timedelta(hours=n), n, 2 * n, 37 if n == 5 else 0) for n in range(24)]
    chart = draw(hours)
    assert chart.top == 50
    assert len(chart.bars) == 23 + 23 + 1
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH for bar in chart.bars)
    assert all(bar.y >= 0 and abs(bar.y + bar.height - HEIGHT) < 0.2 for bar in chart.bars)
    for one, other in zip(chart.bars, chart.bars[1:], strict=False):
        assert one.x + one.width <= other.x
    assert draw([HourView(NOON, 0, 0, 0)]).bars == []
