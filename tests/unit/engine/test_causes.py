"""What is open by what caused it, on each store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.db import Database
from app.engine import queries, watchdog
from app.engine.queries.causes import UnknownCause
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.retries import line
from tests.factories.rows import Read, Rows, at


@pytest.fixture
def rows(database: Database) -> Rows:
    made = Rows(database)
    for process_id in ("p", "q"):
        made.definition(process_id)
        made.instance(f"in {process_id}", process_id=process_id, business_key=f"ORD-{process_id}")
    return made


def test_causes_are_counted_the_most_frequent_first_with_the_one_that_waits_longest(rows: Rows, read: Read) -> None:
    rows.incident("n1", "in p", 10, cause="rare", handler="t.a")
    for number in range(3):
        rows.incident(f"m{number}", "in q" if number else "in p", 20 + number, cause="often", message=f"port {number}")
    page = read(queries.list_causes)
    assert [(cause.id, cause.count, dict(cause.processes)) for cause in page.items] == [
        ("often", 3, {"q": 2, "p": 1}),
        ("rare", 1, {"p": 1}),
    ]
    often = page.items[0]
    assert (often.oldest.id, often.oldest.business_key, often.message) == ("m0", "ORD-p", "port *")
    assert (often.first_seen_at, often.last_seen_at, often.under_way) == (at(20), at(22), 0)
    assert page.total == 2


def test_when_a_cause_was_seen_first_and_last_counts_what_is_settled_by_now(rows: Rows, read: Read) -> None:
    rows.incident("n1", "in p", 1, state="resolved", outcome="passed")
    rows.incident("n2", "in p", 5)
    rows.incident("n3", "in p", 9, state="acted_on")
    (cause,) = read(queries.list_causes).items
    assert (cause.count, cause.under_way, cause.oldest.id) == (1, 1, "n2")
    assert (cause.first_seen_at, cause.last_seen_at) == (at(1), at(9))


def test_causes_are_filtered_by_process_and_handler_and_by_what_one_may_see(rows: Rows, read: Read) -> None:
    rows.incident("n1", "in p", 1, cause="one", handler="t.a")
    rows.incident("n2", "in q", 2, cause="one", handler="t.a")
    rows.incident("n3", "in q", 3, cause="two", handler="t.b")

    def found(**filters: Any) -> list[tuple[str, int, str]]:
        return [(each.id, each.count, each.oldest.id) for each in read(queries.list_causes, **filters).items]

    assert found(process_id="q") == [("one", 1, "n2"), ("two", 1, "n3")]
    assert found(handler="t.b") == [("two", 1, "n3")]
    assert found(among={"p"}) == [("one", 1, "n1")]
    assert found(among=set()) == []
    with pytest.raises(UnknownCause):
        read(queries.get_cause, "two", among={"p"})


def test_a_long_list_of_causes_has_pages(rows: Rows, read: Read) -> None:
    for number in range(5):
        rows.incident(f"n{number}", "in p", number, cause=f"c{number}")
    first, second = (read(queries.list_causes, limit=3, offset=offset) for offset in (0, 3))
    assert [cause.id for cause in (*first.items, *second.items)] == [f"c{number}" for number in range(5)]
    assert first.total >= 4
    assert second.total == 5


def test_a_cause_of_which_nothing_is_open_any_more_is_still_known(rows: Rows, read: Read) -> None:
    rows.incident("n1", "in p", 1, state="resolved", outcome="passed")
    rows.incident("n2", "in p", 2, state="resolved", outcome="passed")
    cause = read(queries.get_cause, "c1")
    assert (cause.count, dict(cause.processes), cause.oldest.id) == (0, {}, "n2")
    assert read(queries.list_causes).items == []
    with pytest.raises(UnknownCause):
        read(queries.get_cause, "none")


def test_incidents_are_found_by_their_cause_and_handler(rows: Rows, read: Read) -> None:
    rows.incident("n1", "in p", 1, cause="one", handler="t.a")
    rows.incident("n2", "in q", 2, cause="two", handler="t.a")
    assert [row.id for row in read(queries.list_incidents, cause="one").items] == ["n1"]
    assert [row.id for row in read(queries.list_incidents, handler="t.a").items] == ["n2", "n1"]
    assert [row.id for row in read(queries.list_incidents, handler="t.b").items] == []


def causes(bench: Bench) -> list[Any]:
    with bench.database.reading() as connection:
        return list(queries.list_causes(connection).items)


def test_orders_that_fail_alike_are_one_cause_and_others_are_others(bench: Bench) -> None:
    bench.deploy(Diagram("p").start().end().service("a", "t.refuse").chain("s", "a", "e"))
    bench.deploy(Diagram("q").start().end().service("a", "t.refuse").chain("s", "a", "e"))
    for process_id, code in (("p", "port_taken"), ("p", "port_taken"), ("p", "no_light"), ("q", "port_taken")):
        bench.run(bench.start(process_id, code=code))
    first, *others = causes(bench)
    assert (first.count, first.oldest.process_id, first.oldest.code) == (2, "p", "port_taken")
    assert len(others) == 2
    assert first.oldest.signature == "p a t.refuse port_taken no free port near *"


def test_customers_who_are_refused_alike_are_one_cause_that_names_none_of_them(bench: Bench) -> None:
    bench.deploy(Diagram("p").start().end().service("bill", "t.blocked").chain("s", "bill", "e"))
    for customer in ("Ken Tanaka", "Mei Novak"):
        bench.run(bench.start("p", customer=customer))
    (cause,) = causes(bench)
    assert (cause.count, cause.message) == (2, "The account of * is blocked")


def test_a_step_of_a_called_process_is_one_cause_whoever_calls_it(bench: Bench) -> None:
    bench.deploy(line("shared", "t.refuse"))
    for process_id in ("p", "q"):
        bench.deploy(Diagram(process_id).start("s").end("e").call("c", "shared").chain("s", "c", "e"))
        bench.run(bench.start(process_id))
    (cause,) = causes(bench)
    assert (cause.count, dict(cause.processes)) == (2, {"p": 1, "q": 1})
    assert cause.oldest.signature.startswith("shared activate t.refuse port_taken ")


def test_what_stands_still_and_what_no_worker_can_move_have_causes_too(bench: Bench) -> None:
    stuck = Diagram("p").start().end().xor("f", default="n").parallel("j").chain("s", "f").chain("j", "e")
    bench.deploy(stuck.flow("f", "j", id="n").flow("f", "j", "=false"))
    for _ in range(2):
        bench.run(bench.start("p"))
    bench.clock.advance(timedelta(minutes=1))
    with bench.database.transaction() as tx:
        for stall in watchdog.find_stalled(tx.connection, bench.clock.now()):
            assert watchdog.report(tx, stall, bench.clock.now())
    (cause,) = causes(bench)
    assert (cause.count, cause.oldest.code, cause.can_be_retried) == (2, "Stalled", False)
    instance_id = cause.oldest.instance_id
    with bench.database.transaction() as tx:
        watchdog.report_failing(tx, instance_id, ValueError("bad row 17"), bench.clock.now())
    assert {each.oldest.signature for each in causes(bench)} >= {"p - - AdvanceFailed ValueError: bad row *"}
