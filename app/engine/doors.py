"""The engine's doors. Each takes the caller's transaction, says in its errors what to do, and commits nothing."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Literal

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.types import from_microseconds, to_microseconds
from app.core.wakeups import Wakeups
from app.decisions.dmn import Model
from app.engine import decisions, definitions, inbox, incidents, starts, steps, triggers, workers
from app.engine.callees import Callees
from app.engine.decisions import Accepted, Decided, DecisionDeployment
from app.engine.definitions import Deployment
from app.engine.diagram import DiagramRefused, Finding
from app.engine.exchange import Exchange
from app.engine.incidents import Action
from app.engine.instances import Instances, StaleInstance
from app.engine.messages import MessageIn, Published
from app.engine.past import read_past
from app.engine.signals import Broadcast
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.starts import Started, StartRequest
from app.engine.steps import ClaimedStep, StepResult
from app.handling.registry import Registry


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a worker has to do now, and when to look again if nothing else happens."""

    claimed: list[ClaimedStep]
    next_due: datetime | None
    ended: bool
    idle: bool  # nothing is claimed by anybody: what moves it next comes from outside
    trace_parent: str | None = None  # of the request that started the instance


class Engine:
    """Runs instances of deployed processes. Safe to use from many threads; an instance is advanced by one at a time."""

    def __init__(self, registry: Registry, clock: Clock, wakeups: Wakeups, cached: int = 2000) -> None:
        self._registry = registry
        self._clock = clock
        self._wakeups = wakeups
        self._exchange = Exchange(registry, clock, wakeups)
        self._programs = definitions.Programs()
        self._decisions = decisions.Decisions()
        self._instances = Instances(self._programs)
        self._cached = cached
        self._lives: OrderedDict[str, Live] = OrderedDict()
        self._lock = Lock()

    # diagrams
    def check(self, document: bytes, file_name: str | None = None) -> list[Finding]:
        """Everything wrong with a diagram; nothing is stored."""
        return definitions.examine(document, self._registry, file_name)[1]

    def deploy(self, tx: Transaction, document: bytes, file_name: str | None = None) -> Deployment:
        """Store a diagram as its process's next version, and let it be started by what it waits for.

        DiagramRefused lists every error.
        """
        diagram, findings = definitions.examine(document, self._registry, file_name)
        if diagram is None:
            raise DiagramRefused(findings)
        deployment = definitions.deploy(tx, diagram, findings, self._clock)
        if deployment.created:
            triggers.replace(tx, diagram, deployment.definition_id, self._clock)
        return deployment

    def deploy_decisions(self, tx: Transaction, model: Accepted) -> DecisionDeployment:
        """Store a DMN model that `app.engine.decisions.accept` has read as its next version."""
        return decisions.deploy(tx, model, self._clock)

    def decision_model(self, connection: sa.Connection, model_row_id: str) -> Model:
        """A deployed decision model, loaded; `app.engine.queries.DecisionView` has its id."""
        return self._decisions.model(connection, model_row_id)

    def evaluate(self, connection: sa.Connection, decision_id: str, inputs: dict[str, Any]) -> Decided:
        """The latest version of a decision, evaluated; nothing is stored."""
        return self._decisions.evaluate(connection, decision_id, inputs, self._clock)

    # from outside
    def start(self, tx: Transaction, request: StartRequest) -> Started:
        started = starts.start(tx, request, self._clock)
        if started.created:
            self._wakeups.wake(tx, started.instance_id)
        return started

    def publish(self, tx: Transaction, message: MessageIn) -> Published:
        """Give a message to whoever waits for it or begins with it; who comes within its time to live finds it."""
        starts.check_variables(message.variables)
        return self._exchange.publish(tx, message)

    def broadcast(self, tx: Transaction, name: str, variables: dict[str, Any]) -> Broadcast:
        """Give a signal to all that wait for it now, and start the processes that begin with it."""
        starts.check_variables(variables)
        return self._exchange.broadcast(tx, name, variables)

    def start_due(self, tx: Transaction) -> list[str]:
        """Start the instances whose time has come, each once whoever else looks."""
        started = triggers.start_due(tx, self._clock)
        for instance_id in started:
            self._wakeups.wake(tx, instance_id)
        return started

    # user tasks; an id is "<instance id>:<number>"
    def claim_task(self, tx: Transaction, task_id: str, user: str) -> None:
        live, node = self._task(tx, task_id, user)
        node.wait.claimed_by = user
        self._note_task(tx, live, node, "task_claimed", user)

    def unclaim_task(self, tx: Transaction, task_id: str, user: str) -> None:
        live, node = self._task(tx, task_id, user)
        node.wait.claimed_by = None
        self._note_task(tx, live, node, "task_unclaimed", user)

    def complete_task(self, tx: Transaction, task_id: str, variables: dict[str, Any], user: str) -> None:
        """Complete a user task with what was found out; refused while somebody else has it."""
        starts.check_variables(variables)
        live, node = self._task(tx, task_id, user)
        node.wait.claimed_by = user
        live.note("task_completed", node, user, variables=sorted(variables))
        steps.settle(live, node, variables)
        self._go_on(tx, live)

    def _task(self, tx: Transaction, task_id: str, user: str) -> tuple[Live, Node]:
        instance_id, _, number = task_id.rpartition(":")
        gone = NotFound(f"There is no open user task '{task_id}'. It may have been completed or cancelled meanwhile.")
        if not instance_id or not number.isdecimal():
            raise gone
        live = self._open(tx, instance_id)
        node = live.tree.find(int(number))
        if node is None or node.wait is None or node.wait.kind != "user_task":
            raise gone
        if node.wait.claimed_by not in (None, user):
            raise Conflict(f"{node.wait.claimed_by} has taken this task. Ask them to give it back.", path="$.user")
        return live, node

    def _note_task(self, tx: Transaction, live: Live, node: Node, kind: str, user: str) -> None:
        live.tree.changed[node.id] = node
        live.note(kind, node, user)
        self._store(tx, live, wake_at=live.now if live.woken else None)

    # incidents
    def retry(self, tx: Transaction, incident_id: str, by: str, reason: str) -> None:
        """The same step once more, under the same key."""
        self._act(tx, incident_id, Action("retry", by, reason, {}), steps.retry)

    def retry_with_inputs(
        self, tx: Transaction, incident_id: str, inputs: dict[str, Any], by: str, reason: str
    ) -> None:
        """The step once more with corrected inputs, under a new key; BadParameter names what does not fit."""
        starts.check_variables(inputs, "$.inputs")
        action = Action("retry_with_inputs", by, reason, {"inputs": inputs})
        self._act(tx, incident_id, action, lambda live, node: steps.correct(live, node, inputs, self._registry))

    def skip(self, tx: Transaction, incident_id: str, outputs: dict[str, Any], by: str, reason: str) -> None:
        """Move on without the step."""
        starts.check_variables(outputs, "$.outputs")
        action = Action("skip", by, reason, {"outputs": outputs})
        self._act(tx, incident_id, action, lambda live, node: steps.skip(live, node, outputs))

    def choose(self, tx: Transaction, incident_id: str, take: Literal["stored", "new"], by: str, reason: str) -> None:
        """Settle two concurrent branches' writes of one variable."""
        if take not in ("stored", "new"):
            raise InvalidInput(f"Expected 'stored' or 'new', found {take!r}.", path="$.take")
        row = incidents.find_open(tx, incident_id)
        if row.code != "VariableConflict":
            raise Conflict("Only a conflict between branches is settled by a choice. Retry, correct or skip this one.")
        variable = row.detail["variable"]
        action = Action("choose", by, reason, {"variable": variable, "take": take})
        self._act(tx, incident_id, action, lambda live, node: steps.choose(live, node, variable, take))

    def _act(self, tx: Transaction, incident_id: str, action: Action, move: Callable[[Live, Node], None]) -> None:
        live = self._open(tx, incidents.find_open(tx, incident_id).instance_id)
        row = incidents.find_open(tx, incident_id)  # again: only now does nobody else act on it
        node = incidents.standing(live, row)
        incidents.record(tx, live, node, row, action, self._clock.now())
        move(live, node)
        self._go_on(tx, live)

    def _open(self, tx: Transaction, instance_id: str) -> Live:
        live = self._instances.load(tx, instance_id, locked=True)
        self._ready(tx, live)
        live.look_again()
        self._exchange.receive(tx, live)
        return live

    def _ready(self, tx: Transaction, live: Live) -> None:
        """Its instant, and what it may ask of the store while it runs, in this transaction."""
        live.now = to_microseconds(self._clock.now())
        live.decide = partial(self._decisions.evaluate, tx.connection)
        live.past = partial(read_past, tx.connection)
        live.callees = Callees(self._programs, tx.connection)

    def _go_on(self, tx: Transaction, live: Live) -> None:
        """Run on without claiming: steps that became ready are a worker's."""
        self._exchange.settle(tx, live)
        self._store(tx, live, wake_at=live.now)
        self._wakeups.wake(tx, live.instance_id)

    def _store(self, tx: Transaction, live: Live, wake_at: int | None = None) -> None:
        if live.ended and live.start_key is not None:
            inbox.lock_start(tx, live.process_id, live.start_key)
        if live.again:
            live.again, wake_at = False, live.now
            self._wakeups.wake(tx, live.instance_id)
        self._instances.checkpoint(tx, live, wake_at)
        if live.ended:
            self._exchange.ended(tx, live)

    # for workers
    def advance(self, tx: Transaction, instance_id: str, owner: str, results: Sequence[StepResult] = ()) -> Advanced:
        """Take results, whatever is due and waiting messages; run what is ready; claim the steps for `owner`.

        One revision. On any error the transaction must be rolled back and `forget` called; the results may be given
        again. Results for attempts that are over are kept in the history.
        """
        live = self._lives.get(instance_id)
        if live is not None:
            try:
                return self._advance(tx, live, owner, results, fresh=False)
            except StaleInstance:
                self.forget(instance_id)
                inbox.give_back(tx, live)
        return self._advance(tx, self._instances.load(tx, instance_id, locked=True), owner, results, fresh=True)

    def _advance(
        self, tx: Transaction, live: Live, owner: str, results: Sequence[StepResult], *, fresh: bool
    ) -> Advanced:
        self._ready(tx, live)
        if fresh or not results:  # woken by a sweep, a timer or another writer: what is remembered may be stale
            if not fresh:
                self._instances.verify(tx, live)
            live.look_again()
            owners = {node.wait.claimed_by for node in live.waiting("claim")} - {owner}
            steps.release(live, workers.dead_among(tx.connection, owners, from_microseconds(live.now)))
        self._exchange.receive(tx, live)
        if not live.begun:
            live.begin()
        for result in results:
            steps.take(live, result, self._registry)
        steps.come_due(live, self._registry)
        self._exchange.settle(tx, live)
        claimed = [steps.claim(live, node, owner, self._registry) for node in live.waiting("job")]
        if live.tree.changed or live.happenings or live.woken or live.again:
            self._store(tx, live)
        self._keep(live)
        return self._advanced(live, [step for step in claimed if step is not None])

    def _advanced(self, live: Live, claimed: list[ClaimedStep]) -> Advanced:
        next_due = live.agenda.next_due()
        due = None if next_due is None else from_microseconds(next_due)
        return Advanced(claimed, due, live.ended, not live.waits.get("claim"), live.trace_parent)

    def _keep(self, live: Live) -> None:
        """Keep an instance whose handlers run; one that waits for something else is loaded again when it comes."""
        with self._lock:
            if live.ended or not live.waits.get("claim"):
                self._lives.pop(live.instance_id, None)
                return
            self._lives[live.instance_id] = live
            self._lives.move_to_end(live.instance_id)
            while len(self._lives) > self._cached:
                self._lives.popitem(last=False)

    def forget(self, instance_id: str) -> None:
        """Drop what this process remembers of an instance; it is loaded again."""
        with self._lock:
            self._lives.pop(instance_id, None)
