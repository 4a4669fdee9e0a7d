"""For whom a task is and by when, as its diagram says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.engine import queries
from app.engine.queries import UserTaskView
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def one_task(bench: Bench, process_id: str = "p", given: dict[str, Any] | None = None, **said: Any) -> str:
    diagram = Diagram(process_id).start("s").user("u", **said).end("e").chain("s", "u", "e")
    instance_id = bench.start(diagram, **(given or {}))
    bench.advance(instance_id)
    return instance_id


def listed(bench: Bench, **asked: Any) -> list[UserTaskView]:
    with bench.database.reading() as connection:
        return queries.list_user_tasks(connection, **asked).items


def test_a_task_goes_to_its_assignee_and_is_for_its_groups(bench: Bench) -> None:
    one_task(bench, assignee="=who", groups="field, noc", given={"who": "ann"})
    (task,) = listed(bench)
    assert (task.assignee, task.groups) == ("ann", ("field", "noc"))
    assert [each.id for each in listed(bench, assignee="ann")] == [task.id]


def test_groups_find_their_tasks_by_whole_names_until_somebody_takes_them(bench: Bench) -> None:
    instance_id = one_task(bench, groups='=["field_north", "50%"]')
    assert [len(listed(bench, groups=asked)) for asked in (["field_north"], ["50%"], ["x", "50%"])] == [1, 1, 1]
    assert [listed(bench, groups=asked) for asked in (["field"], ["5_%"], ['"'], [])] == [[], [], [], []]
    with bench.database.transaction() as tx:
        bench.engine.claim_task(tx, bench.task(instance_id), "ann")
    assert listed(bench, groups=["field_north"]) == []


def test_what_is_due_first_comes_first_and_what_has_no_date_last(bench: Bench) -> None:
    for process_id, due in (("never", None), ("late", '="2026-03-05"'), ("soon", '=string(now() + duration("PT1H"))')):
        one_task(bench, process_id, due=due, follow_up="2026-03-02T13:30:00Z" if due else None)
    found = listed(bench, by_due=True)
    assert [task.process_id for task in found] == ["soon", "late", "never"]
    assert found[0].due_at == bench.clock.now() + timedelta(hours=1)
    assert found[1].due_at == datetime.fromisoformat("2026-03-05T00:00:00Z")
    assert found[1].follow_up_at == datetime.fromisoformat("2026-03-02T13:30:00Z")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"due": "=tomorrow"}, "due date of 'u' has to be a date"),
        ({"follow_up": "soon"}, "follow-up date of 'u' has to be a date"),
        ({"groups": "=5"}, "candidate groups of 'u' have to be a list"),
        ({"assignee": "=5"}, "assignee of 'u' has to be a name"),
    ],
)
def test_what_cannot_be_used_falls_out_and_goes_on_once_it_is_corrected(
    bench: Bench, said: dict[str, str], message: str
) -> None:
    instance_id = one_task(bench, given={"tomorrow": "mañana"}, **said)
    (incident,) = bench.incidents(instance_id)
    assert message in incident.message
    if "=tomorrow" in said.values():
        bench.act("retry_with_inputs", instance_id, {"tomorrow": "2026-03-03"})
        assert bench.standing(instance_id) == {"u": "user_task"}
        assert len(listed(bench)) == 1
