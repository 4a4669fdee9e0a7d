"""What came and went by the hour, what is overdue, what has waited longest; on each store."""

from __future__ import annotations

from datetime import timedelta

from app.engine import queries
from tests.factories.rows import START, Read, Rows, at

HOUR = 3600
NOW = START + timedelta(hours=30, minutes=20)  # the hour is twenty minutes old


def test_each_hour_has_what_was_started_completed_and_fell_out_in_it(rows: Rows, read: Read) -> None:
    rows.instance("long ago", 6 * HOUR, state="completed", ended_at=at(30 * HOUR + 60))
    rows.instance("first", 7 * HOUR + 1, incidents=1)
    rows.instance("cancelled", 29 * HOUR, state="cancelled", ended_at=at(30 * HOUR))
    rows.instance("just now", 30 * HOUR + 1199, process_id="q", state="suspended")
    rows.incident("n1", "first", 8 * HOUR)
    rows.incident("n2", "first", 30 * HOUR, state="resolved")
    hours = read(queries.by_hour, NOW)
    assert [hour.since for hour in hours] == [at(n * HOUR) for n in range(7, 31)]
    found = {n: (hour.started, hour.completed, hour.fallen_out) for n, hour in enumerate(hours) if hour != still(hour)}
    assert found == {0: (1, 0, 0), 1: (0, 0, 1), 22: (1, 0, 0), 23: (1, 1, 1)}
    of_q = read(queries.by_hour, NOW, {"q"})
    assert (sum(hour.started for hour in of_q), sum(hour.fallen_out for hour in of_q)) == (1, 0)


def still(hour: queries.HourView) -> queries.HourView:
    return queries.HourView(hour.since, 0, 0, 0)


def test_the_pace_is_that_of_the_last_sixty_minutes(rows: Rows, read: Read) -> None:
    rows.instance("before", 29 * HOUR, state="completed", ended_at=at(29 * HOUR + 60))
    rows.instance("well", 29.5 * HOUR, state="completed", ended_at=at(30 * HOUR))
    rows.instance("cancelled", 30 * HOUR, state="cancelled", ended_at=at(30 * HOUR + 5))
    assert read(queries.pace, NOW) == queries.Pace(started=2, completed=1)
    assert read(queries.pace, NOW, {"q"}) == queries.Pace(0, 0)


def test_what_is_due_and_nobody_sees_to_is_overdue_the_oldest_first(rows: Rows, read: Read) -> None:
    rows.instance("i", business_key="ORD-1")
    rows.instance("asleep", state="suspended")
    for seconds, kind in ((50, "timer"), (10, "retry"), (30, "callback"), (5, "message"), (200, "timer")):
        rows.token("i", f"at {kind}", kind, due_at=at(seconds))
    rows.token("asleep", "t", "timer", due_at=at(1))
    page = read(queries.overdue, at(110), limit=2)
    assert [(view.kind, view.element_id, view.at) for view in page.items] == [
        ("retry", "at retry", at(10)),
        ("callback", "at callback", at(30)),
    ]
    assert page.total == 3
    assert page.items[0].business_key == "ORD-1"
    assert read(queries.overdue, at(60)).items == []
    assert read(queries.overdue, at(110), {"q"}).total == 0


def test_a_task_past_the_time_by_which_it_was_to_be_done_is_overdue(rows: Rows, read: Read) -> None:
    rows.instance("i", business_key="ORD-1")
    for number, due_s in enumerate((100, 50, None), 1):
        rows.token("i", f"visit {number}", "user_task")
        rows.user_task("i", number, due_at=None if due_s is None else at(due_s))
    done = rows.passed("i", "visit 4", ended_s=60)
    rows.user_task("i", done, due_at=at(1))
    rows.token("i", "t", "timer", due_at=at(30))
    page = read(queries.overdue, at(110))
    assert [(view.kind, view.at) for view in page.items] == [
        ("timer", at(30)),
        ("user_task", at(50)),
        ("user_task", at(100)),
    ]
    assert page.total == 3
    assert read(queries.overdue, at(49)).total == 0


def test_of_each_kind_the_one_that_has_waited_longest(rows: Rows, read: Read) -> None:
    rows.instance("a", 1, business_key="ORD-a")
    rows.instance("b", 2, process_id="q")
    rows.instance("over", 0, state="completed", ended_at=at(3))
    rows.instance("asleep", 0, state="suspended")
    rows.token("b", "visit", "user_task", since=at(10))
    rows.token("a", "visit", "user_task", since=at(20))
    rows.token("asleep", "visit", "user_task", since=at(0))
    rows.token("a", "work", "job", since=at(30))
    rows.incident("n1", "b", 40, element_id="x")
    found = {view.kind: (view.instance_id, view.at) for view in read(queries.longest)}
    assert found == {
        "instance": ("a", at(1)),
        "user_task": ("b", at(10)),
        "job": ("a", at(30)),
        "incident": ("b", at(40)),
    }
    mine = {view.kind: view.instance_id for view in read(queries.longest, {"p"})}
    assert mine == {"instance": "a", "user_task": "a", "job": "a"}
    assert read(queries.longest, set()) == []
