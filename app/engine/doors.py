"""The engine's doors. Each takes the caller's transaction, says in its errors what to do, and commits nothing."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import Conflict, NotFound
from app.core.priority import NORMAL
from app.core.types import from_microseconds
from app.core.wakeups import Wakeups
from app.decisions.dmn import Model
from app.engine import bundle, decisions, definitions, form_versions, forms, inbox, starts, steps, triggers, workers
from app.engine.bundle import DeployedFile, Examined, File
from app.engine.decisions import Accepted, Decided, DecisionDeployment
from app.engine.definitions import Deployment
from app.engine.desk import Desk
from app.engine.diagram import Diagram, DiagramRefused, Finding
from app.engine.form_versions import AcceptedForm, FormDeployment
from app.engine.gates.doors import Gates
from app.engine.houses import Houses
from app.engine.instances import ACTIVE, Instances, StaleInstance
from app.engine.lint.house import EMPTY
from app.engine.messages import MessageIn, Published
from app.engine.signals import Broadcast
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.spiff.user_tasks import UserTask
from app.engine.spiff.watch import Watch
from app.engine.starts import Started, StartRequest
from app.engine.steps import ClaimedStep, StepResult
from app.engine.suspension import check_awake
from app.handling.registry import Registry


@dataclass(frozen=True, slots=True)
class TaskForm:
    """`schema` is what form-js shows, `data` the variables that it shows in it."""

    schema: dict[str, Any]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a worker has to do now, and when to look again if nothing else happens."""

    claimed: list[ClaimedStep]
    next_due: datetime | None
    ended: bool
    trace_parent: str | None = None  # of the request that started the instance
    unclaimed: bool = False  # steps are ready that nobody has claimed
    priority: int = NORMAL
    gates_passed: bool = False  # calls at gates are over: others may have their turn


