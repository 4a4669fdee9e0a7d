"""The task specs that Turnup runs on SpiffWorkflow: FEEL for every expression, our scopes for every variable.

Every node that has to wait runs once (READY -> STARTED), says in `wait` what for, and is completed from outside.
Whatever can fail (an expression) happens in `_run_hook` before anything is written, so that a failed run can be
repeated. No spec keeps state: specs are shared by all instances of a definition.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.decisions.feel import Expression
from app.engine.spiff.branches import Branch, join, segments, split_of
from app.engine.spiff.faults import DecisionFailed, ExpressionFailed, NoFlowChosen, VariableConflict
from app.engine.spiff.index import COMPLETED, FINISHED, WAITING, Node
from app.engine.spiff.scopes import Scopes


@dataclass(frozen=True)
class Source:
    """The right side of a mapping: FEEL, or a literal text."""

    place: str  # what an error calls it: "input 'olt' of 'activate'"
    literal: str
    expression: Expression | None

    def value(self, view: Mapping[str, Any], clock: Clock) -> Any:
        """As JSON; `clock` is what now() and today() read."""
        if self.expression is None:
            return self.literal
        try:
            return self.expression.json(view, clock=clock)
        except TurnupError as error:
            raise ExpressionFailed(
                f"{self.place}: {error.message}", expression=self.expression.text, place=self.place
            ) from error


@dataclass(frozen=True)
class VariableMapping:
    """One row of zeebe:ioMapping."""

    source: Source
    target: str


class Spec(BpmnSpecMixin):
    """An element of the diagram."""

    inputs_: Sequence[VariableMapping] = ()
    outputs_: Sequence[VariableMapping] = ()
    element_type = ""
    repeatable = False  # part of a loop: its visits have to be counted
    has_boundary = False

    def test(self) -> None:
        """Deployment has checked the diagram."""

    def _predict(self, my_task: Any, *_: Any, **__: Any) -> None:
        """Nothing is predicted: children are made when their parent completes."""

    def _update_hook(self, my_task: Node) -> bool:
        return True

    def leave_with(self, my_task: Node, result: Mapping[str, Any]) -> None:
        """Write what the step gave: by its output mappings if it has any, else all of it."""
        scopes, outside = scopes_of(my_task), my_task.workflow.scope
        inside = my_task.internal_data.get("scope", outside)
        if self.outputs_:
            view = ChainMap(dict(result), scopes.view(inside))
            writes = [(outside, m.target, m.source.value(view, clock_of(my_task))) for m in self.outputs_]
        else:
            writes = [(inside, name, value) for name, value in result.items()]
        write_all(my_task, writes)

    def _on_complete_hook(self, my_task: Node) -> None:
        if self.has_boundary:
            end_siblings(my_task)
        _leave(my_task)

    def _on_cancel(self, my_task: Node) -> None:
        my_task.workflow.top_workflow.live.left(my_task)
        _leave(my_task)


class PassSpec(Spec):
    """What only passes the token on: start and end events."""

    def _run_hook(self, my_task: Node) -> bool:
        return True

    def _on_complete_hook(self, my_task: Node) -> None:
        Spec._on_complete_hook(self, my_task)
        if self.repeatable and my_task.path and not self._outputs:
            _end_branch(my_task)


class HostSplit(BpmnTaskSpec):
    """Stands before an activity with boundary events and starts them together."""

    test = Spec.test
    _predict = Spec._predict
    _update_hook = Spec._update_hook

    def _run_hook(self, my_task: Node) -> bool:
        return True


class ExclusiveGateway(Spec):
    """Takes the first flow, in the diagram's order, whose condition is true; else the default."""

    choices: Sequence[tuple[Source, str]] = ()  # condition, target spec
    default: str | None = None

    def _run_hook(self, my_task: Node) -> bool:
        target = self.default
        if self.choices:
            view = scopes_of(my_task).view(my_task.workflow.scope)
            for condition, name in self.choices:
                if condition.value(view, clock_of(my_task)) is True:
                    target = name
                    break
        if target is None:
            raise NoFlowChosen(
                f"No condition of gateway '{self.bpmn_id}' is true and it has no default flow. "
                "Correct the variables its conditions read and retry, or give it a default flow.",
                conditions=[c.expression.text for c, _ in self.choices if c.expression],
            )
        Node(my_task.workflow, self._wf_spec.task_specs[target], my_task)
        return True


