"""Variables in a tree of scopes, as Camunda 8 has them (DESIGN promise 9); SpiffWorkflow's own task data stays empty.

A scope's id is its path: '' is the process, '/prove#1' the first visit of the sub-process `prove`, '/prove#1/read#1'
the task inside it that has input mappings, '/prove#1/[3]' the third iteration of a `prove` that is done for each item.
A part that begins with '!' is a called process: what is inside sees nothing beyond it. So the tree needs no table.

Concurrent branches share their enclosing scope. A write carries the branch it comes from; writing over what another
branch wrote after this one split off is a conflict, which the caller turns into an incident before anything is written.
"""

from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.engine.spiff.branches import BESIDE, MAIN, Branch

VALUE, VISITS, WRITE, OUTPUT = "v", "n", "w", "o"
ISOLATES = "!"

Row = tuple[str, str, str, Any]  # scope, kind, name, value
Changed = tuple[str, str, str, Any, int]  # the same, and the number of the token that set it; 0: none did


@dataclass(frozen=True)
class Conflict:
    """A write that would lose what a concurrent branch wrote."""

    scope: str
    target: str
    stored: Any
    new: Any
    stored_by: str
    new_by: str


class Scopes:
    """The open scopes of one instance, and what of them the next checkpoint writes."""

    def __init__(self, writes: int = 0) -> None:
        self.variables: dict[str, dict[str, Any]] = {"": {}}
        self.steps: set[str] = set()  # scopes of single steps: stored with their tokens, not as rows of their own
        self.visits: dict[str, dict[str, int]] = {}
        self.last_writes: dict[str, dict[str, tuple[int, str]]] = {}  # scope -> path -> (write number, branch)
        self.outputs: dict[str, dict[int, Any]] = {}  # scope -> number of an iteration -> what came of it
        self.writes = writes
        self.beside = False  # has a boundary event gone on beside its activity? Then the main path has rivals too
        self._changed: dict[str, dict[tuple[str, str], int]] = {}  # scope -> (kind, name), in order -> who set it
        self._closed: list[str] = []
        self._forgotten: list[tuple[str, str]] = []  # (scope, name) of visits that no longer matter
        self._stored: set[str] = set()  # scopes that have rows
        self._inside: dict[str, dict[str, None]] = {}  # scope -> the scopes directly inside it

    # reading
    def view(self, scope: str) -> MutableMapping[str, Any]:
        """What an expression in `scope` sees: its own variables over those of the scopes around it."""
        if not scope:
            return self.variables[""]
        return ChainMap(*[self.variables[s] for s in _outwards(scope) if s in self.variables])

    # writing
    def declare(self, scope: str, name: str, value: Any) -> None:
        """Set a variable local to `scope`; it hides one of the same name further out."""
        self._of(self.variables, scope)[name] = value
        self._touch(scope, VALUE, name)

    def conflict(self, scope: str, target: str, value: Any, branch: Branch | None) -> Conflict | None:
        """Would this write lose what a concurrent branch wrote since this branch split off?"""
        if branch is None and not self.beside:
            return None
        branch = branch or MAIN
        holder = self._holder(scope, target.partition(".")[0])
        written = self.last_writes.get(holder, {})
        for path in _related(target, written):
            number, other = written[path]
            split = branch.diverged_at(other)
            if split is not None and number > split:
                return Conflict(holder, target, self._read(holder, path), value, other, branch.path)
        return None

    def write(self, scope: str, target: str, value: Any, branch: Branch | None = None, *, by: int = 0) -> None:
        """Set `target` ('a' or 'a.b') where its first name is known, else in the outermost scope that can be seen.

        `by` is the number of the token that sets it.
        """
        name, *path = target.split(".")
        holder = self._holder(scope, name)
        self.writes += 1
        if (branch is not None or self.beside or _isolates(holder)) and holder not in self.steps:
            self._of(self.last_writes, holder)[target] = (self.writes, (branch or MAIN).path)
            self._touch(holder, WRITE, target)
        variables = self._of(self.variables, holder)
        variables[name] = nested(variables.get(name), path, value)
        self._touch(holder, VALUE, name, by)

    def written(self, scope: str) -> set[str]:
        """The variables of a called process that it has written, not only been given."""
        return {path.partition(".")[0] for path in self.last_writes.get(scope, {})}

    def visit(self, scope: str, branch: str, element_id: str) -> int:
        """Count a visit of an element that may be visited again; 1 the first time."""
        name = f"{branch}|{element_id}" if branch else element_id
        visits: dict[str, int] = self._of(self.visits, scope)
        count = visits[name] = visits.get(name, 0) + 1
        self._touch(scope, VISITS, name)
        return count

    def gather(self, scope: str, number: int, value: Any) -> None:
        """Keep what came of an iteration; `outputs` has it until the scope of all of them is closed."""
        self._of(self.outputs, scope)[number] = value
        self._touch(scope, OUTPUT, str(number))

    def end_branches(self, scope: str, beginning: str) -> None:
        """No token will be on a path that begins like that: its visits no longer matter."""
        visits = self.visits.get(scope, {})
        for name in [name for name in visits if name.startswith(beginning)]:
            del visits[name]
            self._changed.get(scope, {}).pop((VISITS, name), None)
            self._forgotten.append((scope, name))

    def rejoin(self, scope: str, beginning: str, branch: Branch | None, splits: Container[str] | None = None) -> None:
        """What was written beside `branch`, on paths that begin like that, it has written itself from now on.

        That is in all that `scope` sees. With `splits`, only on paths that go on with one of these elements.
        """
        for each in _outwards(scope):
            written = self.last_writes.get(each, {})
            for path, (number, by) in written.items():
                if by.startswith(beginning) and (splits is None or by[len(beginning) :].partition("#")[0] in splits):
                    written[path] = (number, (branch or MAIN).path)
                    self._touch(each, WRITE, path)

    # beginning and ending
    def open(self, scope: str, variables: dict[str, Any], *, of_a_step: bool, by: int = 0) -> None:
        """Begin a scope with these variables, set by token `by`; a step's holds no other scope."""
        self._place(scope)
        self.variables[scope] = variables
        if of_a_step:
            self.steps.add(scope)
        else:
            for name in variables:
                self._touch(scope, VALUE, name, by)

    def close(self, scope: str) -> None:
        """Drop a scope and all inside it."""
        around = self._inside.get(scope.rpartition("/")[0])
        if around is not None:
            around.pop(scope, None)
        ahead = [scope]
        while ahead:
            each = ahead.pop()
            ahead.extend(self._inside.pop(each, ()))
            store: dict[str, Any]
            for store in (self.variables, self.visits, self.last_writes, self.outputs, self._changed):
                store.pop(each, None)
            self.steps.discard(each)
            if each in self._stored:
                self._stored.discard(each)
                self._closed.append(each)

    # storing
    def take_changes(self) -> tuple[list[Changed], list[str], list[tuple[str, str]]]:
        """(rows to insert or replace, scopes to delete, (scope, name) of visits to delete); forgets all."""
        rows = [
            (scope, kind, name, self._value(scope, kind, name), by)
            for scope, changed in self._changed.items()
            for (kind, name), by in changed.items()
        ]
        taken = rows, self._closed, self._forgotten
        self._stored.update(self._changed)
        self._changed, self._closed, self._forgotten = {}, [], []
        return taken

    def restore(self, rows: Iterable[Row]) -> None:
        """Put back what `take_changes` gave."""
        for scope, kind, name, value in rows:
            self._stored.add(scope)
            if kind == VALUE:
                self._of(self.variables, scope)[name] = value
            elif kind == VISITS:
                self._of(self.visits, scope)[name] = value
            elif kind == OUTPUT:
                self._of(self.outputs, scope)[int(name)] = value
            else:
                self._of(self.last_writes, scope)[name] = (value[0], value[1])
                self.beside = self.beside or BESIDE in value[1]

    def _value(self, scope: str, kind: str, name: str) -> Any:
        if kind == VALUE:
            return self.variables[scope][name]
        if kind == OUTPUT:
            return self.outputs[scope][int(name)]
        return self.visits[scope][name] if kind == VISITS else self.last_writes[scope][name]

    def _of(self, store: dict[str, dict[Any, Any]], scope: str) -> dict[Any, Any]:
        found = store.get(scope)
        if found is None:
            self._place(scope)
            found = store[scope] = {}
        return found

    def _place(self, scope: str) -> None:
        """Remember what a scope lies in, so that closing that one finds it."""
        while scope:
            around = scope.rpartition("/")[0]
            known = self._inside.setdefault(around, {})
            if scope in known:
                return
            known[scope] = None
            scope = around

    def _touch(self, scope: str, kind: str, name: str, by: int = 0) -> None:
        if scope not in self.steps:
            self._changed.setdefault(scope, {})[kind, name] = by

    def _holder(self, scope: str, name: str) -> str:
        each = ""
        for each in _outwards(scope):
            if name in self.variables.get(each, ()):
                return each
        return each

    def _read(self, scope: str, target: str) -> Any:
        value: Any = self.variables.get(scope, {})
        for name in target.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _outwards(scope: str) -> Iterator[str]:
    """The scope and those around it, to where sight ends."""
    while scope:
        yield scope
        if _isolates(scope):
            return
        scope = scope.rpartition("/")[0]
    yield ""


def _isolates(scope: str) -> bool:
    return scope.startswith(ISOLATES, scope.rfind("/") + 1)


def _related(target: str, written: Iterable[str]) -> Iterator[str]:
    """Written paths that `target` lies in, is, or holds."""
    below = target + "."
    for path in written:
        if path == target or path.startswith(below) or target.startswith(path + "."):
            yield path


def nested(held: Any, path: list[str], value: Any) -> Any:
    """A copy of `held` with `value` at `path`: what history or another thread holds is never changed in place."""
    if not path:
        return value
    copy = dict(held) if isinstance(held, dict) else {}
    copy[path[0]] = nested(copy.get(path[0]), path[1:], value)
    return copy


def as_json(value: Any) -> str:
    """The text in which a value is stored; raises TypeError for what JSON cannot hold."""
    return orjson.dumps(value).decode()
