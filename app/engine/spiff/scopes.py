"""Variables in a tree of scopes, as Camunda 8 has them (DESIGN promise 9); SpiffWorkflow's own task data stays empty.

A scope's id is its path: '' is the process, '/prove#1' the first visit of the sub-process `prove`, '/prove#1/read#1'
the task inside it that has input mappings. So the tree needs no table of its own.

Concurrent branches share their enclosing scope. A write carries the branch it comes from; writing over what another
branch wrote after this one split off is a conflict, which the caller turns into an incident before anything is written.
"""

from collections import ChainMap
from collections.abc import Container, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.engine.spiff.branches import MAIN, Branch

VALUE, VISITS, WRITE = "v", "n", "w"


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
    """The open scopes of one instance; `changed` and `closed` are what the next checkpoint writes."""

    def __init__(self, writes: int = 0) -> None:
        self.variables: dict[str, dict[str, Any]] = {"": {}}
        self.steps: set[str] = set()  # scopes of single steps: stored with their tokens, not as rows of their own
        self.visits: dict[tuple[str, str], int] = {}
        self.last_writes: dict[tuple[str, str], tuple[int, str]] = {}  # (scope, path) -> (write number, branch)
        self.writes = writes
        self.beside = False  # has a boundary event gone on beside its activity? Then the main path has rivals too
        self.changed: dict[tuple[str, str, str], None] = {}  # (scope, kind, name), in order
        self.closed: list[str] = []
        self.forgotten: list[tuple[str, str]] = []  # (scope, name) of visits that no longer matter

    # reading
    def view(self, scope: str) -> MutableMapping[str, Any]:
        """What an expression in `scope` sees: its own variables over those of the scopes around it."""
        if not scope:
            return self.variables[""]
        return ChainMap(*[self.variables[s] for s in _outwards(scope) if s in self.variables])

    def stored(self, key: tuple[str, str, str]) -> Any:
        """The value behind a row of `changed`."""
        scope, kind, name = key
        if kind == VALUE:
            return self.variables[scope][name]
        return self.visits[scope, name] if kind == VISITS else self.last_writes[scope, name]

    # writing
    def declare(self, scope: str, name: str, value: Any) -> None:
        """Set a variable local to `scope`; it hides one of the same name further out."""
        self.variables.setdefault(scope, {})[name] = value
        self._touch(scope, VALUE, name)

    def conflict(self, scope: str, target: str, value: Any, branch: Branch | None) -> Conflict | None:
        """Would this write lose what a concurrent branch wrote since this branch split off?"""
        if branch is None and not self.beside:
            return None
        branch = branch or MAIN
        holder = self._holder(scope, target.partition(".")[0])
        for path in _related(target, self.last_writes, holder):
            number, other = self.last_writes[holder, path]
            split = branch.diverged_at(other)
            if split is not None and number > split:
                return Conflict(holder, target, self._read(holder, path), value, other, branch.path)
        return None

    def write(self, scope: str, target: str, value: Any, branch: Branch | None = None) -> None:
        """Set `target` ('a' or 'a.b') where its first name is known, else in the outermost scope."""
        name, *path = target.split(".")
        holder = self._holder(scope, name)
        self.writes += 1
        if (branch is not None or self.beside) and holder not in self.steps:
            self.last_writes[holder, target] = (self.writes, (branch or MAIN).path)
            self.changed[holder, WRITE, target] = None
        variables = self.variables.setdefault(holder, {})
        variables[name] = _with(variables.get(name), path, value) if path else value
        self._touch(holder, VALUE, name)

    def visit(self, scope: str, branch: str, element_id: str) -> int:
        """Count a visit of an element that may be visited again; 1 the first time."""
        name = f"{branch}|{element_id}" if branch else element_id
        count = self.visits[scope, name] = self.visits.get((scope, name), 0) + 1
        self.changed[scope, VISITS, name] = None
        return count

    def end_branches(self, scope: str, beginning: str) -> None:
        """No token will be on a path that begins like that: its visits no longer matter."""
        for key in [k for k in self.visits if k[0] == scope and k[1].startswith(beginning)]:
            del self.visits[key]
            self.changed.pop((scope, VISITS, key[1]), None)
            self.forgotten.append(key)

    def rejoin(self, beginning: str, branch: Branch | None, splits: Container[str] | None = None) -> None:
        """What was written beside `branch`, on paths that begin like that, it has written itself from now on.

        With `splits`, only on paths that go on with one of these elements.
        """
        for (scope, path), (number, by) in list(self.last_writes.items()):
            if by.startswith(beginning) and (splits is None or by[len(beginning) :].partition("#")[0] in splits):
                self.last_writes[scope, path] = (number, (branch or MAIN).path)
                self.changed[scope, WRITE, path] = None

    def open(self, scope: str, variables: dict[str, Any], *, of_a_step: bool) -> None:
        """Begin a scope with these variables; a step's holds no other scope."""
        self.variables[scope] = variables
        if of_a_step:
            self.steps.add(scope)
        else:
            for name in variables:
                self._touch(scope, VALUE, name)

    def _touch(self, scope: str, kind: str, name: str) -> None:
        if scope not in self.steps:
            self.changed[scope, kind, name] = None

    def close(self, scope: str) -> None:
        """Drop a scope and all inside it."""
        if scope in self.steps:
            self.steps.discard(scope)
            self.variables.pop(scope, None)
            return
        inside = scope + "/"
        for each in [s for s in self._known() if s == scope or s.startswith(inside)]:
            self.variables.pop(each, None)
            if each in self.steps:
                self.steps.discard(each)
                continue
            self.closed.append(each)
            for store in (self.visits, self.last_writes):
                for key in [k for k in store if k[0] == each]:
                    del store[key]
            for changed in [k for k in self.changed if k[0] == each]:
                del self.changed[changed]

    def _known(self) -> set[str]:
        return {*self.variables, *(s for s, _ in self.visits), *(s for s, _ in self.last_writes)}

    def _holder(self, scope: str, name: str) -> str:
        for each in _outwards(scope):
            if name in self.variables.get(each, ()):
                return each
        return ""

    def _read(self, scope: str, target: str) -> Any:
        value: Any = self.variables.get(scope, {})
        for name in target.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _outwards(scope: str) -> Iterator[str]:
    while scope:
        yield scope
        scope = scope.rpartition("/")[0]
    yield ""


def _related(target: str, last_writes: Mapping[tuple[str, str], Any], holder: str) -> Iterator[str]:
    """Written paths that `target` lies in, is, or holds."""
    below = target + "."
    for scope, path in last_writes:
        if scope == holder and (path == target or path.startswith(below) or target.startswith(path + ".")):
            yield path


def _with(held: Any, path: list[str], value: Any) -> dict[str, Any]:
    """A copy of `held` with `value` at `path`: what history or another thread holds is never changed in place."""
    copy = dict(held) if isinstance(held, dict) else {}
    copy[path[0]] = _with(copy.get(path[0]), path[1:], value) if len(path) > 1 else value
    return copy


def as_json(value: Any) -> str:
    """The text in which a value is stored; raises TypeError for what JSON cannot hold."""
    return orjson.dumps(value).decode()