class ParallelGateway(Spec):
    """Waits for one token on each incoming flow, by counting arrivals; then starts a branch on each outgoing flow."""

    def _update_hook(self, my_task: Node) -> bool:
        if len(self._inputs) == 1:
            return True
        source = my_task.internal_data.setdefault("from", my_task.parent.task_spec.name)
        arrivals = my_task.workflow.joins.setdefault(self.name, {})
        arrivals.setdefault(source, []).append(my_task)
        if any(len(arrivals.get(name, ())) < self._inputs.count(name) for name in self._inputs):
            my_task._set_state(WAITING)
            return False
        arrived = [arrivals[name].pop(0) for name in self._inputs]
        for each in arrived:
            if each is not my_task:
                each._set_state(COMPLETED)
        self._join(my_task, arrived)
        return True

    def _join(self, my_task: Node, arrived: Sequence[Node]) -> None:
        if all(each.branch is None for each in arrived):
            return
        specs, scopes = self._wf_spec.task_specs, scopes_of(my_task)
        branches = [each.branch for each in arrived]
        my_task.branch, ended = join(branches, self.bpmn_id, lambda split: len(specs[split]._outputs))
        outside = len(my_task.workflow.branch.path) if my_task.workflow.branch is not None else 0
        for beginning in ended:
            if scopes.beside:
                scopes.rejoin(beginning, my_task.branch)
            if self.repeatable:
                scopes.end_branches(my_task.workflow.scope, beginning[outside:])

    def _run_hook(self, my_task: Node) -> bool:
        if len(self._outputs) > 1:
            scopes = scopes_of(my_task)
            path = my_task.branch.path if my_task.branch else ""
            counters = my_task.branch.counters if my_task.branch else ()
            visit = count_visit(my_task)
            for number, spec in enumerate(self.outputs):
                child = Node(my_task.workflow, spec, my_task)
                child.branch = Branch(f"{path}{self.bpmn_id}#{visit}.{number}>", (*counters, scopes.writes))
        return True


class Activity(Spec):
    """A step with input mappings and, if it has any, a scope of its own."""

    owns_scope = False

    def enter(self, my_task: Node) -> None:
        """Open the scope and evaluate the inputs; safe to repeat after a fault."""
        internal = my_task.internal_data
        if "visit" not in internal:
            internal["visit"] = count_visit(my_task)
        scopes, outside = scopes_of(my_task), my_task.workflow.scope
        if not (self.inputs_ or self.owns_scope):
            return
        scope = internal.setdefault("scope", f"{outside}/{step_name(my_task)}")
        local: dict[str, Any] = {}
        view, corrected = ChainMap(local, scopes.view(outside)), internal.get("corrected", {})
        for mapping in self.inputs_:
            if mapping.target in corrected:  # an operator has said what it is
                local[mapping.target] = corrected[mapping.target]
            else:
                local[mapping.target] = mapping.source.value(view, clock_of(my_task))
        scopes.open(scope, local, of_a_step=not self.owns_scope)


class HandlerTask(Activity):
    """A service task: its handler runs outside; `handler` is its type."""

    handler = ""

    def _run_hook(self, my_task: Node) -> None:
        self.enter(my_task)
        my_task.workflow.top_workflow.live.offer_job(my_task)


class UserTask(Activity):
    """Waits for a person."""

    def _run_hook(self, my_task: Node) -> None:
        self.enter(my_task)
        my_task.workflow.top_workflow.live.wait_for(my_task, "user_task", name=self.bpmn_name)


class ScriptTask(Activity):
    """Evaluates FEEL into a variable."""

    script: Source
    result: str

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        internal = my_task.internal_data
        view = scopes_of(my_task).view(internal.get("scope", my_task.workflow.scope))
        self.leave_with(my_task, {self.result: self.script.value(view, clock_of(my_task))})
        return True


