"""What a survey has found so far: counted by outcome and by reason, and each instance that is blocked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import NotFound
from app.core.jobs import JobView
from app.core.pages import Page
from app.engine.migration.doors import Finding, Verdict
from app.engine.migration.obstacles import Obstacle
from app.engine.migration.tables import survey, survey_blocked, survey_finding, survey_reason

FORGOTTEN_AT_ONCE = 10  # surveys: whoever begins one does not clear up a whole year


class SurveyForgotten(NotFound):
    """There is no survey of that job, or not any more."""


@dataclass(frozen=True)
class Reason:
    """Something that keeps `instances` from moving; what is blocked for two reasons counts in both."""

    number: int
    version: int
    code: str
    element_id: str
    message: str
    instances: int


@dataclass(frozen=True)
class Surveyed:
    """Of the instances on one version; `open` is how many there were when the survey began.

    What has ended or moved before its turn came is not `tested`.
    """

    version: int
    open: int
    unaffected: int = 0
    can_move: int = 0
    blocked: int = 0

    @property
    def tested(self) -> int:
        return self.unaffected + self.can_move + self.blocked


@dataclass(frozen=True)
class SurveyView:
    """`version` is the one that is tried, `of` what was found of the instances on each version, the newest first.

    `reasons` begin with what blocks most. `is_deployed` False: the version is only drawn.
    """

    job: JobView
    version: int
    is_deployed: bool
    of: Sequence[Surveyed]
    reasons: Sequence[Reason]

    @property
    def open(self) -> int:
        return sum(each.open for each in self.of)

    @property
    def tested(self) -> int:
        return sum(each.tested for each in self.of)

    def count(self, finding: Finding) -> int:
        return sum(int(getattr(each, finding)) for each in self.of)


@dataclass(frozen=True)
class Blocked:
    """An instance, and one of the reasons for which it cannot move."""

    instance_id: str
    reason: Reason


@dataclass
class Tally:
    """What was found of some instances on one version."""

    version: int
    findings: dict[Finding, int] = field(default_factory=dict)
    blocked: dict[Obstacle, list[str]] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        self.findings[verdict.finding] = self.findings.get(verdict.finding, 0) + 1
        if verdict.finding == "blocked":
            for obstacle in dict.fromkeys(verdict.obstacles):
                self.blocked.setdefault(obstacle, []).append(verdict.instance_id)


def store(tx: Transaction, job_id: str, tally: Tally) -> None:
    """Add to what was found before; whoever does it holds the job, so nobody else adds meanwhile."""
    for finding, number in tally.findings.items():
        table = survey_finding.c
        this = {"job_id": job_id, "version": tally.version, "finding": finding}
        same = (table.job_id == job_id, table.version == tally.version, table.finding == finding)
        more = sa.update(survey_finding).where(*same).values(instances=table.instances + number)
        if not tx.connection.execute(more).rowcount:
            tx.connection.execute(sa.insert(survey_finding).values(**this, instances=number))
    if tally.blocked:
        _store_blocked(tx, job_id, tally)


def _store_blocked(tx: Transaction, job_id: str, tally: Tally) -> None:
    known = {(each.version, each.code, each.element_id, each.message): each for each in _reasons(tx.connection, job_id)}
    rows = []
    for obstacle, ids in tally.blocked.items():
        facts = (tally.version, obstacle.code, obstacle.element_id, obstacle.message)
        if facts not in known:
            known[facts] = Reason(len(known) + 1, *facts, instances=0)
            new = {**vars(known[facts]), "job_id": job_id}
            tx.connection.execute(sa.insert(survey_reason).values(new))
        number, table = known[facts].number, survey_reason.c
        this = sa.update(survey_reason).where(table.job_id == job_id, table.number == number)
        tx.connection.execute(this.values(instances=table.instances + len(ids)))
        rows += [{"job_id": job_id, "reason": number, "instance_id": each} for each in ids]
    tx.connection.execute(sa.insert(survey_blocked), rows)


def read(connection: sa.Connection, job: JobView) -> SurveyView:
    """SurveyForgotten if the job's findings are not there, or not any more."""
    row = connection.execute(
        sa.select(survey.c.version, survey.c.document.is_(None)).where(survey.c.job_id == job.id)
    ).first()
    if row is None:
        raise SurveyForgotten("What it found is forgotten after a week. Test again.", job_id=job.id)
    table = survey_finding.c
    query = sa.select(table.version, table.finding, table.instances).where(table.job_id == job.id)
    counts: dict[int, dict[str, int]] = {}
    for version, finding, number in connection.execute(query):
        counts.setdefault(version, {})[finding] = number
    of = [Surveyed(int(each), number, **counts.get(int(each), {})) for each, number in job.parameters["open"].items()]
    reasons = sorted(_reasons(connection, job.id), key=lambda reason: (-reason.instances, reason.number))
    return SurveyView(job, row.version, bool(row[1]), of, reasons)


def list_blocked(
    connection: sa.Connection, view: SurveyView, number: int | None, limit: int, offset: int
) -> Page[Blocked]:
    """By reason, the first found first; `number`: for this reason alone."""
    table, reasons = survey_blocked.c, {reason.number: reason for reason in view.reasons}
    query = sa.select(table.instance_id, table.reason).where(table.job_id == view.job.id)
    if number is not None:
        query = query.where(table.reason == number)
    rows = connection.execute(query.order_by(table.reason, table.instance_id).limit(limit).offset(offset))
    total = sum(reason.instances for reason in view.reasons if number in (None, reason.number))
    return Page([Blocked(row.instance_id, reasons[row.reason]) for row in rows], total)


def forget(tx: Transaction, before: datetime) -> None:
    """What was found by surveys that began before that."""
    old = sa.select(survey.c.job_id).where(survey.c.made_at <= before).limit(FORGOTTEN_AT_ONCE)
    ids = list(tx.connection.execute(old).scalars())
    for table in (survey_blocked, survey_reason, survey_finding, survey) if ids else ():
        tx.connection.execute(sa.delete(table).where(table.c.job_id.in_(ids)))


def _reasons(connection: sa.Connection, job_id: str) -> list[Reason]:
    columns = (survey_reason.c[name] for name in Reason.__dataclass_fields__)
    query = sa.select(*columns).where(survey_reason.c.job_id == job_id).order_by(survey_reason.c.number)
    return [Reason(**row._mapping) for row in connection.execute(query)]
