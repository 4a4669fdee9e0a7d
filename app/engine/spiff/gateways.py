"""Gateways: which flows a token takes, and what it waits for before."""

from collections.abc import Sequence

from app.engine.spiff.base import Spec, clock_of, count_visit, scopes_of
from app.engine.spiff.branches import Branch, join
from app.engine.spiff.faults import NoFlowChosen
from app.engine.spiff.index import COMPLETED, WAITING, Node
from app.engine.spiff.mapping import Source


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
