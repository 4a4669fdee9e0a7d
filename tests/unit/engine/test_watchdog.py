"""No silent stall: what nothing recorded can move becomes an incident (DESIGN promise 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict
from app.engine import watchdog
from app.engine.tables import token
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import FLOWS


def watch(bench: Bench) -> list[watchdog.Stall]:
    bench.clock.advance(timedelta(minutes=1))
    with bench.database.reading() as connection:
        stalls = watchdog.find_stalled(connection, bench.clock.now())
    with bench.database.transaction() as tx:
        for stall in stalls:
            watchdog.report(tx, stall, bench.clock.now())
    return stalls


def test_a_join_that_never_gets_its_second_token_becomes_an_incident(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").xor("g", default="no").parallel("j").chain("s", "g").chain("j", "e")
    diagram.service("a", "t.name").service("b", "t.name").flow("g", "a", "=true").flow("g", "b", id="no")
    instance_id = bench.start(diagram.chain("a", "j").chain("b", "j"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"j": "join"}
    assert [stall.elements for stall in watch(bench)] == [("j",)]
    assert bench.state(instance_id) == "fallen_out"
    assert bench.incidents(instance_id)[0].code == "Stalled"
    assert watch(bench) == []
    with pytest.raises(Conflict, match="No action"):
        bench.act("retry", instance_id)


def test_a_token_whose_reason_was_lost_becomes_an_incident(bench: Bench) -> None:
    instance_id = bench.start(Diagram("p").start("s").user("u").end("e").chain("s", "u", "e"))
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        tx.connection.execute(sa.update(token).where(token.c.kind == "user_task").values(kind=None))
    assert len(watch(bench)) == 1


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_that_waits_for_something_is_left_alone(bench: Bench, name: str) -> None:
    flow = FLOWS[name]()
    instance_id = flow.begin(bench)
    bench.advance(instance_id)
    assert watch(bench) == []


def test_every_open_token_has_a_reason(bench: Bench) -> None:
    for name, make in FLOWS.items():
        flow = make()
        instance_id = flow.begin(bench)
        bench.run(instance_id)
        assert None not in bench.standing(instance_id).values(), name
