"""What all specs have in common: they run on SpiffWorkflow, evaluate FEEL, and keep every variable in our scopes.

Every node that has to wait runs once (READY -> STARTED), says in `wait` what for, and is completed from outside.
Whatever can fail (an expression) happens in `_run_hook` before anything is written, so that a failed run can be
repeated. No spec keeps state: specs are shared by all instances of a definition.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from app.core.clock import Clock
from app.engine.spiff import watch
from app.engine.spiff.branches import Branch, segments, split_of
from app.engine.spiff.faults import VariableConflict
from app.engine.spiff.index import FINISHED, Node
from app.engine.spiff.mapping import VariableMapping, apply_outputs
from app.engine.spiff.scopes import Scopes


class Spec(BpmnSpecMixin):
    """An element of the diagram."""

    inputs_: Sequence[VariableMapping] = ()
    outputs_: Sequence[VariableMapping] = ()
    element_type = ""
    repeatable = False  # part of a loop: its visits have to be counted
    has_boundary = False
    listens = False  # stands by for an event and keeps its process or sub-process not open

    def test(self) -> None:
        """Deployment has checked the diagram."""

    def _predict(self, my_task: Any, *_: Any, **__: Any) -> None:
        """Nothing is predicted: children are made when their parent completes."""

    def _update_hook(self, my_task: Node) -> bool:
        return True

    def leave_with(self, my_task: Node, result: Mapping[str, Any]) -> None:
        """Write what the step gave: by its output mappings if it has any, else all of it."""
        my_task.gave = result
        workflow = my_task.workflow
        inside = my_task.internal_data.get("scope", workflow.scope)
        if self.outputs_:
            onto = inside if workflow.iterates else workflow.scope  # a mapping may give an iteration its output
            view, clock = scopes_of(my_task).view(inside), clock_of(my_task)
            writes = [(onto, target, value) for target, value in apply_outputs(self.outputs_, result, view, clock)]
        else:
            writes = [(inside, name, value) for name, value in result.items()]
        write_all(my_task, result, writes)

    def fire(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        """What the node waited for has come: write the variables and move on. A FlowFault changes nothing."""
        self.leave_with(my_task, variables)
        my_task.workflow.top_workflow.live.finish(my_task)

    def _on_complete_hook(self, my_task: Node) -> None:
        if self.has_boundary:
            end_siblings(my_task)
        _leave(my_task)
        if self.repeatable and my_task.path and not self._outputs:
            _end_branch(my_task)

    def _on_cancel(self, my_task: Node) -> None:
        my_task.workflow.top_workflow.live.left(my_task)
        _leave(my_task)


class PassSpec(Spec):
    """What only passes the token on: events without a trigger, and links."""

    def _run_hook(self, my_task: Node) -> bool | None:
        if self.outputs_:
            self.leave_with(my_task, {})
        return True


class StartEvent(PassSpec):
    """Begins with what the message or signal that started the instance brings."""

    def _run_hook(self, my_task: Node) -> bool:
        payload = my_task.internal_data.get("payload", {})
        if payload or self.outputs_:
            self.leave_with(my_task, payload)
        return True


class HostSplit(BpmnTaskSpec):
    """Stands before an activity with boundary events and starts them together."""

    listens = False
    test = Spec.test
    _predict = Spec._predict
    _update_hook = Spec._update_hook

    def _run_hook(self, my_task: Node) -> bool:
        watch.begin(my_task)
        return True


def scopes_of(node: Node) -> Scopes:
    scopes: Scopes = node.workflow.top_workflow.scopes
    return scopes


def clock_of(node: Node) -> Clock:
    """One instant for the whole of an advance."""
    clock: Clock = node.workflow.top_workflow.live.clock
    return clock


def step_name(node: Node) -> str:
    """'branch|element#visit' or '[iteration]': unlike any other of its scope, the same after every crash and replay."""
    if node.workflow.iterates:
        return f"[{node.internal_data['index']}]"
    path = f"{node.path}|" if node.path else ""
    return f"{path}{node.task_spec.bpmn_id}#{node.internal_data['visit']}"


def write_all(node: Node, result: Mapping[str, Any], writes: Sequence[tuple[str, str, Any]]) -> None:
    """Write all that the mappings made of a result or, if a concurrent branch would lose its value, nothing.

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
    node.workflow.leaving(node, result, writes)
    for scope, target, value in writes:
        scopes.write(scope, target, value, node.branch, by=node.id)


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


def branches_end(workflow: Any, branch: Branch | None) -> None:
    """All tokens inside a process or sub-process are gone: what their branches wrote, `branch` has written."""
    scopes: Scopes = workflow.top_workflow.scopes
    if scopes.beside:
        scopes.rejoin(workflow.scope, branch.path if branch is not None else "", branch, workflow.splits)


def _end_branch(node: Node) -> None:
    """A token has ended without a join: drop what only its branches need, those that hold no other token."""
    scopes, steps = scopes_of(node), segments(node.path)
    while steps:
        beginning = "".join(f"{step}>" for step in steps[:-1]) + split_of(steps.pop())
        if any(other.path.startswith(beginning) for other in node.workflow.open.values()):
            return
        scopes.end_branches(node.workflow.scope, beginning)
