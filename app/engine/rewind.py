"""Back to an element that was passed: a plan that says what would be ended and what was done since, and the move.

Variables are left as they are: what is done again writes over them. What was done since is not taken back by the
rewind itself; the plan lists each step with the `undo` it recorded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.errors import Conflict
from app.engine.moves import kind_of, running_in, take_away, why_busy
from app.engine.spiff import places
from app.engine.spiff.branches import BESIDE, Branch, segments, split_of
from app.engine.spiff.events import Boundary, EventSubProcess
from app.engine.spiff.index import COMPLETED, Node
from app.engine.spiff.live import Live
from app.engine.tables import token


@dataclass(frozen=True)
class Ended:
    """A token that a rewind ends."""

    number: int
    element_id: str
    kind: str


@dataclass(frozen=True)
class DoneStep:
    """What was done since, by a handler (with its key) or a person, or came as a message; in the order it began.

    `undo` names the handler or the element that takes it back; `outputs` are known only with a handler's.
    """

    number: int
    element_id: str
    name: str
    key: str | None
    ended_at: datetime
    undo: str | None
    arguments: dict[str, Any] | None
    outputs: dict[str, Any] | None


@dataclass(frozen=True)
class RewindPlan:
    """What a rewind would do; with `refusals` it is not done. `number` is the token of the visit that is repeated."""

    element_id: str
    number: int | None
    ends: list[Ended]
    done: list[DoneStep]
    refusals: list[str]


class _Rewind:
    """One rewind, looked at: the visit that it goes back to, and the open tokens that came after it."""

    def __init__(self, live: Live, visit: Any, workflow: Any) -> None:
        self.element_id, self.number, self.workflow = visit.element_id, visit.number, workflow
        node = live.tree.find(visit.number)
        self.branch = node.branch if node is not None else _branch(visit.internal)
        self.path = self.branch.path if self.branch is not None else ""
        self.reached = places.reached_from(workflow.spec, visit.element_id)
        self.nodes = [node for node in workflow.open.values() if self.is_after(node.branch)]

    def is_after(self, branch: Branch | None) -> bool:
        """Is it the visit's branch, or one that went off from it afterwards?"""
        path = branch.path if branch is not None else ""
        if not path.startswith(self.path):
            return False
        further = segments(path[len(self.path) :])
        if not further or BESIDE not in further[0]:
            return True
        beside = self.workflow.spec.task_specs.get(split_of(further[0]).partition("#")[0])
        return isinstance(beside, Boundary) and beside.name in self.reached

    def refusals(self, live: Live) -> Iterator[str]:
        why = places.why_not(self.workflow.spec, self.element_id)
        if why is not None:
            yield why
        outside = self.workflow.branch.path if self.workflow.branch is not None else ""
        if not self.nodes and self.path != outside:
            yield f"The parallel branch on which '{self.element_id}' was passed is over. Rewind to before its split."
        running = running_in(live, self.nodes)
        if running:
            yield why_busy(running)

    def perform(self, live: Live) -> Node:
        beyond = {split_of(first) for node in self.nodes for first in self._further(node)[:1]}
        interrupted = [n for n in self.nodes if isinstance(n.task_spec, EventSubProcess) and not self._further(n)]
        for node in self.nodes:
            take_away(node)
        for beginning in beyond if live.scopes.beside else ():
            live.scopes.rejoin(self.workflow.scope, self.path + beginning, self.branch)
        if interrupted:
            self._listen_again()
        live.rewinds += 1
        return places.put(self.workflow, self.element_id, self.branch)

    def _further(self, node: Node) -> list[str]:
        return segments(node.branch.path[len(self.path) :]) if node.branch is not None else []

    def _listen_again(self) -> None:
        """An event sub-process had ended whatever stood by beside it."""
        standing = {node.task_spec.name for node in self.workflow.listening.values()}
        for listener in self.workflow.spec.listeners:
            if listener.name not in standing:
                Node(self.workflow, listener)._ready()


