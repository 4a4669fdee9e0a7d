"""Compensation: what was done is taken back, the last first, by the handlers' own undo or by what is drawn for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.base import Spec, scopes_of
from app.engine.spiff.catching import find_catcher
from app.engine.spiff.faults import CancelUncaught
from app.engine.spiff.index import COMPLETED, FINISHED, Node, SubTree
from app.engine.spiff.inner import Holder


@dataclass(frozen=True)
class Past:
    """A finished token that holds what takes it back, or that held such tokens inside.

    `undo` is {"handler", "arguments", "outputs"} for a handler's own undo, {"element"} for what is drawn, or
    {"variables"} for what a sub-process knew when it was done.
    """

    number: int
    inside: int
    call: int
    ended: tuple[int, int]  # orders what was done
    completed: bool
    element_id: str
    step_key: str | None
    undo: Mapping[str, Any]


class UndoTask(HandlerTask):
    """A handler's work is taken back; the handler is the one that did it, and so is the key, marked."""

    undoes = True

    def _run_hook(self, my_task: Node) -> None:
        my_task.internal_data["visit"] = 1
        key = f"{my_task.internal_data['undo']['step_key']}!undo"
        live = my_task.workflow.top_workflow.live
        live.wait_for(my_task, "job", name=self.handler_of(my_task), step_key=key)

    def handler_of(self, my_task: Node) -> str:
        handler: str = my_task.internal_data["undo"]["handler"]
        return handler

    def inputs_of(self, my_task: Node, parameters: Sequence[str]) -> dict[str, Any]:
        return dict(my_task.internal_data["undo"]["arguments"])

    def fire(self, my_task: Node, variables: Mapping[str, Any]) -> None:
        Spec.fire(self, my_task, {})


class Compensation(Holder):
    """A throw or end event: takes back what its scope has done, or one activity of it, one after the other."""

    activity: str | None = None
    undoing: Any  # app.engine.spiff.build.ProcessSpec: what takes work back, by element

    def open_inside(self, my_task: Node) -> SubTree:
        inside = SubTree(self.undoing, my_task)
        inside.scope = my_task.internal_data["inside"]
        return inside

    def _run_hook(self, my_task: Node) -> bool | None:
        internal, top = my_task.internal_data, my_task.workflow.top_workflow
        if "compensate" not in internal:
            self.enter(my_task)
            internal["compensate"], internal["taken_back"] = self._found(my_task), 0
            top.live.undone += [record["number"] for record in internal["compensate"]]  # by no other event again
        elif internal.pop("inner_done", False):
            scopes_of(my_task).close(internal["inside"])
            top.live.compensated(my_task, internal["compensate"].pop(0))
            internal["taken_back"] += 1
        if internal["compensate"]:
            self._take_back(my_task, internal["compensate"][0])
            return None
        return self.all_taken_back(my_task)

    def all_taken_back(self, my_task: Node) -> bool | None:
        return True

    def _take_back(self, my_task: Node, record: Mapping[str, Any]) -> None:
        internal = my_task.internal_data
        internal["inside"] = f"{internal['scope']}/undo#{internal['taken_back'] + 1}"
        scopes_of(my_task).open(internal["inside"], dict(record["variables"]), of_a_step=False)
        inside = self.open_inside(my_task)
        my_task.workflow.top_workflow.live.wait_for(my_task, "child")
        undo = record["undo"]
        node = Node(inside, self.undoing.task_specs[undo.get("element") or f"{record['element_id']} undo"])
        if "element" not in undo:
            node.internal_data["undo"] = {**undo, "step_key": record["step_key"]}
        node._ready()

    def _found(self, my_task: Node) -> list[dict[str, Any]]:
        workflow = my_task.workflow
        past = [each for each in all_past(workflow.top_workflow.live) if each.call == workflow.call]
        found: list[dict[str, Any]] = []
        while True:
            inside = workflow.owner.id if isinstance(workflow, SubTree) else 0
            found += _records([each for each in past if each.inside == inside and self._is_meant(each)], past, {})
            owner = getattr(workflow, "owner", None)
            if (
                owner is None
                or owner.task_spec.owns_call
                or not (owner.task_spec.is_event_sub or (self.activity and not found))
            ):
                return found
            workflow = owner.workflow

    def _is_meant(self, past: Past) -> bool:
        return self.activity is None or past.element_id == self.activity


class CancelEnd(Compensation):
    """Ends everything in its transaction, takes back what that had done, and leaves by its cancel boundary event."""

    def _run_hook(self, my_task: Node) -> bool | None:
        if "compensate" not in my_task.internal_data:
            for other in my_task.workflow.tokens():
                if other is not my_task:
                    other.cancel()
        return Compensation._run_hook(self, my_task)

    def all_taken_back(self, my_task: Node) -> bool | None:
        catcher = find_catcher(my_task, "cancel", None)
        if catcher is None:
            raise CancelUncaught("The transaction is taken back, and no cancel boundary event leads on from it.")
        catcher.task_spec.fire(catcher, {})
        return None


def _records(chosen: Iterable[Past], past: list[Past], variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What takes these back, the last first; a sub-process without something drawn for it by what was done inside."""
    found: list[dict[str, Any]] = []
    for each in sorted(chosen, key=lambda each: each.ended, reverse=True):
        if not each.completed:
            continue
        if "handler" in each.undo or "element" in each.undo:
            record = {"number": each.number, "element_id": each.element_id, "step_key": each.step_key}
            found.append({**record, "undo": dict(each.undo), "variables": dict(variables)})
        else:
            known = {**variables, **each.undo.get("variables", {})}
            found += _records([one for one in past if one.inside == each.number], past, known)
    return found


def all_past(live: Any) -> list[Past]:
    """What is stored, and what has come to its end since."""
    known = {past.number: past for past in live.past(live.instance_id)}
    for node in live.tree.changed.values():
        if node._state & FINISHED and node.task_spec.bpmn_id is not None:
            known[node.id] = _past_of(node, live.now)
    for number in live.undone:
        known.pop(number, None)
    return list(known.values())


def _past_of(node: Node, now: int) -> Past:
    """A node of this advance, as one that is read back would look."""
    inside = node.workflow.owner.id if isinstance(node.workflow, SubTree) else 0
    step_key = node.wait.step_key if node.wait is not None else None
    completed = node._state == COMPLETED
    return Past(
        node.id,
        inside,
        node.workflow.call,
        (now, node.id),
        completed,
        node.task_spec.bpmn_id,
        step_key,
        node.undo or {},
    )
