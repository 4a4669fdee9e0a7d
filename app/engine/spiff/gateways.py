"""Gateways: which flows a token takes, and what it waits for before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from app.engine.spiff.base import Spec, clock_of, count_visit, scopes_of
from app.engine.spiff.branches import Branch, join
from app.engine.spiff.faults import NoFlowChosen
from app.engine.spiff.index import COMPLETED, READY, WAITING, Node
from app.engine.spiff.mapping import Source
from app.engine.spiff.watch import ask


class Choice(Spec):
    """Takes flows by their conditions, in the diagram's order."""

    choices: Sequence[tuple[Source, str]] = ()  # condition, target spec
    default: str | None = None

    def _no_flow(self) -> NoFlowChosen:
        return NoFlowChosen(
            f"No condition of gateway '{self.bpmn_id}' is true and it has no default flow. "
            "Correct the variables its conditions read and retry, or give it a default flow.",
            conditions=[c.expression.text for c, _ in self.choices if c.expression],
        )


class ExclusiveGateway(Choice):
    """Takes the first flow whose condition is true; else the default."""

    def _run_hook(self, my_task: Node) -> bool:
        target = self.default
        if self.choices:
            view = scopes_of(my_task).view(my_task.workflow.scope)
            for condition, name in self.choices:
                if ask(my_task, condition, name, view, clock_of(my_task)) is True:
                    target = name
                    break
        if target is None:
            raise self._no_flow()
        Node(my_task.workflow, self._wf_spec.task_specs[target], my_task)
        return True


class EventGateway(Spec):
    """Starts to wait for all events that follow; the first to happen ends the others."""

    def _run_hook(self, my_task: Node) -> bool:
        return True


class Joining(Spec):
    """Where branches come together. An arrived token waits in the `joins` of its process or sub-process."""

    def arrive(self, my_task: Node) -> dict[str, list[Node]]:
        """The tokens that have arrived so far, by the spec they came from."""
        source = my_task.internal_data.setdefault("from", my_task.parent.task_spec.name)
        arrivals: dict[str, list[Node]] = my_task.workflow.joins.setdefault(self.name, {})
        arrivals.setdefault(source, []).append(my_task)
        return arrivals

    def take(self, my_task: Node, source: str) -> Node:
        """The first of those that have arrived from there: it waits no longer."""
        arrivals = my_task.workflow.joins[self.name]
        first: Node = arrivals[source].pop(0)
        if not arrivals[source]:
            del arrivals[source]
        return first

    def leave(self, my_task: Node) -> None:
        """A token that may have arrived waits no longer."""
        arrivals = my_task.workflow.joins.get(self.name, {})
        arrived = arrivals.get(my_task.internal_data.get("from"), [])
        if my_task in arrived:
            arrived.remove(my_task)
        if not arrived:
            arrivals.pop(my_task.internal_data.get("from"), None)

    def arrive_again(self, my_task: Node) -> None:
        """In a new version: what it waits for may have arrived already."""
        self.leave(my_task)
        self._update(my_task)

    def restored(self, my_task: Node) -> None:
        """A token that had arrived is loaded."""
        arrivals = my_task.workflow.joins.setdefault(self.name, {})
        arrivals.setdefault(my_task.internal_data["from"], []).append(my_task)

    def unite(self, my_task: Node, arrived: Sequence[Node]) -> None:
        """`my_task` goes on for all that arrived."""
        for each in arrived:
            if each is not my_task:
                each._set_state(COMPLETED)
        if all(each.branch is None for each in arrived):
            return
        scopes = scopes_of(my_task)
        my_task.branch, ended = join([each.branch for each in arrived], self.bpmn_id, self._fan_out)
        outside = len(my_task.workflow.branch.path) if my_task.workflow.branch is not None else 0
        for beginning in ended:
            if scopes.beside:
                scopes.rejoin(my_task.workflow.scope, beginning, my_task.branch)
            if self.repeatable:
                scopes.end_branches(my_task.workflow.scope, beginning[outside:])

    def _fan_out(self, split: str) -> int:
        name, _, visit = split.partition("#")
        count = visit.partition("*")[2].rstrip(".")
        return int(count) if count else len(self._wf_spec.task_specs[name]._outputs)

    def split(self, my_task: Node, targets: Sequence[Any], visit: str) -> None:
        """A branch for each target."""
        scopes = scopes_of(my_task)
        path, counters = (my_task.branch.path, my_task.branch.counters) if my_task.branch else ("", ())
        for number, spec in enumerate(targets):
            child = Node(my_task.workflow, spec, my_task)
            child.branch = Branch(f"{path}{self.bpmn_id}#{visit}.{number}>", (*counters, scopes.writes))

    def _on_cancel(self, my_task: Node) -> None:
        self.leave(my_task)
        my_task.workflow.gathering.pop(my_task.id, None)
        Spec._on_cancel(self, my_task)


