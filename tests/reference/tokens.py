"""What an instance is made of here: tokens, the frames they run in, and variables in nested scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.diagram import INNER, Diagram, Element

TASKS = {"serviceTask", "userTask", "manualTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask", "task"}
ACTIVITIES = {*TASKS, *INNER, "callActivity"}


class Variables(dict[str, Any]):
    """A scope's own variables; `around` is the scope that it lies in, None for a process."""

    def __init__(self, around: Variables | None = None, values: Mapping[str, Any] | None = None) -> None:
        super().__init__(values or {})
        self.around = around

    def view(self) -> dict[str, Any]:
        return {**(self.around.view() if self.around is not None else {}), **self}

    def put(self, target: str, value: Any) -> None:
        """Set `target` ('a' or 'a.b') where its first name is known, else in the process."""
        name, *path = target.split(".")
        scope = self
        while name not in scope and scope.around is not None:
            scope = scope.around
        scope[name] = _with(scope.get(name), path, value)


def _with(held: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    return {**(held if isinstance(held, dict) else {}), path[0]: _with((held or {}).get(path[0]), path[1:], value)}


class Fault(Exception):
    """An element cannot do what it asks: its token stays there as an incident."""


@dataclass
class Sent:
    """A message in the inbox, until an instant."""

    name: str
    key: str
    variables: dict[str, Any]
    until: int


@dataclass(eq=False)
class Token:
    """One token at one element.

    `kind` is what it waits for, None while it is to be worked on. `number` is its age. `scope` is where its element
    reads and writes: its own variables, or those of the frame.
    """

    number: int
    at: Element
    frame: Frame
    scope: Variables
    came_by: str | None = None  # the flow
    kind: str | None = None
    over: bool = False
    due: int | None = None
    rounds: int | None = None  # of a repeating timer: how often it will still fire; None: for ever
    name: str | None = None  # of what it waits for
    key: str | None = None
    held: bool = False  # did its condition hold when it was last looked at?
    brought: dict[str, Any] = field(default_factory=dict)  # to an event sub-process, by its event
    guards: list[Token] = field(default_factory=list)  # boundary events on its activity
    host: Token | None = None  # of a boundary event: the activity's token
    inside: list[Frame] = field(default_factory=list)
    ended: Frame | None = None  # what ran inside and is done, until the token is worked on again
    turn: int | None = None  # of one instance of a multi-instance activity: from 0
    rivals: list[Token] = field(default_factory=list)  # behind one event-based gateway, itself included
    undoing: list[tuple[Done, dict[str, Any]]] = field(default_factory=list)  # of a compensation event: what is left
    is_undo: bool = False  # its handler is to take back what it did
    asked: bool = False  # has a handler been asked?
    can_undo: bool = False  # its handler can take it back


@dataclass(eq=False)
class Done:
    """A completed activity that can be compensated: by an activity, by the undo of its handler, or by what is inside it."""

    at: Element
    by: Element | None = None
    undo: bool = False
    inside: list[Done] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)  # what a sub-process knew at its end


@dataclass(eq=False)
class Frame:
    """The tokens directly inside a process, a sub-process, or a multi-instance activity."""

    diagram: Diagram
    home: str  # id of the process or sub-process
    owner: Token | None
    variables: Variables
    tokens: list[Token] = field(default_factory=list)
    listeners: list[Token] = field(default_factory=list)  # start events of event sub-processes, standing by
    done: list[Done] = field(default_factory=list)  # oldest first
    over: bool = False
