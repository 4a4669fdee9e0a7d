"""What is read of instances, on each store, from rows written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import queries
from app.engine.definitions import UnknownProcess
from tests.factories.rows import CANCELLED, Read, Rows, at


def ids(page: queries.Page[Any]) -> list[str]:
    return [item.id for item in page.items]


def test_a_list_begins_with_the_youngest_and_counts_all_of_them(rows: Rows, read: Read) -> None:
    for number in range(5):
        rows.instance(f"i{number}", started_s=number)
    page = read(queries.list_instances, limit=2, offset=1)
    assert (ids(page), page.total) == (["i3", "i2"], 5)


def test_a_page_past_the_end_is_empty_and_still_knows_the_total(rows: Rows, read: Read) -> None:
    rows.instance("i1")
    page = read(queries.list_instances, limit=10, offset=10)
    assert (page.items, page.total) == ([], 1)


def test_fallen_out_is_active_with_an_open_incident(rows: Rows, read: Read) -> None:
    rows.instance("well")
    rows.instance("stuck", incidents=2)
    rows.instance("done", state="completed", ended_at=at(9))
    assert ids(read(queries.list_instances, state="active", limit=9)) == ["well"]
    assert ids(read(queries.list_instances, state="fallen_out", limit=9)) == ["stuck"]
    assert ids(read(queries.list_instances, state="completed", limit=9)) == ["done"]
    assert read(queries.get_instance, "stuck").state == "fallen_out"
    others = {"suspended": 0, "cancelled": 0}
    assert read(queries.count_by_state) == {"active": 1, "fallen_out": 1, "completed": 1, **others}


def test_counts_can_be_those_of_one_process(rows: Rows, read: Read) -> None:
    rows.instance("a", process_id="p")
    rows.instance("b", process_id="q")
    assert read(queries.count_by_state, "q")["active"] == 1
    assert ids(read(queries.list_instances, process_id="q", limit=9)) == ["b"]


def test_search_is_part_of_a_business_key_or_a_whole_id(rows: Rows, read: Read) -> None:
    rows.instance("a", 1, business_key="ORD-2041")
    rows.instance("b", 2)
    rows.instance("c", 3, business_key="ord_50%")
    cases = {"2041": ["a"], "ord-2": ["a"], "b": ["b"], "%": ["c"], "_": ["c"], "ORD": ["c", "a"], "x": []}
    for search, found in cases.items():
        assert ids(read(queries.list_instances, search=search, limit=9)) == found, search


def test_keys_that_begin_as_searched_come_before_those_that_go_on_so(rows: Rows, read: Read) -> None:
    for number, key in enumerate(["ÄB-1", "b-1", "B-12"]):
        rows.instance(f"i{number}", number, business_key=key)
    assert ids(read(queries.list_instances, search="B-1", limit=9)) == ["i2", "i1"]
    assert ids(read(queries.list_instances, search="äB", limit=9)) == ["i0"]
    assert ids(read(queries.list_instances, search="-1", limit=9)) == ["i2", "i1", "i0"]
    assert ids(read(queries.list_instances, search="b-1", process_id="q", limit=9)) == []


def test_a_beginning_of_many_keys_finds_them_all(rows: Rows, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.queries.search.FEW", 2)
    for number in range(4):
        rows.instance(f"i{number}", number, business_key=f"ORD-{number}")
    rows.instance("other", 9, business_key="NO-ORD-1")
    page = read(queries.list_instances, search="ord-", limit=3)
    assert (ids(page), page.total) == (["i3", "i2", "i1"], 4)


def test_counting_stops_and_reading_on_finds_everything(
    rows: Rows, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.pages.COUNT_LIMIT", 3)
    for number in range(9):
        rows.instance(f"i{number}", number, incidents=number % 2)
    assert read(queries.count_by_state) == {
        "active": 3, "fallen_out": 3, "suspended": 0, "completed": 0, "cancelled": 0
    }  # fmt: skip
    for filters in ({}, {"state": "active"}, {"process_id": "p"}, {"state": "active", "process_id": "p"}):
        found: list[str] = []
        while True:
            page = read(queries.list_instances, limit=2, offset=len(found), **filters)
            found += ids(page)
            if len(found) >= page.total:
                break
        assert found == [f"i{n}" for n in range(8, -1, -1) if n % 2 == 0 or "state" not in filters]


def test_counts_do_not_differ_from_lists(rows: Rows, read: Read) -> None:
    states = ("active", "suspended", "completed", "cancelled")
    for number in range(24):
        rows.instance(
            f"i{number:02}",
            number,
            state=states[number % 4],
            process_id="pq"[number % 3 == 0],
            incidents=int(number % 4 < 2 and number % 5 == 0),
        )
    for process_id in (None, "p", "q"):
        counts = read(queries.count_by_state, process_id)
        lists = {
            state: read(queries.list_instances, state=state, process_id=process_id, limit=1).total
            for state in queries.STATES
        }
        every = read(queries.list_instances, process_id=process_id, limit=99)
        assert counts == lists == {state: sum(row.state == state for row in every.items) for state in queries.STATES}
        assert every.total == sum(counts.values()) == read(queries.list_instances, process_id=process_id, limit=1).total


def test_a_business_key_is_matched_exactly(rows: Rows, read: Read) -> None:
    rows.instance("a", 1, business_key="ORD-1")
    rows.instance("b", 2, business_key="ORD-11")
    assert ids(read(queries.list_instances, business_key="ORD-1", limit=9)) == ["a"]


@pytest.mark.parametrize(
    ("tokens", "told", "kind"),
    [
        ([("wait", "message", {"name": "ont_online"})], "message ont_online", "message"),
        ([("a", "timer", {}), ("b", "retry", {})], "retry of b", "retry"),
        ([("a", "claim", {}), ("b", "incident", {})], "incident at b", "incident"),
        ([("a", "child", {}), ("b", "user_task", {}), ("c", "timer", {})], "task b", "user_task"),
        ([("a", "attached", {}), ("b", "claim", {})], "b (running)", "claim"),
        ([("a", "timer", {}), ("b", "timer", {})], "timer a", "timer"),
        ([("a", "callback", {"name": "pushed"})], "message pushed", "callback"),
    ],
)
def test_an_instance_tells_the_most_telling_of_its_waits(
    rows: Rows, read: Read, tokens: list[tuple[str, str, dict[str, str]]], told: str, kind: str
) -> None:
    rows.instance("i")
    rows.instance("other", 1)
    rows.token("other", "zz", "incident")
    for element_id, token_kind, values in tokens:
        rows.token("i", element_id, token_kind, **values)
    row = read(queries.get_instance, "i")
    assert (row.waiting_for, row.waiting_kind) == (told, kind)
    assert {item.id: item.waiting_for for item in read(queries.list_instances, limit=9).items}["i"] == told


def test_an_ended_instance_waits_for_nothing(rows: Rows, read: Read) -> None:
    rows.instance("i", state="completed", ended_at=at(9))
    rows.passed("i", "a", ended_s=9)
    row = read(queries.get_instance, "i")
    assert (row.waiting_for, row.ended_at) == (None, at(9))


def test_an_instance_that_is_not_there_is_not_found(read: Read) -> None:
    with pytest.raises(queries.UnknownInstance, match="'gone'"):
        read(queries.get_instance, "gone")


def test_open_tokens_are_those_that_stand_somewhere_now(rows: Rows, read: Read) -> None:
    rows.instance("i")
    rows.passed("i", "s", ended_s=1)
    facts = {"name": "t.name", "attempt": 2, "inputs": {"b": 1, "a": [2]}, "error": {"code": "X"}, "due_at": at(60)}
    rows.token("i", "a", "retry", **facts)
    (token,) = read(queries.open_tokens, "i")
    assert (token.number, token.element_id, token.kind, token.due_at) == (2, "a", "retry", at(60))
    assert list(token.inputs) == ["b", "a"]
    assert token.error == {"code": "X"}


def test_the_path_counts_visits_and_tells_how_the_last_one_ended(rows: Rows, read: Read) -> None:
    rows.instance("i")
    rows.passed("i", "a", ended_s=1)
    rows.passed("i", "a", ended_s=3)
    rows.passed("i", "a", ended_s=2, state=CANCELLED)
    rows.passed("i", "b", ended_s=4)
    rows.passed("i", "b", ended_s=5, state=CANCELLED)
    rows.passed("i", "late", ended_s=5, state=CANCELLED)
    rows.passed("i", None, ended_s=5)
    rows.token("i", "c", "job")
    assert read(queries.passed_elements, "i") == {
        "a": queries.PassedView(2, at(3), "completed"),
        "b": queries.PassedView(1, at(5), "cancelled"),
        "late": queries.PassedView(0, at(5), "cancelled"),
    }


def test_variables_are_those_of_every_scope_without_the_engine_s_own_notes(rows: Rows, read: Read) -> None:
    rows.instance("i")
    rows.variable("i", "speed_mbps", 500)
    rows.variable("i", "address", {"city": "Köln"})
    rows.variable("i", "local", [1.5, None], scope="/order#1")
    rows.variable("i", "a", 3, kind="n")
    assert read(queries.variables, "i") == [
        queries.VariableView("", "address", {"city": "Köln"}),
        queries.VariableView("", "speed_mbps", 500),
        queries.VariableView("/order#1", "local", [1.5, None]),
    ]


def test_history_merges_what_was_noted_with_what_came_and_went(rows: Rows, read: Read) -> None:
    rows.instance("i")
    done = {"name": "t.name", "attempt": 2, "step_key": "i:/a#1", "claimed_by": "w1"}
    rows.passed("i", "a", ended_s=9, entered_at=at(1), **done)
    rows.passed("i", "u", ended_s=10, entered_at=at(9), claimed_by="ann", state=CANCELLED)
    rows.token("i", "b", "job", entered_at=at(10))
    rows.noted("i", "failed", 5, 3, element_id="a", number=1, detail={"code": "X"})
    rows.noted("i", "action", 7, 4, element_id="a", number=1, actor="olga", detail={"action": "retry"})
    told = [(view.kind, view.element_id, view.actor) for view in read(queries.history, "i")]
    assert told == [
        ("entered", "b", None),
        ("cancelled", "u", "ann"),
        ("entered", "u", None),
        ("completed", "a", None),
        ("action", "a", "olga"),
        ("failed", "a", None),
        ("entered", "a", None),
    ]
    assert read(queries.count_history, "i") == 7
    completed = read(queries.history, "i", limit=1, offset=3)[0]
    assert (completed.at, completed.detail["worker"], completed.detail["attempt"]) == (at(9), "w1", 2)
    assert read(queries.history, "i", limit=1, offset=4)[0].detail == {"action": "retry"}


def test_open_incidents_are_listed_unless_told_otherwise(rows: Rows, read: Read) -> None:
    rows.instance("i", business_key="ORD-1")
    rows.instance("j", process_id="q")
    rows.incident("n1", "i", 1)
    rows.incident("n2", "j", 2)
    rows.incident("n3", "i", 3, state="resolved", action="retry", outcome="passed")
    assert ids(read(queries.list_incidents, limit=9)) == ["n2", "n1"]
    assert ids(read(queries.list_incidents, state=None, instance_id="i", limit=9)) == ["n3", "n1"]
    assert ids(read(queries.list_incidents, process_id="q", limit=9)) == ["n2"]
    shown = read(queries.get_incident, "n1")
    assert (shown.business_key, shown.process_id, shown.raised_at) == ("ORD-1", "p", at(1))
    assert shown.detail == {"inputs": {"port": 1}}
    with pytest.raises(queries.UnknownIncident):
        read(queries.get_incident, "n9")


def test_tasks_are_open_user_tasks_by_how_long_they_wait(rows: Rows, read: Read) -> None:
    rows.instance("i", business_key="ORD-1")
    rows.instance("j", process_id="q")
    rows.token("i", "u", "user_task", name="Call", since=at(20))
    rows.token("j", "u", "user_task", name="Visit", since=at(10), claimed_by="ann")
    rows.token("j", "a", "job")
    rows.passed("j", "u", ended_s=3)
    assert ids(read(queries.list_user_tasks, limit=9)) == ["j:1", "i:1"]
    assert ids(read(queries.list_user_tasks, assignee="ann", limit=9)) == ["j:1"]
    assert ids(read(queries.list_user_tasks, process_id="p", limit=9)) == ["i:1"]
    task = read(queries.get_user_task, "j:1")
    assert (task.name, task.assignee, task.process_id) == ("Visit", "ann", "q")


def test_what_is_no_open_task_is_not_found(rows: Rows, read: Read) -> None:
    rows.instance("j")
    rows.token("j", "u", "user_task", since=at(10))
    rows.token("j", "a", "job")
    for task_id in ("j:2", "j", "j:", ":1", "j:x", "j:²", "j:99999999999999999999", "k:1"):
        with pytest.raises(queries.UnknownTask):
            read(queries.get_user_task, task_id)


def test_definitions_are_listed_with_the_latest_version_of_each(rows: Rows, read: Read) -> None:
    rows.definition("p", 2)
    assert [(d.process_id, d.version) for d in read(queries.list_definitions)] == [("p", 2), ("q", 1)]
    every = [(d.process_id, d.version) for d in read(queries.list_definitions, latest_only=False)]
    assert every == [("p", 2), ("p", 1), ("q", 1)]


def test_a_definition_is_the_latest_unless_a_version_is_named(rows: Rows, read: Read) -> None:
    rows.definition("p", 2)
    assert read(queries.get_definition, "p").version == 2
    first = read(queries.get_definition, "p", 1)
    assert (first.version, first.deployed_at) == (1, at(1))
    assert read(queries.definition_document, first.id) == b"<p-1/>"
    for process_id, version in (("p", 3), ("r", None)):
        with pytest.raises(UnknownProcess):
            read(queries.get_definition, process_id, version)
    with pytest.raises(UnknownProcess):
        read(queries.definition_document, "gone")


def test_called_processes_are_read_apart_from_their_caller(rows: Rows, read: Read) -> None:
    rows.instance("i1", incidents=1)
    rows.passed("i1", "a", ended_s=1)
    call = rows.token("i1", "c", "child", name="q-1", internal='{"called": "q-1", "inside": "/!c#1"}')
    inside = rows.token("i1", "a", "incident", call=call)
    rows.passed("i1", "s", ended_s=3, call=call)
    rows.incident("n1", "i1", number=inside, element_id="a")
    rows.noted("i1", "failed", 5, 2, number=inside, element_id="a")
    rows.noted("i1", "started", 1, 1)
    assert {token.number: token.call for token in read(queries.open_tokens, "i1")} == {call: 0, inside: call}
    assert read(queries.passed_elements, "i1").keys() == {"a"}
    assert read(queries.passed_elements, "i1", call).keys() == {"s"}
    own = {row.kind for row in read(queries.history, "i1", call=0)}
    called = {row.kind for row in read(queries.history, "i1", call=call)}
    assert (own, called) == ({"started", "entered", "completed"}, {"failed", "entered", "completed"})
    assert {row.call for row in read(queries.history, "i1")} == {0, call}
    assert read(queries.get_incident, "n1").call == call
    instance = read(queries.get_instance, "i1")
    assert (instance.waiting_element, instance.waiting_call) == ("a", call)


def test_calls_are_listed_with_what_runs_first_and_what_has_fallen_out(rows: Rows, read: Read) -> None:
    rows.instance("i1")
    done = rows.passed("i1", "c", ended_s=1, name="q-1")
    runs = rows.token("i1", "c", "child", name="q-1", internal='{"inside": "/!c#2"}')
    within = rows.token("i1", "d", "child", name="p-1", call=runs)
    rows.token("i1", "a", "incident", name="some.handler", call=runs)
    found = read(queries.list_calls, "i1")
    assert [(each.number, each.process_id, each.scope, each.fallen_out) for each in found] == [
        (runs, "q", "/!c#2", 1),
        (done, "q", None, 0),
    ]
    assert [(each.number, each.call) for each in read(queries.list_calls, "i1", runs)] == [(within, runs)]
    assert read(queries.get_call, "i1", done).ended_at == at(1)
    with pytest.raises(queries.UnknownCall):
        read(queries.get_call, "i1", 99)


def test_the_iterations_of_a_loop_are_its_visits(rows: Rows, read: Read) -> None:
    rows.instance("i1")
    for second in (1, 2):
        rows.passed("i1", "a", ended_s=second, spec="a each")
    rows.passed("i1", "a", ended_s=3)
    rows.passed("i1", "b", ended_s=4)
    passed = read(queries.passed_elements, "i1")
    assert {element: view.count for element, view in passed.items()} == {"a": 2, "b": 1}
