"""Versions: who deployed them and why, and what nothing new starts on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict, InvalidInput
from app.engine import queries
from app.engine.definitions import UnknownProcess, VersionWithdrawn
from app.engine.migration.doors import Migrations
from app.engine.starts import StartRequest
from app.engine.tables import start_trigger
from app.engine.versions import Versions
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import Trigger, message, timer


def waits_at(user: str, process_id: str = "p", trigger: Trigger | None = None) -> Diagram:
    diagram = Diagram(process_id).start("s", trigger) if trigger is not None else Diagram(process_id).start("s")
    return diagram.user(user).end("e").chain("s", user, "e")


def withdraw(bench: Bench, version: int, process_id: str = "p") -> None:
    with bench.database.transaction() as tx:
        Versions(bench.engine).withdraw(tx, process_id, version, "olga", "it bills twice")


def restore(bench: Bench, version: int, process_id: str = "p") -> None:
    with bench.database.transaction() as tx:
        Versions(bench.engine).restore(tx, process_id, version, "olga", "it was the supplier")


def start(bench: Bench, version: int | None = None, process_id: str = "p") -> int:
    """The version of an instance that is started."""
    with bench.database.transaction() as tx:
        started = bench.engine.start(tx, StartRequest(process_id, {}, version))
    with bench.database.reading() as connection:
        return queries.get_instance(connection, started.instance_id).version


def triggers_of(bench: Bench) -> list[tuple[int, Any]]:
    """(version, due) of what starts instances by itself."""
    with bench.database.reading() as connection:
        versions = {view.id: view.version for view in queries.list_definitions(connection, latest_only=False)}
        rows = connection.execute(sa.select(start_trigger.c.definition_id, start_trigger.c.due_at))
        return [(versions[row.definition_id], row.due_at) for row in rows]


@pytest.fixture
def two(bench: Bench) -> Bench:
    bench.deploy(waits_at("u"))
    bench.deploy(waits_at("v"))
    return bench


def test_a_version_says_who_deployed_it_when_and_why(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        bench.engine.deploy(tx, waits_at("u").xml(), by="olga", reason="speeds over 1 Gbit/s")
    with bench.database.reading() as connection:
        found = queries.get_definition(connection, "p")
    assert (found.deployed_by, found.reason, found.deployed_at) == ("olga", "speeds over 1 Gbit/s", bench.clock.now())
    assert found.withdrawn_at is None


def test_nothing_new_starts_on_a_withdrawn_version_and_what_runs_on_it_goes_on(two: Bench) -> None:
    running = two.start("p")
    withdraw(two, 2)
    assert start(two) == 1
    assert start(two, 1) == 1
    with pytest.raises(VersionWithdrawn, match="Version 2 of process 'p' is withdrawn"):
        start(two, 2)
    two.run(running)
    two.complete(running)
    assert two.state(running) == "completed"
    with two.database.reading() as connection:
        found = queries.get_definition(connection, "p", 2)
    assert (found.withdrawn_by, found.withdrawn_reason) == ("olga", "it bills twice")


def test_a_withdrawn_version_is_put_back(two: Bench) -> None:
    withdraw(two, 2)
    restore(two, 2)
    assert start(two) == start(two, 2) == 2
    with two.database.reading() as connection:
        found = queries.get_definition(connection, "p", 2)
    assert (found.withdrawn_at, found.withdrawn_by, found.withdrawn_reason) == (None, None, None)


def test_with_every_version_withdrawn_a_start_says_what_to_do(two: Bench) -> None:
    withdraw(two, 1)
    withdraw(two, 2)
    with pytest.raises(VersionWithdrawn, match="Put one back, or deploy another"):
        start(two)
    two.deploy(waits_at("w"))
    assert start(two) == 3


def test_it_is_withdrawn_once_and_needs_a_reason_and_a_version_that_there_is(two: Bench) -> None:
    withdraw(two, 2)
    with pytest.raises(Conflict, match="withdrawn already"):
        withdraw(two, 2)
    with pytest.raises(Conflict, match="not withdrawn"):
        restore(two, 1)
    with pytest.raises(UnknownProcess):
        withdraw(two, 3)
    with pytest.raises(InvalidInput, match="Say why"), two.database.transaction() as tx:
        Versions(two.engine).withdraw(tx, "p", 1, "olga", "  ")


def test_where_instances_stand_is_told_for_a_version_and_for_each_of_them(two: Bench) -> None:
    ids = [two.start("p") for _ in range(2)]
    for instance_id in ids:
        two.run(instance_id)
    two.complete(ids[1])
    two.run(ids[1])
    with two.database.reading() as connection:
        assert tuple(queries.count_at(connection, "p", version) for version in (1, 2)) == ({}, {"v": 1})
        assert queries.places_of(connection, ids) == {ids[0]: ["v"]}
        assert [view.version for view in queries.list_versions(connection, "p", 10, 0).items] == [2, 1]


def test_nothing_moves_to_a_withdrawn_version_and_what_is_on_one_moves_away(two: Bench) -> None:
    migrations = Migrations(two.engine)
    withdraw(two, 2)
    with two.database.reading() as connection:
        with pytest.raises(VersionWithdrawn, match="Move to another, or put it back"):
            migrations.plan(connection, "p", 1, 2, {})
        assert migrations.plan(connection, "p", 2, 1, {}).target.version == 1


def test_the_same_content_again_stays_withdrawn_and_says_so(two: Bench) -> None:
    withdraw(two, 2)
    with two.database.transaction() as tx:
        again = two.engine.deploy(tx, waits_at("v").xml())
    assert (again.created, again.version) == (False, 2)
    assert "withdrawn" in [finding.code for finding in again.findings]
    assert start(two) == 1


def test_a_message_starts_the_newest_version_that_is_left(bench: Bench) -> None:
    for user in ("u", "v"):
        bench.deploy(waits_at(user, trigger=message("placed")))
    withdraw(bench, 2)
    (first,) = bench.publish("placed", "o-1").started
    bench.run(first)
    assert bench.standing(first) == {"u": "user_task"}
    restore(bench, 2)
    (second,) = bench.publish("placed", "o-2").started
    bench.run(second)
    assert bench.standing(second) == {"v": "user_task"}


def test_a_timer_goes_with_the_version_and_is_not_begun_anew_by_what_is_older(bench: Bench) -> None:
    for user in ("u", "v"):
        bench.deploy(waits_at(user, trigger=timer("R/PT1H", "timeCycle")))
    before = triggers_of(bench)
    bench.clock.advance(timedelta(minutes=10))
    withdraw(bench, 1)
    assert triggers_of(bench) == before, "the newest waits as it did"
    withdraw(bench, 2)
    assert triggers_of(bench) == []
    restore(bench, 1)
    ((version, due),) = triggers_of(bench)
    assert (version, due) == (1, bench.clock.now() + timedelta(hours=1))


@pytest.mark.parametrize("binding", ["latest", "deployment"])
def test_what_is_called_is_the_newest_version_that_is_left(bench: Bench, binding: str) -> None:
    for user in ("u", "v"):
        bench.deploy(waits_at(user, "other"))
    called = {"binding": binding} if binding != "latest" else {}
    bench.deploy(Diagram("p").start().end().chain("s", "c", "e").call("c", "other", **called))
    withdraw(bench, 2, "other")
    instance_id = bench.start("p")
    bench.run(instance_id)
    assert bench.standing(instance_id)["u"] == "user_task"
