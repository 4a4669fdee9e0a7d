"""Incidents of one cause tried again: which, is frozen before anybody agrees, and each is followed to its end."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput
from app.core.jobs import Begun, Failed, Item, Jobs, NewJob, Passed, Skipped, Worked
from app.core.jobs.kinds import Kind
from app.engine.operators import Operators
from app.engine.suspension import InstanceSuspended
from app.engine.tables import incident

KIND = "retry_incidents"
MOST = 20_000


@dataclass(frozen=True)
class RetryOrder:
    """Which open incidents of a cause, and how. `most`: so many, those that have waited longest; `among`: whoever plans
    it may retry in these processes alone."""

    cause: str
    by: str
    reason: str
    process_id: str | None = None
    most: int | None = None
    rate_per_s: float = 5
    stop_after_failures: int | None = 10
    one_first: bool = True
    among: Collection[str] | None = None


class Retries:
    """Each door takes the caller's transaction and commits nothing."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    def plan(self, tx: Transaction, jobs: Jobs, order: RetryOrder) -> str:
        """Freeze the list; the id of the job that does it once it is started. Conflict if nothing is open."""
        rows = self._find(tx.connection, order)
        processes = {row.process_id for row in rows}
        if order.among is not None and len(processes) > 1:
            names = ", ".join(sorted(processes))
            raise InvalidInput(f"You may retry in single processes: choose one of {names}.", path="$.processId")
        about = {"cause": order.cause, "code": rows[0].code, "handler": rows[0].handler, "element": rows[0].element_id}
        if len(processes) == 1:
            about["process_id"] = rows[0].process_id
        new = NewJob(
            KIND,
            f"Retry {rows[0].code} at {rows[0].element_id}",
            about,
            [row.id for row in rows],
            order.by,
            order.reason,
            order.rate_per_s,
            order.stop_after_failures,
            one_first=order.one_first and len(rows) > 1,
            planned=True,
        )
        return jobs.create(tx, new)

    def _find(self, connection: sa.Connection, order: RetryOrder) -> list[sa.Row[Any]]:
        """The longest waiting first."""
        where = [incident.c.state == "open", incident.c.cause == order.cause, incident.c.number != 0]
        if order.process_id is not None:
            where.append(incident.c.process_id == order.process_id)
        if order.among is not None:
            where.append(incident.c.process_id.in_(sorted(order.among)))
        columns = (incident.c[name] for name in ("id", "process_id", "code", "handler", "element_id"))
        query = sa.select(*columns).where(*where).order_by(incident.c.raised_at, incident.c.id)
        rows = list(connection.execute(query.limit(min(order.most or MOST + 1, MOST + 1))))
        if not rows:
            raise Conflict("Nothing of this cause waits for a retry any more. Reload to see what came of it.")
        if len(rows) > MOST:
            raise InvalidInput(f"There are more than {MOST:,}. Say how many, up to that.", path="$.most")
        return rows

    def kinds(self) -> Mapping[str, Kind]:
        """What the runner of jobs does with one incident at a time."""
        return {KIND: self._work}

    def _work(self, tx: Transaction, item: Item) -> Worked:
        """Retry it, unless somebody was first; later, tell what came of it."""
        if item.begun_at is None:
            if self._read(tx, item.target).state != "open":
                return Skipped("Somebody has acted on it meanwhile.")
            try:
                self._operators.retry(tx, item.target, item.by, item.reason)
            except InstanceSuspended:
                return Skipped("Its instance is suspended. Resume it, and retry it there.")
        return _came(self._read(tx, item.target))

    def _read(self, tx: Transaction, incident_id: str) -> Any:
        columns = (incident.c.state, incident.c.outcome, incident.c.outcome_detail)
        return tx.connection.execute(sa.select(*columns).where(incident.c.id == incident_id)).one()


def _came(row: Any) -> Worked:
    """What the incident says has come of it."""
    detail = {"outcome": row.outcome}
    match row.outcome:
        case None:
            return Begun()
        case "passed":
            return Passed({**detail, "to": row.outcome_detail})
        case "cancelled":
            return Skipped("The step was cancelled meanwhile.")
    return Failed(row.outcome, row.outcome_detail or "", detail, differs=row.outcome != "failed_alike")
