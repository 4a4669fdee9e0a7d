"""What a version would mean to every open instance, tested by a job however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.core.errors import Conflict
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.engine import definitions
from app.engine.migration import surveyed
from app.engine.migration.doors import Migrations
from app.engine.migration.surveyed import SurveyForgotten, SurveyView
from app.engine.migration.surveys import KEPT_FOR, Surveys
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line


@dataclass
class Surveyor:
    """Tests two instances in one transaction; another one on the same database is another process."""

    bench: Bench

    def __post_init__(self) -> None:
        self.surveys = Surveys(self.bench.engine, wave=2)
        kinds = Kinds(self.surveys.kinds())
        self.jobs = Jobs(kinds, self.bench.clock)
        self.runner = JobRunner(self.bench.database, kinds, self.bench.clock, get_logger("tests"))

    def begin(self, diagram: Diagram) -> str:
        drawn = definitions.read(diagram.xml())
        with self.bench.database.transaction() as tx:
            return self.surveys.begin(tx, self.jobs, drawn, "ada")

    def begin_between(self, source: int, target: int, **mapping: str) -> str:
        with self.bench.database.transaction() as tx:
            plan = Migrations(self.bench.engine).plan(tx.connection, "p", source, target, mapping)
            return self.surveys.begin_between(tx, self.jobs, plan, "ada")

    def run(self, seconds: int = 3) -> None:
        for _ in range(seconds):
            self.runner.tick(budget_s=60)
            self.bench.clock.advance(timedelta(seconds=1))

    def read(self, job_id: str) -> SurveyView:
        with self.bench.database.reading() as connection:
            return surveyed.read(connection, self.jobs.read(connection, job_id))

    def blocked(self, job_id: str, number: int | None = None, limit: int = 50, offset: int = 0) -> list[str]:
        with self.bench.database.reading() as connection:
            view = surveyed.read(connection, self.jobs.read(connection, job_id))
            page = surveyed.list_blocked(connection, view, number, limit, offset)
            return [each.instance_id for each in page.items]


def counts(view: SurveyView) -> list[tuple[int, int, int, int, int]]:
    return [(each.version, each.open, each.unaffected, each.can_move, each.blocked) for each in view.of]


def flow(*users: str) -> Diagram:
    diagram = Diagram("p")
    for user in users:
        diagram.user(user)
    return line(diagram, *users)


def started(bench: Bench, *completed: int) -> list[str]:
    """Instances in which so many tasks are done."""
    found = []
    for tasks in completed:
        found.append(bench.start("p"))
        bench.run(found[-1])
        for _ in range(tasks):
            bench.complete(found[-1])
            bench.run(found[-1])
    return found


def test_every_open_instance_of_every_version_is_tested_whatever_one_request_would_test(bench: Bench) -> None:
    bench.deploy(flow("u", "v", "w"))
    _, at_v, _, _, also_at_v = started(bench, 0, 1, 2, 3, 1)
    bench.deploy(flow("u", "x", "w"))
    (at_x,) = started(bench, 1)
    surveyor = Surveyor(bench)
    job_id = surveyor.begin(flow("u", "w"))
    surveyor.run()
    view = surveyor.read(job_id)
    assert (view.job.state, view.version, view.open, view.tested) == ("completed", 3, 5, 5)
    assert counts(view) == [(2, 1, 0, 0, 1), (1, 4, 1, 1, 2)]
    assert [(each.version, each.code, each.element_id, each.instances) for each in view.reasons] == [
        (1, "no_counterpart", "v", 2),
        (2, "no_counterpart", "x", 1),
    ]
    assert surveyor.blocked(job_id) == [at_x, at_v, also_at_v]
    assert surveyor.blocked(job_id, limit=1, offset=1) == [at_v]
    assert surveyor.blocked(job_id, view.reasons[0].number) == [at_v, also_at_v]


def test_it_goes_on_where_it_was_stopped_and_counts_nothing_twice(bench: Bench) -> None:
    bench.deploy(flow("u", "v"))
    instances = started(bench, *[0] * 7)
    surveyor = Surveyor(bench)
    job_id = surveyor.begin(flow("v"))
    surveyor.runner.tick(budget_s=0.0)
    with bench.database.transaction() as tx:
        surveyor.jobs.pause(tx, job_id, "ada", "lunch")
    bench.restart()
    surveyor = Surveyor(bench)
    with bench.database.transaction() as tx:
        surveyor.jobs.resume(tx, job_id, "ada", "fed")
    surveyor.run()
    view = surveyor.read(job_id)
    assert (view.job.total, view.job.done) == (4, 4)
    assert counts(view) == [(1, 7, 0, 0, 7)]
    assert surveyor.blocked(job_id) == instances


def test_a_mapping_is_tested_between_versions_that_are_deployed(bench: Bench) -> None:
    bench.deploy(flow("u", "v"))
    started(bench, 0, 1, 1)
    bench.deploy(flow("u", "w"))
    surveyor = Surveyor(bench)
    job_id, mapped = surveyor.begin_between(1, 2), surveyor.begin_between(1, 2, v="w")
    surveyor.run()
    assert counts(surveyor.read(job_id)) == [(1, 3, 0, 1, 2)]
    assert counts(surveyor.read(mapped)) == [(1, 3, 0, 3, 0)]
    assert surveyor.read(mapped).is_deployed


def test_what_has_ended_before_its_turn_is_not_tested(bench: Bench) -> None:
    bench.deploy(flow("u"))
    first, _ = started(bench, 0, 0)
    surveyor = Surveyor(bench)
    job_id = surveyor.begin(flow("v"))
    bench.complete(first)
    bench.run(first)
    surveyor.run()
    view = surveyor.read(job_id)
    assert (view.job.state, view.open, view.tested) == ("completed", 2, 1)


def test_where_nothing_is_open_there_is_nothing_to_test(bench: Bench) -> None:
    surveyor = Surveyor(bench)
    with pytest.raises(Conflict, match="a new process"):
        surveyor.begin(flow("u"))
    bench.deploy(flow("u"))
    with pytest.raises(Conflict, match="nothing to test"):
        surveyor.begin(flow("v"))


def test_what_was_found_is_forgotten_when_the_next_begins_a_week_later(bench: Bench) -> None:
    bench.deploy(flow("u"))
    started(bench, 0)
    surveyor = Surveyor(bench)
    old = surveyor.begin(flow("v"))
    surveyor.run()
    bench.clock.advance(KEPT_FOR)
    assert surveyor.read(old).tested == 1
    new = surveyor.begin(flow("v"))
    assert surveyor.read(new).tested == 0
    with pytest.raises(SurveyForgotten, match="after a week"):
        surveyor.read(old)
