"""Which fields are personal, and what an instance holds in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.engine.personal import KEPT_S, PersonalFields
from app.engine.queries.personal import declared_personal, personal_texts
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

SCHEMA = {
    "type": "object",
    "properties": {
        "phone": {"type": "string", "x-personal": True},
        "order": {"type": "object", "properties": {"email": {"type": "string", "x-personal": True}}},
        "sites": {"type": "array", "items": {"properties": {"street": {"x-personal": True}, "olt": {}}}},
        "speed": {"type": "integer", "x-personal": False},
    },
}


def flow() -> Diagram:
    diagram = Diagram("p").start("s").service("a", "t.refuse", inputs={"code": "=nick"})
    return diagram.end("e").chain("s", "a", "e").variables(SCHEMA)


def test_a_process_declares_them_in_its_schema_however_deep(bench: Bench) -> None:
    bench.deploy(flow())
    bench.deploy(Diagram("q").start("s").end("e").chain("s", "e"))
    with bench.database.reading() as connection:
        assert declared_personal(connection) == {"phone", "email", "street"}


def test_an_instances_texts_are_those_of_its_variables_and_open_steps(bench: Bench) -> None:
    instance_id = bench.start(flow(), phone="0171 2345678", order={"email": "anna@example.org"}, nick="annaschmidt")
    other = bench.start("p", phone="030 999999", nick="bert")
    for each in (instance_id, other):
        bench.run(each)
    with bench.database.reading() as connection:
        texts = personal_texts(connection, [instance_id], {"phone", "email"})
        inputs = personal_texts(connection, [instance_id], {"code"})
    assert texts == {instance_id: {"0171 2345678", "anna@example.org"}}
    assert inputs == {instance_id: {"annaschmidt"}}


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_deployed_is_known_within_seconds_without_a_query_each_time(bench: Bench) -> None:
    watch, asked = Watch(), []
    fields = PersonalFields(bench.database, frozenset({"of_settings"}), watch)
    sa.event.listen(bench.database._reader, "begin", lambda connection: asked.append(1))
    assert fields.names() == {"of_settings"}
    bench.deploy(flow())
    watch.now = KEPT_S - 0.1
    assert (fields.names(), len(asked)) == ({"of_settings"}, 1)
    watch.now = KEPT_S
    assert fields.names() == {"of_settings", "phone", "email", "street"}
    assert len(asked) == 2


def test_while_the_database_is_away_those_that_were_known_are_known(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.deploy(flow())
    watch = Watch()
    fields = PersonalFields(bench.database, frozenset(), watch)
    known = fields.names()

    def away() -> None:
        raise sa.exc.OperationalError("SELECT 1", None, Exception("away"))

    monkeypatch.setattr(bench.database, "reading", away)
    watch.now = timedelta(hours=1).total_seconds()
    assert fields.names() == known == {"phone", "email", "street"}
