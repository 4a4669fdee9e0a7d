"""The shipped flows with the house's handlers and a laboratory, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.log import get_logger
from app.dispatch.attempt import Attempts, Outside
from app.engine import queries
from app.engine.steps import ClaimedStep, StepResult
from app.factory import PROCESSES
from handlers.clients.http import close_clients
from tests.factories.engines import Bench
from tests.factories.labs import RunningLab, a_lab, house_handlers


class Shipped(Bench):
    """`heard` are the ids of the laboratory's notices that were delivered."""

    lab: RunningLab
    heard: set[int]

    def call(self, step: ClaimedStep) -> StepResult:
        self.calls.append(step)
        attempts = Attempts(self.clock, Outside({"lab_url": self.lab.url}), get_logger("tests"))
        handler = self.registry.get(step.handler)
        assert handler is not None
        return StepResult(step.number, step.attempt, attempts.make(step, handler, self.clock.now()))

    def deploy_shipped(self, *names: str) -> None:
        """Every decision, and the processes of these names; all if none is named."""
        for file in sorted(PROCESSES.rglob("*.dmn")):
            self.deploy_decisions(file.read_bytes())
        for file in sorted(PROCESSES.rglob("*.bpmn")):
            if not names or file.stem in names:
                self.deploy(file.read_bytes())

    def begin(self, process_id: str, **variables: Any) -> str:
        """A new instance, run until it waits for something."""
        instance_id = self.start(process_id, key=variables.get("order_id"), **variables)
        self.run(instance_id)
        return instance_id

    def later(self, instance_id: str, **time: float) -> None:
        """That much later nothing has come from the laboratory, but timers are due."""
        self.clock.advance(timedelta(**time))
        self.run(instance_id)

    def listen(self, instance_id: str, **time: float) -> list[str]:
        """That much later, with what the laboratory has told until then; the names of the messages."""
        self.clock.advance(timedelta(**time))
        told = []
        for notice in self.lab.client.get("/lab/notices").json():
            is_due = notice["due_at"] <= self.clock.now().timestamp()
            if is_due and not notice["ended"] and not notice["kept_back"] and notice["id"] not in self.heard:
                self.heard.add(notice["id"])
                self.publish(notice["name"], notice["key"], **notice["variables"])
                told.append(notice["name"])
        self.run(instance_id)
        return told

    def settle(self, instance_id: str, element: str | None = None, **variables: Any) -> None:
        """A person completes the user task, and the flow goes on."""
        self.complete(instance_id, element=element, **variables)
        self.run(instance_id)

    def steps(self) -> list[str]:
        return [call.element_id for call in self.calls]

    def told(self, order_id: str) -> list[str]:
        """The templates of what the customer was told, in order."""
        found = self.lab.client.get("/crm/notifications", params={"order_id": order_id}).json()
        return [each["template"] for each in found["notifications"]]

    def came_by(self, instance_id: str) -> set[str]:
        """The elements that were passed, without what is in called processes."""
        with self.database.reading() as connection:
            passed = queries.passed_elements(connection, instance_id)
        return {element for element, view in passed.items() if view.count}


@contextmanager
def shipped(database: Database, clock: FixedClock, folder: Path, **settings: Any) -> Iterator[Shipped]:
    """On a laboratory of its own; `settings` are the laboratory's."""
    with a_lab(folder, clock, **settings) as lab:
        made = Shipped(database, clock, [*house_handlers()])
        made.lab, made.heard = lab, set()
        yield made
    close_clients()