class ParallelGateway(Joining):
    """Waits for one token on each incoming flow, by counting arrivals; then starts a branch on each outgoing flow."""

    @cached_property
    def needed(self) -> Counter[str]:
        """How many tokens have to come from where."""
        return Counter(self._inputs)

    def _update_hook(self, my_task: Node) -> bool:
        if len(self._inputs) == 1:
            return True
        arrivals = self.arrive(my_task)
        needed = self.needed
        if len(arrivals) < len(needed) or any(len(arrivals[name]) < count for name, count in needed.items()):
            my_task._set_state(WAITING)
            return False
        self.unite(my_task, [self.take(my_task, name) for name in self._inputs])
        return True

    def _run_hook(self, my_task: Node) -> bool:
        if len(self._outputs) > 1:
            self.split(my_task, self.outputs, str(count_visit(my_task)))
        return True


class InclusiveGateway(Choice, Joining):
    """Waits for each token that can still come; then takes every flow whose condition is true, else the default.

    The visit of a split that starts several branches says how many: 'g#1*2.0>' is the first of two.
    """

    upstream: Mapping[str, frozenset[str]] = {}  # what it comes from -> from where one gets there past this gateway

    def _update_hook(self, my_task: Node) -> bool:
        if len(self._inputs) == 1:
            return True
        self.arrive(my_task)
        my_task.workflow.gathering[my_task.id] = my_task
        my_task._set_state(WAITING)
        return False

    def restored(self, my_task: Node) -> None:
        Joining.restored(self, my_task)
        my_task.workflow.gathering[my_task.id] = my_task

    def go_on(self, my_task: Node) -> bool:
        """Go on if nothing else can come; False if something can. Called when nothing in the instance is ready."""
        arrivals = my_task.workflow.joins[self.name]
        missing = [name for name in self._inputs if not arrivals.get(name)]
        standing = {node.task_spec.name for node in my_task.workflow.open.values() if node.task_spec is not self}
        if any(not standing.isdisjoint(self.upstream[name]) for name in missing):
            return False
        arrived = [self.take(my_task, name) for name in dict.fromkeys(self._inputs) if name in arrivals]
        for each in arrived:
            my_task.workflow.gathering.pop(each.id)
        goes_on = max(arrived, key=lambda node: node.id)
        self.unite(goes_on, arrived)
        goes_on._set_state(READY)
        return True

    def _run_hook(self, my_task: Node) -> bool:
        if not self.choices:
            return True
        view = scopes_of(my_task).view(my_task.workflow.scope)
        clock = clock_of(my_task)
        names = [name for condition, name in self.choices if ask(my_task, condition, name, view, clock) is True]
        if not names and self.default is not None:
            names = [self.default]
        if not names:
            raise self._no_flow()
        targets = [self._wf_spec.task_specs[name] for name in names]
        if len(targets) > 1:
            self.split(my_task, targets, f"{count_visit(my_task)}*{len(targets)}")
        else:
            Node(my_task.workflow, targets[0], my_task)
        return True