class Engine:
    """Runs instances of deployed processes. Safe to use from many threads; an instance is advanced by one at a time."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        wakeups: Wakeups,
        cached: int = 2000,
        patience_s: float = 0,
        watch: Watch | None = None,
        programs: definitions.Programs | None = None,
    ) -> None:
        """`patience_s`: how long a step whose handler is not installed here is left to workers that may have it.

        `watch` is told what gateways ask. `programs`: those that another engine on the same database has built.
        """
        self._registry = registry
        self._patience = round(patience_s * 1_000_000)
        self._clock = clock
        self._wakeups = wakeups
        self._programs = programs or definitions.Programs()
        self._houses = Houses(registry)
        self._decisions = decisions.Decisions()
        self._forms = form_versions.Forms()
        self.gates = Gates(registry)
        self._instances = Instances(self._programs)
        self.desk = Desk(registry, clock, wakeups, self._instances, self._programs, self._decisions, watch)
        self._cached = cached
        self._lives: OrderedDict[str, Live] = OrderedDict()
        self._beaten: set[str] = set()  # instances where another writer was first: the next turn takes their lock
        self._lock = Lock()

    @property
    def patience(self) -> timedelta:
        """For how long what cannot be done here is left to workers that may be able to."""
        return timedelta(microseconds=self._patience)

    # diagrams
    def check(
        self, document: bytes, file_name: str | None = None, *, beside: sa.Connection | None = None
    ) -> list[Finding]:
        """Everything wrong with a diagram, `beside` what is deployed there; nothing is stored."""
        return self.examine(document, file_name, beside=beside)[1]

    def examine(
        self, document: bytes, file_name: str | None = None, *, beside: sa.Connection | None = None
    ) -> tuple[Diagram | None, list[Finding]]:
        """As `check`, with the diagram, unless there is an error in it."""
        house = None if beside is None else self._houses.now(beside)
        return definitions.examine(document, self._registry, file_name, house)

    def examine_all(self, files: Sequence[File], beside: sa.Connection | None = None) -> list[Examined]:
        """Each with everything wrong with it, together with the others and `beside` what is deployed there."""
        return bundle.examine(files, self._registry, EMPTY if beside is None else self._houses.now(beside))

    def deploy_all(
        self, tx: Transaction, files: Sequence[Examined], *, by: str | None = None, reason: str | None = None
    ) -> list[DeployedFile]:
        """Store all of them, or none: FilesRefused lists every error of each."""
        return bundle.deploy(tx, bundle.accept(files), self._clock, by, reason)

    def deploy(
        self,
        tx: Transaction,
        document: bytes,
        file_name: str | None = None,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> Deployment:
        """Store a diagram as its process's next version, and let it be started by what it waits for.

        `by` and `reason` stand beside the version. DiagramRefused lists every error.
        """
        house = self._houses.now(tx.connection)
        diagram, findings = definitions.examine(document, self._registry, file_name, house)
        if diagram is None:
            raise DiagramRefused(findings)
        deployment = definitions.deploy(tx, diagram, findings, self._clock, by, reason)
        if deployment.created:
            triggers.replace(tx, diagram, deployment.definition_id, self._clock)
        return deployment

    def deploy_decisions(self, tx: Transaction, model: Accepted) -> DecisionDeployment:
        """Store a DMN model that `app.engine.decisions.accept` has read as its next version."""
        return decisions.deploy(tx, model, self._clock)

    def deploy_form(
        self, tx: Transaction, form: AcceptedForm, *, by: str | None = None, reason: str | None = None
    ) -> FormDeployment:
        """Store a form that `app.engine.form_versions.accept` has read as its next version."""
        return form_versions.deploy(tx, form, self._clock, by, reason)

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
        return self.desk.exchange.publish(tx, message)

    def broadcast(self, tx: Transaction, name: str, variables: dict[str, Any]) -> Broadcast:
        """Give a signal to all that wait for it now, and start the processes that begin with it."""
        starts.check_variables(variables)
        return self.desk.exchange.broadcast(tx, name, variables)

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
        """Complete a user task with what was found out; refused while somebody else has it.

        Where there is a form for it: with what the form takes of that; VariablesRefused names what does not fit.
        """
        starts.check_variables(variables)
        live, node = self._task(tx, task_id, user)
        spec = node.task_spec
        form = self._form_of(tx.connection, live, node)
        if form is not None:
            variables = forms.check_answers(form, variables, spec.view(node), self._clock)
        node.wait.claimed_by = user
        live.note("task_completed", node, user, variables=sorted(variables))
        steps.settle(live, node, variables)
        self.desk.go_on(tx, live)

    def task_form(self, connection: sa.Connection, task_id: str) -> TaskForm | None:
        """The form of an open user task and the variables that it shows; None if there is none for it."""
        instance_id, _, number = task_id.rpartition(":")
        live = self._instances.read(connection, instance_id)
        node = live.tree.find(int(number)) if number.isdecimal() else None
        form = None if node is None else self._form_of(connection, live, node)
        if node is None or form is None:
            return None
        seen = node.task_spec.view(node)
        return TaskForm(form, {name: seen[name] for name in forms.keys_of(form) if name in seen})

    def _form_of(self, connection: sa.Connection, live: Live, node: Node) -> dict[str, Any] | None:
        """The one that is drawn in the task's diagram, or else the deployed one that it has begun with."""
        if not isinstance(node.task_spec, UserTask):
            return None
        return node.task_spec.form or self._forms.bound_to(connection, live.instance_id, node.id)

    def _task(self, tx: Transaction, task_id: str, user: str) -> tuple[Live, Node]:
        instance_id, _, number = task_id.rpartition(":")
        gone = NotFound(f"There is no open user task '{task_id}'. It may have been completed or cancelled meanwhile.")
        if not instance_id or not number.isdecimal():
            raise gone
        live = self.desk.open(tx, instance_id)
        check_awake(live)
        node = live.tree.find(int(number))
        if node is None or node.wait is None or node.wait.kind != "user_task":
            raise gone
        if node.wait.claimed_by not in (None, user):
            raise Conflict(f"{node.wait.claimed_by} has taken this task. Ask them to give it back.")
        return live, node

    def _note_task(self, tx: Transaction, live: Live, node: Node, kind: str, user: str) -> None:
        live.tree.changed[node.id] = node
        live.note(kind, node, user)
        self.desk.store(tx, live, wake_at=live.now if live.woken else None)

    # for workers
    def advance(
        self,
        tx: Transaction,
        instance_id: str,
        owner: str,
        results: Sequence[StepResult] = (),
        *,
        claims: bool = True,
    ) -> Advanced:
        """Take results, whatever is due and waiting messages; run what is ready; claim the steps for `owner`.

        One revision. On any error the transaction must be rolled back and `forget` called; the results may be given
        again. Results for attempts that are over are kept in the history. Without `claims` the steps are left ready.
        """
        live = self._lives.get(instance_id)
        if live is not None:
            try:
                return self._advance(tx, live, owner, results, fresh=False, claims=claims)
            except StaleInstance:
                self.forget(instance_id)
                inbox.give_back(tx, live)
                self._beaten.add(instance_id)
        try:
            live = self._instances.load(tx, instance_id, locked=instance_id in self._beaten)
            advanced = self._advance(tx, live, owner, results, fresh=True, claims=claims)
        except StaleInstance:
            self._beaten.add(instance_id)
            raise
        self._beaten.discard(instance_id)
        return advanced

    def _advance(
        self, tx: Transaction, live: Live, owner: str, results: Sequence[StepResult], *, fresh: bool, claims: bool
    ) -> Advanced:
        self.desk.ready(tx, live)
        if fresh or not results:  # woken by a sweep, a timer or another writer: what is remembered may be stale
            if not fresh:
                self._instances.verify(tx, live)
            live.look_again()
            owners = {node.wait.claimed_by for node in live.waiting("claim")} - {owner}
            steps.release(live, workers.dead_among(tx.connection, owners, from_microseconds(live.now)))
        if not live.suspended:
            self.desk.exchange.receive(tx, live)
        if not live.begun and live.state == ACTIVE:
            live.begin()
        for result in results:
            steps.take(live, result, self._registry, self.gates)
        passed = bool(live.passed_gates)
        claimed = self._move(tx, live, owner, claims)
        passed = passed or bool(live.passed_gates)
        if live.tree.changed or live.happenings or live.woken or live.again:
            self.desk.store(tx, live)
        self._keep(live)
        return self._advanced(live, claimed, claims=claims, passed=passed)

    def _move(self, tx: Transaction, live: Live, owner: str, claims: bool) -> list[ClaimedStep]:
        """Fire what is due, deliver what came, run what is ready, claim it. Suspended: only run what results allow."""
        if not live.suspended:
            steps.come_due(live, self._registry, self.gates)
        self.desk.exchange.settle(tx, live)
        if live.suspended or not claims:
            return []
        claimed = [
            steps.claim(tx, live, node, owner, self._registry, self.gates, self._patience)
            for node in live.waiting("job", "held")
        ]
        return [step for step in claimed if step is not None]

    def _advanced(self, live: Live, claimed: list[ClaimedStep], *, claims: bool, passed: bool) -> Advanced:
        next_due = None if live.suspended else live.agenda.next_due()
        due = None if next_due is None else from_microseconds(next_due)
        # What was claimed or held is seen to; without claims somebody with a free hand has to look.
        unclaimed = not live.suspended and bool(live.waiting("job") or (not claims and live.waiting("held")))
        return Advanced(claimed, due, live.ended, live.trace_parent, unclaimed, live.priority, passed)

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
