"""SpiffWorkflow's task tree with an index in place of its scans: the same moves, at a cost that does not grow.

Stock SpiffWorkflow walks the whole tree at each step to find what is ready, what waits and whether all is done, and
predicts every task up to the end. Here a task is a `Node`, numbered within its instance; it tells the `Tree` of each
change of state, children are made when their parent completes, and a tree is complete when nothing in it is open.
"""

import logging
from collections import deque
from collections.abc import Container, Mapping, Sequence
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.engine.spiff.branches import Branch

FUTURE, WAITING, READY, STARTED = TaskState.FUTURE, TaskState.WAITING, TaskState.READY, TaskState.STARTED
COMPLETED, CANCELLED = TaskState.COMPLETED, TaskState.CANCELLED
FINISHED = TaskState.FINISHED_MASK
OPEN = WAITING | READY | STARTED


class Node(Task):
    """A task of the tree: a token while it is open.

    `wait` says what an open node waits for (app.engine.spiff.live.Wait); `branch` where it stands between splits
    and joins; `internal` is what has to outlive the process besides (scope, visit, generation).
    """

    def __init__(self, workflow: Any, task_spec: Any, parent: Any = None, state: int = FUTURE, id: Any = None) -> None:
        top = workflow.top_workflow
        if id is None:
            id = top.next_number
            top.next_number += 1
        self.id = id
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent = parent.id if parent is not None else None
        self._up = parent
        self._children: list[Node] = []
        self._state = FUTURE
        self.triggered = False
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0.0
        self.branch: Branch | None = None
        self.wait: Any = None
        self.undo: dict[str, Any] | None = None
        self.gave: Any = None  # what came of it
        self.entered_at: int | None = None
        self.stored = False
        if parent is not None:
            parent._children.append(self)
            self.branch = parent.branch
        else:
            self.branch = workflow.branch
        if state != FUTURE:
            self._set_state(state)

    @property
    def path(self) -> str:
        """Its branch, from where its process or sub-process begins."""
        if self.branch is None:
            return ""
        outside: Branch | None = self.workflow.branch
        return self.branch.path[len(outside.path) :] if outside is not None else self.branch.path

    @property
    def parent(self) -> Any:
        return self._up

    @property
    def children(self) -> list[Any]:
        return list(self._children)

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> "Node":
        return Node(self.workflow, task_spec, self, state)

    def _inherit_data(self) -> None:
        """Variables live in the scope tree; nothing is copied along the task tree."""

    def _set_state(self, value: int) -> None:
        if value == self._state:
            return
        was_open = self._state & OPEN
        self._state = value
        workflow = self.workflow
        top = workflow.top_workflow
        if value == READY:
            top.ready.append(self)
        if value & OPEN:
            if not was_open:
                workflow.hold(self)
        elif was_open:
            workflow.let_go(self)
        top.changed[self.id] = self

    def run(self) -> bool | None:
        """Run the spec; an exception leaves the node ready, for a later run of the same step."""
        done: bool | None = self.task_spec._run_hook(self)
        if self._state & FINISHED:  # by what it threw
            return None
        if done is None:
            self._set_state(STARTED)
        else:
            self.complete()
        return done

    def complete(self) -> None:
        self._set_state(COMPLETED)
        self.task_spec._on_complete_hook(self)
        if not self._children:
            for spec in self.task_spec.outputs:
                Node(self.workflow, spec, self)
        for child in self._children:
            child.task_spec._update(child)
        self.workflow._task_completed_notify(self)

    def cancel(self) -> None:
        if self._state & FINISHED:
            return
        self._set_state(CANCELLED)
        self.task_spec._on_cancel(self)