def plan(connection: sa.Connection, live: Live, element_id: str, number: int | None = None) -> RewindPlan:
    """Look at a rewind to the last visit of an element, or to the visit of token `number`; nothing is changed."""
    found = _find(connection, live, element_id, number)
    if isinstance(found, str):
        return RewindPlan(element_id, number, [], [], [found])
    return _plan(connection, live, found)


def perform(
    connection: sa.Connection, live: Live, element_id: str, number: int | None = None
) -> tuple[RewindPlan, Node]:
    """Do it; Conflict with every reason if it is refused. What was planned, and the token that begins again."""
    found = _find(connection, live, element_id, number)
    if isinstance(found, str):
        raise Conflict(found, path="$.elementId")
    planned = _plan(connection, live, found)
    if planned.refusals:
        raise Conflict(" ".join(planned.refusals), path="$.elementId")
    return planned, found.perform(live)


def _plan(connection: sa.Connection, live: Live, found: _Rewind) -> RewindPlan:
    ends = [Ended(node.id, node.task_spec.bpmn_id, kind_of(node)) for node in found.nodes]
    done = list(_done_since(connection, live, found))
    return RewindPlan(found.element_id, found.number, ends, done, list(found.refusals(live)))


def _find(connection: sa.Connection, live: Live, element_id: str, number: int | None) -> _Rewind | str:
    """The last visit in a scope that is still open; or why there is none."""
    if live.ended:
        return f"The instance is {live.state}: it cannot be rewound any more. Start another."
    scopes = {0: live.tree, **{each.owner.id: each for each in live.tree.subprocesses.values()}}
    which = [token.c.instance_id == live.instance_id, token.c.element_id == element_id, token.c.spec == element_id]
    if number is not None:
        which.append(token.c.number == number)
    query = sa.select(token.c.number, token.c.inside, token.c.element_id, token.c.internal).where(*which)
    newest = query.order_by(token.c.number.desc()).limit(1)
    visit = connection.execute(newest.where(token.c.inside.in_(scopes))).first()
    if visit is None:
        if connection.execute(newest).first() is not None:
            return f"The sub-process in which '{element_id}' was passed is over. Rewind to the sub-process as a whole."
        visited = f"by token {number}" if number is not None else "in this instance"
        return f"'{element_id}' was not passed {visited}."
    if element_id not in scopes[visit.inside].spec.task_specs:
        return f"'{element_id}' was passed in another version: this one has no such element there."
    others = set(scopes) - {visit.inside}
    if number is None and connection.execute(newest.where(token.c.inside.in_(others))).first() is not None:
        return f"'{element_id}' was passed in several iterations that still run. Name the token of one of them."
    return _Rewind(live, visit, scopes[visit.inside])


def _done_since(connection: sa.Connection, live: Live, found: _Rewind) -> Iterator[DoneStep]:
    query = sa.select(token).where(token.c.instance_id == live.instance_id, token.c.number >= found.number)
    rows = {row.number: row for row in connection.execute(query.order_by(token.c.number))}
    owner = getattr(found.workflow, "owner", None)
    for row in rows.values():
        if not row.open and row.state == COMPLETED and (row.step_key or row.claimed_by or row.correlation):
            outermost = _ancestor(row, rows, 0 if owner is None else owner.id)
            if outermost is not None and found.is_after(_branch(outermost.internal)):
                yield _done(row)


def _done(row: Any) -> DoneStep:
    undo = row.undo or {}
    arguments = undo.get("arguments", row.inputs)
    facts = (row.number, row.element_id, row.name, row.step_key, row.ended_at)
    return DoneStep(*facts, undo.get("handler") or undo.get("element"), arguments, undo.get("outputs"))


def _ancestor(row: Any, rows: dict[int, Any], scope: int) -> Any | None:
    """The token of that scope which it is, or inside which it is; None if there is none among them."""
    while row is not None and row.inside != scope:
        row = rows.get(row.inside)
    return row


def _branch(internal: str) -> Branch | None:
    branch = orjson.loads(internal).get("branch")
    return None if branch is None else Branch(branch[0], tuple(branch[1]))
