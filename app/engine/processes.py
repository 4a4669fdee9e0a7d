"""Whole processes stand still and go on: new instances at once, those that are open by a job, some at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from app.core.db import Transaction
from app.core.jobs.doors import Jobs, NewJob
from app.core.jobs.kinds import Item, Kind, Passed, Skipped, Worked
from app.engine import suspension
from app.engine.actions import Action
from app.engine.desk import Desk
from app.engine.doors import Engine
from app.engine.suspension import Range

SUSPEND, RESUME = "suspend_process", "resume_process"
Done = Callable[[Transaction, str, Range, Action, datetime], list[str] | None]


class Processes:
    """`by` is who acts, `reason` why; both stand in the history of every instance that is concerned."""

    def __init__(self, engine: Engine) -> None:
        self._desk: Desk = engine.desk

    def suspend(self, tx: Transaction, jobs: Jobs, process_id: str, by: str, reason: str) -> str | None:
        """Instances begin suspended from now on; the job that suspends those that are open, None if there are none.

        Safe to repeat. UnknownProcess if it is not deployed.
        """
        suspension.mark(tx, process_id, Action("suspend", by, reason), self._desk.clock.now())
        return self._order(tx, jobs, SUSPEND, process_id, suspension.open_ranges(tx, process_id), by, reason)

    def resume(self, tx: Transaction, jobs: Jobs, process_id: str, by: str, reason: str) -> str | None:
        """Instances begin as usual from now on; the job that resumes those that were suspended with the process.

        What was suspended by itself stays so. Safe to repeat.
        """
        Action("resume", by, reason)
        suspension.unmark(tx, process_id)
        return self._order(tx, jobs, RESUME, process_id, suspension.held_ranges(tx, process_id), by, reason)

    def _order(
        self, tx: Transaction, jobs: Jobs, kind: str, process_id: str, ranges: Sequence[Range], by: str, reason: str
    ) -> str | None:
        if not ranges:
            return None
        title = f"{kind.partition('_')[0].capitalize()} the instances of {process_id}"
        targets = [f"{some.first_id} {some.last_id}" for some in ranges]
        return jobs.create(tx, NewJob(kind, title, {"process_id": process_id}, targets, by, reason))

    def kinds(self) -> Mapping[str, Kind]:
        """What the runner of jobs does with some instances at a time."""
        return {SUSPEND: self._suspend_some, RESUME: self._resume_some}

    def _suspend_some(self, tx: Transaction, item: Item) -> Worked:
        return self._do(tx, item, "suspend", suspension.suspend_range, "The process was resumed meanwhile.")

    def _resume_some(self, tx: Transaction, item: Item) -> Worked:
        return self._do(tx, item, "resume", suspension.resume_range, "The process was suspended meanwhile.")

    def _do(self, tx: Transaction, item: Item, name: str, do: Done, overtaken: str) -> Worked:
        first_id, _, last_id = item.target.partition(" ")
        action = Action(name, item.by, item.reason, {"with": "process"})
        process_id = str(item.parameters["process_id"])
        ids = do(tx, process_id, Range(first_id, last_id), action, self._desk.clock.now())
        if ids is None:
            return Skipped(overtaken)
        for instance_id in ids if name == "resume" else ():
            self._desk.wakeups.wake(tx, instance_id)
        return Passed({"instances": len(ids)})