class _Indexed:
    """What a process and a sub-process have in common; it is complete when `open` is empty.

    `listening` are tokens that stand by for an event of their event sub-process and keep nothing open.
    """

    open: dict[int, Node]
    listening: dict[int, Node]
    joins: dict[str, dict[str, list[Node]]]  # gateway -> where from -> tokens that have arrived
    gathering: dict[int, Node]  # arrived at joins that depend on where the other tokens are
    completed: bool
    task_tree: Any
    scope: str
    branch: Branch | None  # that it runs on as a whole
    call: int  # number of the call activity whose called process it is part of; 0: the instance's own process
    definition_id: str  # what its diagram was deployed as
    iterates = False  # its nodes are iterations of one activity
    goes_round = False  # one node after another is of the same element
    goes_on_to = "the end"  # what follows a node after which nothing does

    @property
    def splits(self) -> Container[str]:
        """Elements that begin the paths of the branches inside it."""
        elements: Container[str] = self.spec.task_specs  # type: ignore[attr-defined]  # Spiff's attribute
        return elements

    def is_completed(self) -> bool:
        return self.completed

    def cancel(self, success: bool = False) -> list[Node]:
        self.completed = True
        nodes = self.tokens()
        for node in nodes:
            node.cancel()
        return nodes

    def hold(self, node: Node) -> None:
        """A token stands in it from now on."""
        (self.listening if node.task_spec.listens else self.open)[node.id] = node
        self._moved().standing[node.id] = node

    def let_go(self, node: Node) -> None:
        """A token stands in it no longer."""
        del (self.listening if node.task_spec.listens else self.open)[node.id]
        del self._moved().standing[node.id]

    def _moved(self) -> "Tree":
        """The instance's tree, told to look at the joins in here that depend on where the other tokens are."""
        top: Tree = self.top_workflow  # type: ignore[attr-defined]  # Spiff's attribute
        if self.gathering:
            top.moved[id(self)] = self
        return top

    def tokens(self) -> list[Node]:
        """Every token in it that is open, those inside its sub-processes not included."""
        return [*self.open.values(), *self.listening.values()]

    def begin(self, start: str | None = None) -> None:
        """Put a token on the start event, the one without a trigger if none is named; then stand by for its events.

        What the event sub-processes wait for may depend on what the start event brings.
        """
        spec: Any = self.spec  # type: ignore[attr-defined]  # Spiff's attribute
        self.task_tree = Node(self, spec.start if start is None else spec.task_specs[start])
        self.task_tree._ready()
        for listener in spec.listeners:
            Node(self, listener)._ready()

    def given(self, node: Node) -> dict[str, Any]:
        """Variables that a node in it begins with."""
        return {}

    def leaving(self, node: Node, result: Mapping[str, Any], writes: Sequence[tuple[str, str, Any]]) -> None:
        """A node comes to an end with this result and writes it like that; a FlowFault holds it back."""

    def _task_completed_notify(self, task: Node) -> None:
        if not self.open and not self.completed:
            self.completed = True
            for node in list(self.listening.values()):
                node.cancel()
            self.all_done()

    def all_done(self) -> None:
        """Nothing in it is open any more."""


class Tree(_Indexed, BpmnWorkflow):
    """An instance's tree of nodes; `ready` is its queue, `changed` what the next checkpoint writes.

    `standing` are all open tokens by number, those inside sub-processes included.
    """

    def __init__(self, spec: Any, next_number: int = 1) -> None:
        self.next_number = next_number
        self.open, self.listening, self.joins, self.gathering = {}, {}, {}, {}
        self.standing: dict[int, Node] = {}
        self.ready: deque[Node] = deque()
        self.changed: dict[int, Node] = {}
        self.moved: dict[int, _Indexed] = {}  # by id(): in what tokens have come or gone since it was last looked at
        self.scope = ""
        self.branch = None
        self.call, self.definition_id = 0, ""
        super().__init__(spec, script_engine=_NO_CODE, deserializing=True)

    def nodes(self) -> list[Node]:
        """Every open node, sub-processes' own included."""
        return list(self.standing.values())

    def find(self, number: int) -> Node | None:
        """The open node with that number."""
        return self.standing.get(number)


class SubTree(_Indexed, BpmnSubWorkflow):
    """The nodes inside one activity: `owner.task_spec.inside_done(owner)` is told when all are done."""

    def __init__(self, spec: Any, owner: Node) -> None:
        self.open, self.listening, self.joins, self.gathering = {}, {}, {}, {}
        self.owner = owner
        self.scope = owner.internal_data.get("scope", owner.workflow.scope)
        self.branch = owner.branch
        self.call, self.definition_id = owner.workflow.call, owner.workflow.definition_id
        top = owner.workflow.top_workflow
        super().__init__(spec, owner.id, top, deserializing=True)
        top.subprocesses[owner.id] = self

    @property
    def parent_workflow(self) -> Any:
        return self.owner.workflow

    def all_done(self) -> None:
        self.owner.task_spec.inside_done(self.owner)

    def _calculate_depth(self) -> int:
        return 0  # orders stock Spiff's scan over sub-processes, which never runs here


class _NoCode:
    """Stands where Spiff keeps its Python engine: diagrams hold no code (DESIGN promise 8)."""

    def evaluate(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no code in diagrams: expressions are FEEL and are evaluated by app.engine.spiff.mapping")

    execute = call_service = evaluate


_NO_CODE = _NoCode()


def install() -> None:
    """Spare SpiffWorkflow the log extras that nobody reads: its loggers test their own level, not the effective one."""
    for name in ("spiff.task", "spiff.workflow", "spiff.data"):
        logging.getLogger(name).setLevel(logging.WARNING)
