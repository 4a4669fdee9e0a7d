"""An engine on a real database with handlers of the test's own, driven step by step in one thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from app.core.clock import FixedClock
from app.core.db import Database, Transaction
from app.engine import queries
from app.engine.decisions import accept
from app.engine.definitions import Programs
from app.engine.doors import Advanced, Engine
from app.engine.form_versions import FormDeployment
from app.engine.form_versions import accept as accept_form
from app.engine.messages import MessageIn
from app.engine.operators import Operators
from app.engine.starts import StartRequest
from app.engine.steps import Attempted, ClaimedStep, Failed, StepResult
from app.engine.tables import process_instance
from app.handling.contract import Work
from app.handling.faults import SystemSilent
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram

OWNER = "worker-1"


class NoWakeups:
    """Tests drive instances themselves; `woken` holds what would have been woken."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, tx: Transaction, instance_id: str, at: object = None) -> None:
        self.woken.append(instance_id)


@dataclass
class Bench:
    """`calls` holds every attempt that was made, in order."""

    database: Database
    clock: FixedClock
    handlers: Sequence[Any] = ()
    wakeups: NoWakeups = field(default_factory=NoWakeups)
    calls: list[ClaimedStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = Registry(self.handlers)
        self.restart()

    def restart(self) -> None:
        """A new process: nothing in memory."""
        self.programs = Programs()
        self.forget()

    def forget(self) -> None:
        """Nothing of any instance is in memory; what was built of diagrams still is, and many instances shared it."""
        self.engine = Engine(self.registry, self.clock, self.wakeups, programs=self.programs)
        self.operators = Operators(self.engine)

    def deploy(self, diagram: Diagram | bytes) -> str:
        document = diagram if isinstance(diagram, bytes) else diagram.xml()
        with self.database.transaction() as tx:
            return self.engine.deploy(tx, document).process_id

    def deploy_decisions(self, document: bytes) -> None:
        with self.database.transaction() as tx:
            self.engine.deploy_decisions(tx, accept(document))

    def deploy_form(self, schema: Mapping[str, Any], **said: Any) -> FormDeployment:
        with self.database.transaction() as tx:
            return self.engine.deploy_form(tx, accept_form(json.dumps(schema).encode()), **said)

    def start(self, diagram: Diagram | str, *, key: str | None = None, **variables: Any) -> str:
        process_id = diagram if isinstance(diagram, str) else self.deploy(diagram)
        with self.database.transaction() as tx:
            request = StartRequest(process_id, variables, business_key=key)
            return self.engine.start(tx, request).instance_id

    def advance(self, instance_id: str, results: Sequence[StepResult] = (), owner: str = OWNER) -> Advanced:
        with self.database.transaction(synced=False) as tx:
            return self.engine.advance(tx, instance_id, owner, results)

    def call(self, step: ClaimedStep) -> StepResult:
        """Make one attempt as a worker would."""
        self.calls.append(step)
        return StepResult(step.number, step.attempt, self._attempt(step))

    def _attempt(self, step: ClaimedStep) -> Attempted:
        handler = self.registry.get(step.handler)
        assert handler is not None
        work = Work(
            key=step.key,
            attempt=step.attempt,
            deadline=self.clock.now() + timedelta(seconds=30),
            instance_id=step.instance_id,
            business_key=step.business_key,
            element_id=step.element_id,
            logger=structlog.get_logger(),
        )
        try:
            arguments = handler.bind(step.inputs)
            if step.undoes is not None:
                return handler.call_undo(work, arguments, step.undoes)
            if step.repeat and (done := handler.check_verify(work, arguments)) is not None:
                return done
            return handler.call(work, arguments)
        except Exception as error:
            down = isinstance(error, SystemSilent)
            return Failed(type(error).__name__, str(error), getattr(error, "retried", True), system_down=down)

    def run(
        self,
        instance_id: str,
        between: Callable[[], None] | None = None,
        pick: Callable[[list[Any]], int] = lambda _: 0,
    ) -> Advanced:
        """Advance until nothing is left that a worker could do; `between` runs after every commit."""
        advanced = self.advance(instance_id)
        waiting = list(advanced.claimed)
        while True:
            if between is not None:
                between()
            if not waiting:
                return advanced
            result = self.call(waiting.pop(pick(waiting)))
            advanced = self.advance(instance_id, [result])
            waiting += advanced.claimed

    def publish(self, name: str, key: str, message_id: str | None = None, ttl_s: float = 3600, **variables: Any) -> Any:
        with self.database.transaction() as tx:
            return self.engine.publish(tx, MessageIn(name, key, variables, message_id, ttl_s))

    def broadcast(self, name: str, **variables: Any) -> Any:
        with self.database.transaction() as tx:
            return self.engine.broadcast(tx, name, variables)

    def tick(self) -> list[str]:
        """As the scheduler does: the instances that were started because their time had come."""
        with self.database.transaction(synced=False) as tx:
            return self.engine.start_due(tx)

    def instances(self, process_id: str = "p") -> list[str]:
        """Those of a process, in the order in which they were started."""
        table = process_instance.c
        query = sa.select(table.id).where(table.process_id == process_id).order_by(table.started_at, table.id)
        with self.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def task(self, instance_id: str, element: str | None = None) -> str:
        """The id of the instance's only open user task, or of an element's."""
        tasks = [token for token in self.tokens(instance_id) if token.kind == "user_task"]
        (token,) = [token for token in tasks if element in (None, token.element_id)]
        return f"{instance_id}:{token.number}"

    def complete(self, instance_id: str, user: str = "ann", element: str | None = None, **variables: Any) -> None:
        with self.database.transaction() as tx:
            self.engine.complete_task(tx, self.task(instance_id, element), variables, user)

    def act(self, name: str, instance_id: str, *arguments: Any, reason: str = "because") -> None:
        """An operator's action on the instance's only open incident."""
        (incident,) = self.incidents(instance_id)
        with self.database.transaction() as tx:
            getattr(self.operators, name)(tx, incident.id, *arguments, by="olga", reason=reason)

    def operate(self, name: str, *arguments: Any, reason: str = "because", **options: Any) -> Any:
        """An operator's move, by its name at the operators' door."""
        with self.database.transaction() as tx:
            return getattr(self.operators, name)(tx, *arguments, by="olga", reason=reason, **options)

    def number(self, instance_id: str, element_id: str) -> int:
        """The number of the only open token on that element."""
        (number,) = [token.number for token in self.tokens(instance_id) if token.element_id == element_id]
        return int(number)

    def actions(self, instance_id: str) -> list[dict[str, Any]]:
        """What operators did, as the history tells it, oldest first; `by` is who."""
        rows = [row for row in self.history(instance_id) if row.kind == "action"]
        return [{**row.detail, "by": row.actor} for row in reversed(rows)]

    def state(self, instance_id: str) -> str:
        with self.database.reading() as connection:
            return queries.get_instance(connection, instance_id).state

    def tokens(self, instance_id: str) -> list[Any]:
        with self.database.reading() as connection:
            return queries.open_tokens(connection, instance_id)

    def standing(self, instance_id: str) -> dict[str, str]:
        """Element -> what its token waits for."""
        return {token.element_id: token.kind for token in self.tokens(instance_id)}

    def variables(self, instance_id: str) -> dict[str, Any]:
        """The process's own; anything left in an inner scope is an error."""
        with self.database.reading() as connection:
            rows = queries.variables(connection, instance_id)
        assert {row.scope for row in rows} <= {""}, f"scopes left open: {rows}"
        return {row.name: row.value for row in rows}

    def incidents(self, instance_id: str, state: str | None = "open") -> list[Any]:
        with self.database.reading() as connection:
            page = queries.list_incidents(connection, instance_id=instance_id, state=state, limit=100, offset=0)
        return list(page.items)

    def history(self, instance_id: str) -> list[Any]:
        with self.database.reading() as connection:
            return list(queries.history(connection, instance_id, limit=1000, offset=0))

    def count(self, table: sa.Table) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
