"""What a new version would mean to whatever is open."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine import definitions
from app.engine.migration.ahead import following, places_of, reach
from app.engine.migration.outlook import Forecast, Outlooks
from app.engine.tables import token
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import FLOWS, play
from tests.factories.steps import HANDLERS
from tests.factories.triggers import cancel, message, signal


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


def flow(*users: str, sub: str | None = None) -> Diagram:
    diagram = Diagram("p").start().end()
    for user in users:
        diagram.user(user)
    if sub is None:
        return diagram.chain("s", *users, "e")
    diagram.sub("x", Diagram("i").start("xs").user(sub).end("xe").chain("xs", sub, "xe"))
    return diagram.chain("s", *users, "x", "e")


def started(bench: Bench, completed: int) -> str:
    """An instance on the newest version in which so many tasks are done."""
    instance_id = bench.start("p")
    bench.run(instance_id)
    for _ in range(completed):
        bench.complete(instance_id)
        bench.run(instance_id)
    return instance_id


def forecast(bench: Bench, diagram: Diagram) -> Forecast:
    examined, findings = definitions.examine(diagram.xml(), bench.registry)
    assert examined is not None, findings
    with bench.database.reading() as connection:
        return Outlooks(bench.engine).forecast(connection, examined)


def found(forecast: Forecast) -> dict[str, str]:
    return {each.instance_id: each.finding for outlook in forecast.outlooks for each in outlook.verdicts}


def test_an_instance_is_unaffected_if_what_it_can_still_come_to_is_the_same(bench: Bench) -> None:
    bench.deploy(flow("u", "v", "w"))
    behind, before, at = (started(bench, completed) for completed in (2, 0, 1))
    told = forecast(bench, flow("u", "w"))
    assert found(told) == {behind: "unaffected", before: "can_move", at: "blocked"}
    (outlook,) = told.outlooks
    (blocked,) = [verdict for verdict in outlook.verdicts if verdict.finding == "blocked"]
    assert [(each.code, each.element_id) for each in blocked.obstacles] == [("no_counterpart", "v")]
    assert (told.newest, outlook.open, outlook.count("unaffected")) == (1, 3, 1)
    assert {(each.kind, each.id) for each in told.changes} >= {("removed", "v")}


def test_a_step_that_is_put_in_ahead_concerns_it_and_one_behind_does_not(bench: Bench) -> None:
    bench.deploy(flow("u", "v"))
    first, second = started(bench, 0), started(bench, 1)
    assert found(forecast(bench, flow("u", "n", "v"))) == {first: "can_move", second: "unaffected"}


def test_what_lies_round_the_sub_process_in_which_it_stands_concerns_it(bench: Bench) -> None:
    bench.deploy(flow("u", sub="inner"))
    before, inside = started(bench, 0), started(bench, 1)
    behind = Diagram("p").start().user("u").user("n").end().chain("s", "u", "x", "n", "e")
    behind.sub("x", Diagram("i").start("xs").user("inner").end("xe").chain("xs", "inner", "xe"))
    assert found(forecast(bench, behind)) == {before: "can_move", inside: "can_move"}
    assert found(forecast(bench, flow("n", "u", sub="inner"))) == {before: "unaffected", inside: "unaffected"}


def test_what_lies_behind_it_in_the_same_sub_process_does_not_concern_it(bench: Bench) -> None:
    def nested(*users: str) -> Diagram:
        inside = Diagram("i").start("xs").end("xe").chain("xs", *users, "xe")
        for user in users:
            inside.user(user)
        return Diagram("p").start().sub("x", inside).end().chain("s", "x", "e")

    bench.deploy(nested("u", "v"))
    first, last = started(bench, 0), started(bench, 1)
    assert found(forecast(bench, nested("u", "n", "v"))) == {first: "can_move", last: "unaffected"}


def test_what_lies_in_a_sub_process_that_fell_out_before_it_began_concerns_it(bench: Bench) -> None:
    def nested(*users: str) -> Diagram:
        inside = Diagram("i").start("xs").end("xe").chain("xs", *users, "xe")
        for user in users:
            inside.user(user)
        mapped = {"n": "=count(for i in 1..9999999 return i)"}
        return Diagram("p").start().sub("x", inside, inputs=mapped).end().chain("s", "x", "e")

    bench.deploy(nested("u"))
    fallen = started(bench, 0)
    assert bench.standing(fallen) == {"x": "incident"}
    assert found(forecast(bench, nested("u", "v"))) == {fallen: "can_move"}


def test_what_may_begin_around_it_concerns_it_and_what_takes_back_nothing_does_not(bench: Bench) -> None:
    halt = Diagram("h").start("hs", signal("halt")).end("he").chain("hs", "he")
    bench.deploy(flow("u", "v"))
    first, last = started(bench, 0), started(bench, 1)
    with_boundary = flow("u", "v").boundary("b", "u", message("late", "=x")).end("be").chain("b", "be")
    assert found(forecast(bench, with_boundary)) == {first: "can_move", last: "unaffected"}
    assert found(forecast(bench, flow("u", "v").event_sub("es", halt))) == {first: "can_move", last: "can_move"}
    undone = flow("u", "v").service("undo", "t.quiet").undoes("u")
    assert found(forecast(bench, undone)) == {first: "can_move", last: "unaffected"}


def test_the_instances_of_every_version_are_tested(bench: Bench) -> None:
    bench.deploy(flow("u"))
    old = started(bench, 0)
    bench.deploy(flow("u", "v"))
    new = started(bench, 0)
    told = forecast(bench, flow("u", "v", "w"))
    assert [outlook.plan.source.version for outlook in told.outlooks] == [2, 1]
    assert found(told) == {new: "can_move", old: "can_move"}


def test_the_first_version_of_a_process_concerns_nobody(bench: Bench) -> None:
    told = forecast(bench, flow("u"))
    assert (told.newest, told.changes, told.outlooks) == (None, (), ())


def test_nothing_is_changed_by_it(bench: Bench) -> None:
    bench.deploy(flow("u", "v"))
    instance_id = started(bench, 0)
    before = bench.tokens(instance_id)
    forecast(bench, flow("v"))
    assert bench.tokens(instance_id) == before


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_no_flow_ever_comes_to_what_was_not_ahead_of_it(bench: Bench, name: str) -> None:
    """Wherever a flow is looked at: so an instance that is called unaffected misses nothing."""
    flow = FLOWS[name]()
    bench.deploy(flow.diagram)
    instance_id = flow.begin(bench)
    looks: list[tuple[int, set[str]]] = []

    def look() -> None:
        with bench.database.reading() as connection:
            live = bench.engine.desk.instances.read(connection, instance_id)
            diagram = live.program.diagram
        looks.append((live.tree.next_number, reach(following(diagram), list(places_of(live)))))

    look()
    play(bench, flow, instance_id, look)
    undone = {step.number for step in bench.calls if step.undoes is not None}  # by what was recorded when it was done
    visited = (token.c.number, token.c.element_id)
    query = sa.select(*visited).where(token.c.instance_id == instance_id, token.c.call == 0)
    with bench.database.reading() as connection:
        rows = [row for row in connection.execute(query) if row.element_id is not None and row.number not in undone]
    assert len(looks) > 1
    for number, ahead in looks:
        assert {row.element_id for row in rows if row.number >= number} <= ahead


def test_what_is_drawn_to_take_work_back_is_ahead_of_a_transaction_that_may_be_cancelled(bench: Bench) -> None:
    inside = Diagram("x").start("s2").service("a", "t.name").service("back", "t.quiet").undoes("a").user("u")
    inside.end("no", cancel()).chain("s2", "a", "u", "no")
    diagram = Diagram("p").start().transaction("tx", inside).boundary("over", "tx", cancel()).end("e").end("e2")
    drawn, findings = definitions.examine(diagram.chain("s", "tx", "e").chain("over", "e2").xml(), bench.registry)
    assert drawn is not None, findings
    assert "back" in reach(following(drawn), ["tx", "u"])
