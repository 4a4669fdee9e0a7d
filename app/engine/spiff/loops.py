"""Multi-instance: an activity that is done once for each item of a collection, all at once or one after the other.

The activity's own token, the body, keeps the items and holds a tree of iterations: a token each, of one spec, which is
that of the same activity without a loop. Scope '/read#1' is the body's, '/read#1/[3]' that of the third iteration.
Nothing of the body is written again while iterations come and go: what comes of one is a row of its own.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from typing import Any

from app.engine.spiff.base import clock_of, scopes_of
from app.engine.spiff.branches import Branch
from app.engine.spiff.faults import ExpressionFailed, TooManyTokens
from app.engine.spiff.index import Node, SubTree
from app.engine.spiff.inner import Holder
from app.engine.spiff.mapping import Source
from app.engine.spiff.scopes import Scopes, nested
from app.engine.spiff.watch import ask

MOST_TOKENS = 20_000  # of one instance at one time: they are written in one transaction


class MultiInstance(Holder):
    """The body. `each` is the spec of an iteration; with it go the mappings, with the body the boundary events."""

    each: Any
    sequential = False
    items: Source
    item_name: str | None = None
    collection_name: str | None = None  # where the outputs go
    output: Source | None = None
    local_name: str | None = None  # the variable that the output is taken from: each iteration has its own
    enough: Source | None = None  # a condition to stop at

    def enter(self, my_task: Node) -> None:
        Holder.enter(self, my_task)
        items = self.items.value(scopes_of(my_task).view(my_task.workflow.scope), clock_of(my_task))
        if not isinstance(items, list):
            raise ExpressionFailed(
                f"{self.items.place}: expected a list, found {str(items)[:60]!r}. "
                "Correct the variables it reads and retry.",
                value=items,
            )
        standing = len(my_task.workflow.top_workflow.standing)
        if not self.sequential and standing + len(items) > MOST_TOKENS:
            raise TooManyTokens(
                f"{len(items):,} iterations at once would be over {MOST_TOKENS:,} tokens in one instance. "
                "Correct the collection, or do them one after the other in the next version.",
                items=len(items),
            )
        my_task.internal_data["items"] = items
        if not items:
            my_task.internal_data["inner_done"] = True

    def open_inside(self, my_task: Node) -> "Iterations":
        return Iterations(my_task)

    def leave_inside(self, my_task: Node) -> None:
        if self.collection_name is not None:
            gathered = _gathered(scopes_of(my_task), my_task)
            self.leave_with(my_task, {self.collection_name: gathered})


class Iterations(SubTree):
    """What is inside a body."""

    iterates = True
    goes_on_to = "the other iterations"
    splits = ()  # each iteration has seen to the branches inside it

    def __init__(self, owner: Node) -> None:
        super().__init__(owner.task_spec._wf_spec, owner)
        self._loop: MultiInstance = owner.task_spec
        self.goes_round = self._loop.sequential
        self._items: Sequence[Any] = owner.internal_data["items"]
        self._came: dict[int, tuple[Any, bool]] = {}  # of iterations about to end: the output, and is it enough?
        scopes = scopes_of(owner)
        if self._loop.collection_name is not None:
            scopes.variables[self.scope] = _SoFar(scopes.variables.get(self.scope, {}), scopes, owner)

    def begin(self, start: str | None = None) -> None:
        for index in range(1, 2 if self._loop.sequential else len(self._items) + 1):
            self._start(index)

    def _start(self, index: int) -> None:
        node = Node(self, self._loop.each)
        node.internal_data["index"] = index
        if not self._loop.sequential:
            path, counters = (self.branch.path, self.branch.counters) if self.branch is not None else ("", ())
            split = f"{self._loop.bpmn_id}#{self.owner.internal_data['visit']}"
            node.branch = Branch(f"{path}{split}.{index}>", (*counters, scopes_of(node).writes))
        node._ready()

    def given(self, node: Node) -> dict[str, Any]:
        loop, index = self._loop, node.internal_data["index"]
        given = {"loopCounter": index}
        if loop.item_name is not None:
            given[loop.item_name] = self._items[index - 1]
        if loop.local_name is not None:
            given.setdefault(loop.local_name, None)
        return given

    def leaving(self, node: Node, result: Mapping[str, Any], writes: Sequence[tuple[str, str, Any]]) -> None:
        loop = self._loop
        if loop.output is None and loop.enough is None:
            return
        view = ChainMap(dict(result), scopes_of(node).view(node.internal_data["scope"]))
        known: dict[str, Any] = {}
        for _, target, value in writes:
            name, *path = target.split(".")
            known[name] = nested(known.get(name, view.get(name)), path, value)
        view = view.new_child(known)
        output = None if loop.output is None else loop.output.value(view, clock_of(node))
        is_enough = loop.enough is not None and self._is_enough(loop.enough, view, node, output)
        self._came[node.id] = output, is_enough

    def _is_enough(self, condition: Source, view: ChainMap[str, Any], node: Node, output: Any) -> bool:
        """With `node` completed; instances count from when they are created."""
        index = node.internal_data["index"]
        created = index if self._loop.sequential else len(self._items)
        active = len(self.open) - 1
        known: dict[str, Any] = {
            "numberOfInstances": created,
            "numberOfActiveInstances": active,
            "numberOfCompletedInstances": created - active,
            "numberOfTerminatedInstances": 0,
        }
        name = self._loop.collection_name
        if name is not None and condition.expression is not None and name in condition.expression.names:
            known[name] = gathered = _gathered(scopes_of(node), self.owner)
            gathered[index - 1] = output
        return ask(node, condition, "", view.new_child(known), clock_of(node)) is True

    def _task_completed_notify(self, task: Node) -> None:
        index = task.internal_data["index"]
        output, is_enough = self._came.pop(task.id, (None, False))
        if self._loop.output is not None:
            scopes_of(task).gather(self.scope, index, output)
        if is_enough:
            for other in list(self.open.values()):
                other.cancel()
        elif self._loop.sequential and index < len(self._items):
            self._start(index + 1)
        super()._task_completed_notify(task)


def _gathered(scopes: Scopes, body: Node) -> list[Any]:
    """What has come of the iterations, in the order of the items; null for those that have not ended."""
    outputs = scopes.outputs.get(body.internal_data["scope"], {})
    return [outputs.get(index) for index in range(1, len(body.internal_data["items"]) + 1)]


class _SoFar(dict[str, Any]):
    """The variables of a body: the output collection as far as it has come is made when somebody reads it."""

    def __init__(self, variables: Mapping[str, Any], scopes: Scopes, body: Node) -> None:
        super().__init__(variables)
        self._scopes = scopes
        self._body = body
        self._name = body.task_spec.collection_name

    def __missing__(self, name: str) -> Any:
        if name != self._name:
            raise KeyError(name)
        return _gathered(self._scopes, self._body)
