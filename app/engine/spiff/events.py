"""Events that wait: in the flow, on the border of an activity, and for an event sub-process."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.engine.spiff.activities import Activity
from app.engine.spiff.base import Spec, branches_end, clock_of, count_visit, end_siblings, scopes_of, write_all
from app.engine.spiff.branches import BESIDE, Branch
from app.engine.spiff.index import FINISHED, Node, SubTree
from app.engine.spiff.inner import SubProcess
from app.engine.spiff.mapping import VariableMapping, apply_outputs
from app.engine.spiff.triggers import Trigger


class CatchEvent(Spec):
    """An intermediate event: the token waits here. After an event-based gateway, the first ends the others."""

    trigger: Trigger

    def view(self, my_task: Node) -> Mapping[str, Any]:
        """What its expressions see."""
        return scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))

    def _run_hook(self, my_task: Node) -> None:
        self.trigger.listen(my_task, self.view(my_task))


class ReceiveTask(CatchEvent, Activity):
    """Waits for its message as an activity: with mappings, boundary events, and in loops."""

    def _run_hook(self, my_task: Node) -> None:
        self.enter(my_task)
        self.trigger.listen(my_task, self.view(my_task))


class StandBy(CatchEvent):
    """Waits beside the flow. Interrupting, its token goes on itself; else another does, and it waits on."""

    interrupting = True

    def fire(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        live = my_task.workflow.top_workflow.live
        if self.interrupting:
            self.interrupt(my_task, variables)
            live.finish(my_task)
            return
        other = self.go_on_beside(my_task, variables)
        live.passed(my_task, other._children or [other])
        if my_task._state & FINISHED:  # by what it started
            return
        if not self.trigger.again(my_task):
            my_task.cancel()
        elif my_task.wait.kind != self.trigger.kind:
            live.change(my_task, self.trigger.kind, due_at=my_task.wait.due_at)
        else:
            live.stand(my_task)

    @property
    def maps_event(self) -> bool:
        """Do mappings say what becomes of the variables that the event brings?"""
        return bool(self.outputs_)

    def interrupt(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        """Take what the event brings, before the token goes on."""
        raise NotImplementedError

    def go_on_beside(self, my_task: Node, variables: Mapping[str, Any]) -> Node:
        """Another token, with what the event brings, on a branch of its own. Nothing is changed if that fails."""
        raise NotImplementedError


class Boundary(StandBy):
    """A boundary event; interrupting, it ends its activity."""

    host = ""  # the activity's id

    def view(self, my_task: Node) -> Mapping[str, Any]:
        """That of its activity: what its input mappings made is known here."""
        for each in my_task.parent._children:
            if each.task_spec.name == self.host and "scope" in each.internal_data:
                return scopes_of(my_task).view(each.internal_data["scope"])
        return CatchEvent.view(self, my_task)

    def interrupt(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        self.leave_with(my_task, variables)

    def go_on_beside(self, my_task: Node, variables: Mapping[str, Any]) -> Node:
        other = _branch_off(Node(my_task.workflow, self), my_task)
        other.internal_data["chosen"] = my_task.internal_data.get("chosen", {})
        self.leave_with(other, variables)
        my_task.internal_data.pop("chosen", None)
        other.complete()
        return other

    def _on_complete_hook(self, my_task: Node) -> None:
        if self.interrupting:
            end_siblings(my_task)
        Spec._on_complete_hook(self, my_task)


class EventSubProcess(SubProcess):
    """A sub-process that an event of its surroundings starts; `brings` maps what the event brings into it."""

    is_event_sub = True
    brings: Sequence[VariableMapping] = ()

    def enter(self, my_task: Node) -> None:
        """What the event brings is merged from the inside outwards, as what any event brings."""
        SubProcess.enter(self, my_task)
        scopes, scope = scopes_of(my_task), my_task.internal_data["scope"]
        payload: dict[str, Any] = my_task.internal_data.get("payload", {})
        found: Iterable[tuple[str, Any]] = payload.items()
        if self.brings:
            found = apply_outputs(self.brings, payload, scopes.view(scope), clock_of(my_task))
        write_all(my_task, payload, [(scope, target, value) for target, value in found])

    def open_inside(self, my_task: Node) -> SubTree:
        my_task.internal_data.pop("payload", None)
        return SubProcess.open_inside(self, my_task)


class Listener(StandBy):
    """Stands by for the start event of an event sub-process, as long as its surroundings have tokens."""

    listens = True
    event_sub: EventSubProcess

    @property
    def maps_event(self) -> bool:
        return bool(self.event_sub.brings)

    def interrupt(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        workflow = my_task.workflow
        for other in workflow.tokens():
            if other is not my_task:
                other.cancel()
        branches_end(workflow, my_task.branch)
        my_task.internal_data["payload"] = dict(variables)

    def go_on_beside(self, my_task: Node, variables: Mapping[str, Any]) -> Node:
        other = _branch_off(Node(my_task.workflow, self.event_sub), my_task)
        other.internal_data["payload"] = dict(variables)
        other._ready()
        return other

    def _on_complete_hook(self, my_task: Node) -> None:
        child = Node(my_task.workflow, self.event_sub, my_task)
        child.internal_data["payload"] = my_task.internal_data.pop("payload", {})


def _branch_off(other: Node, node: Node) -> Node:
    """`other` is a second token beside the one of `node`'s activity or surroundings: it runs on its own branch."""
    scopes = scopes_of(node)
    path, counters = (node.branch.path, node.branch.counters) if node.branch else ("", ())
    visit = count_visit(node)
    other.branch = Branch(f"{path}{node.task_spec.bpmn_id}#{visit}.{BESIDE}>", (*counters, scopes.writes))
    scopes.beside = True
    return other
