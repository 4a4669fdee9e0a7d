"""Workers of two releases on one PostgreSQL: what one does not know it leaves to the other, and spoils nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.tables import history, incident, process_definition, process_instance, token
from app.handling import Done, Work, handles
from tests.conftest import spoil
from tests.factories.diagrams import Diagram
from tests.factories.sites import Site, line, quick
from tests.unit.dispatch.waiting import until

PATIENCE_S = 60
MakeSite = Callable[..., Site]


@pytest.fixture
def database(postgres_database: Database) -> Database:
    return postgres_database


@pytest.fixture
def make_site(database: Database, clock: FixedClock) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(*handlers: Any) -> Site:
        site = Site(database, clock, handlers, patience_s=PATIENCE_S)
        made.append(site)
        site.dispatch.start()
        return site

    yield make
    for site in made:
        site.end()


@handles("t.new")
def new(work: Work) -> Done:
    """Of the next release."""
    return Done()


def rows(database: Database, table: sa.Table, *columns: str) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(*(table.c[name] for name in columns))))


def deployed_by_the_next_release(site: Site) -> str:
    """A flow with a handler that this release has no idea of."""
    diagram = line("a", "b", diagram=Diagram("p").service("a", "t.quick").service("b", "t.new"))
    newer = Site(site.database, site.clock, [quick, new])
    newer.deploy(diagram)
    return newer.start()


def test_a_step_whose_handler_is_not_known_waits_for_a_worker_that_knows_it(make_site: MakeSite) -> None:
    old = make_site(quick)
    instance_id = deployed_by_the_next_release(old)
    until(lambda: old.waits(instance_id) == {"b": "job"})
    old.sweep_for_the_lost()
    until(lambda: old.queued() == [])
    assert (old.waits(instance_id), old.state(instance_id)) == ({"b": "job"}, "active")
    newer = make_site(quick, new)
    for _ in range(50):
        if newer.is_completed(instance_id):
            break
        newer.sweep_for_the_lost()
        until(lambda: newer.queued() == [])
    until(lambda: newer.is_completed(instance_id))
    assert rows(old.database, token, "element_id", "attempt")[1:3] == [("a", 1), ("b", 1)]


def test_a_handler_that_nobody_knows_is_an_incident(make_site: MakeSite) -> None:
    old = make_site(quick)
    instance_id = deployed_by_the_next_release(old)
    until(lambda: old.waits(instance_id) == {"b": "job"})
    old.pass_time(PATIENCE_S)
    old.sweep_for_the_lost()
    until(lambda: old.state(instance_id) == "fallen_out")
    assert rows(old.database, incident, "code") == [("UnknownHandler",)]


def test_a_construct_that_is_not_known_is_left_as_it_is(make_site: MakeSite, database: Database) -> None:
    old = make_site(quick)
    diagram = line("a", diagram=Diagram("p").service("a", "t.quick"))
    old.deploy(diagram)
    newer_document = diagram.xml().replace(b"serviceTask", b"quantumTask")
    with database.transaction() as tx:
        tx.connection.execute(sa.update(process_definition).values(document=newer_document))
    instance_id = old.start()
    before = rows(database, process_instance, "revision", "state", "wake_at")
    until(lambda: old.engine.taken and old.queued() == [] and old.worker.unfinished() == [])
    assert rows(database, process_instance, "revision", "state", "wake_at") == before
    assert rows(database, token, "number") == rows(database, history, "kind") == []

    with database.transaction() as tx:
        tx.connection.execute(sa.update(process_definition).values(document=diagram.xml()))
    newer = make_site(quick)
    newer.sweep_for_the_lost()
    until(lambda: newer.is_completed(instance_id))


def test_a_token_that_waits_for_something_new_is_left_alone(
    make_site: MakeSite, database: Database, clock: FixedClock
) -> None:
    spoil(database)
    old = make_site(quick)
    diagram = Diagram("p").parallel("f").parallel("j").start("s").end("e").chain("s", "f").chain("j", "e")
    diagram.message("a", "new", "=1").message("b", "known", "=1").chain("f", "a", "j").chain("f", "b", "j")
    old.deploy(diagram)
    instance_id = old.start()
    until(lambda: old.waits(instance_id) == {"a": "message", "b": "message"})
    with database.transaction() as tx:
        tx.connection.execute(sa.update(token).where(token.c.element_id == "a").values(kind="moon_phase"))
        tx.connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    old.publish("known", "1")
    until(lambda: old.waits(instance_id) == {"a": "moon_phase", "j": "join"})
    clock.advance(timedelta(minutes=5))
    old.dispatch.upkeep.watch()
    assert old.state(instance_id) == "active"
    assert old.waits(instance_id) == {"a": "moon_phase", "j": "join"}