class RuleTask(Activity):
    """Evaluates a decision into a variable; the rules that matched go into the history."""

    decision = ""
    result = ""

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        view = scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))
        live = my_task.workflow.top_workflow.live
        try:
            decided = live.decide(self.decision, view, live.clock)
        except TurnupError as error:
            raise DecisionFailed(error.message, decision=self.decision) from error
        why = {"decision": self.decision, "version": decided.version, "value": decided.value}
        if decided.errors and decided.value is None:
            raise DecisionFailed(f"Decision '{self.decision}': {decided.errors[0]}", **why, errors=decided.errors)
        self.leave_with(my_task, {self.result: decided.value})
        live.note("decision", my_task, **why, matched=decided.matched, errors=decided.errors)
        return True


class SubProcess(SubWorkflowTask, Activity):
    """An embedded sub-process: runs twice, to start its inner tree and to leave with its results."""

    owns_scope = True

    def _run_hook(self, my_task: Node) -> bool | None:
        live = my_task.workflow.top_workflow.live
        if my_task.internal_data.get("inner_done"):
            view = dict(scopes_of(my_task).variables.get(my_task.internal_data["scope"], {}))
            self.leave_with(my_task, view if self.outputs_ else {})
            my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
            return True
        self.enter(my_task)
        inner = my_task.workflow.top_workflow.create_subprocess(my_task, self.spec)
        inner.completed_event.connect(self._on_subworkflow_completed, my_task)
        live.wait_for(my_task, "child")
        inner.begin()
        return None

    def _update_hook(self, my_task: Node) -> bool:
        return True

    def _on_subworkflow_completed(self, subworkflow: Any, my_task: Node) -> None:
        if not my_task._state & FINISHED:
            my_task.internal_data["inner_done"] = True
            my_task.workflow.top_workflow.live.resume(my_task)

    def _on_cancel(self, my_task: Node) -> None:
        inner = my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        if inner is not None:
            inner.cancel()
        Activity._on_cancel(self, my_task)


def scopes_of(node: Node) -> Scopes:
    scopes: Scopes = node.workflow.top_workflow.scopes
    return scopes


def clock_of(node: Node) -> Clock:
    """One instant for the whole of an advance."""
    clock: Clock = node.workflow.top_workflow.live.clock
    return clock


def step_name(node: Node) -> str:
    """'branch|element#visit': unlike any other step of its scope, and the same after every crash and replay."""
    path = f"{node.path}|" if node.path else ""
    return f"{path}{node.task_spec.bpmn_id}#{node.internal_data['visit']}"


def write_all(node: Node, writes: Sequence[tuple[str, str, Any]]) -> None:
    """Write all or, if a concurrent branch would lose its value, nothing.

    `internal_data["chosen"]` holds what an operator chose for targets in conflict: "stored" or "new".
    """
    scopes = scopes_of(node)
    chosen: Mapping[str, str] = node.internal_data.get("chosen", {})
    if chosen:
        writes = [write for write in writes if chosen.get(write[1]) != "stored"]
    if node.branch is not None or scopes.beside:
        for scope, target, value in writes:
            if target in chosen:
                continue
            conflict = scopes.conflict(scope, target, value, node.branch)
            if conflict is not None:
                raise VariableConflict(
                    f"Variable '{target}' was changed by a concurrent branch since this one split off. "
                    "Choose the value that is right.",
                    variable=target,
                    scope=conflict.scope,
                    stored=conflict.stored,
                    new=value,
                )
    for scope, target, value in writes:
        scopes.write(scope, target, value, node.branch)


def count_visit(node: Node) -> int:
    if not node.task_spec.repeatable:
        return 1
    return scopes_of(node).visit(node.workflow.scope, node.path, node.task_spec.bpmn_id)


def _leave(node: Node) -> None:
    scope = node.internal_data.get("scope")
    if scope is not None:
        scopes_of(node).close(scope)


def end_siblings(node: Node) -> None:
    """End the other tokens of an activity and its boundary events."""
    for sibling in list(node.parent._children):
        if sibling is not node and not sibling._state & FINISHED:
            sibling.cancel()


def _end_branch(node: Node) -> None:
    """A token has ended without a join: drop what only its branches need, those that hold no other token."""
    scopes, steps = scopes_of(node), segments(node.path)
    while steps:
        beginning = "".join(f"{step}>" for step in steps[:-1]) + split_of(steps.pop())
        if any(other.path.startswith(beginning) for other in node.workflow.open.values()):
            return
        scopes.end_branches(node.workflow.scope, beginning)
