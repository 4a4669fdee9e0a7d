"""What rows hold of elements' ids: scopes, branches, visits and writes, in the new version's names.

A scope's path is '/sub#1/task#2', a branch's 'split#1.0>split#1.2>'; a step in a branch is 'branch|element#visit'.
What is inside a called process, '/!access#1/...', keeps its names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from app.engine.migration.plan import Plan
from app.engine.signatures import rename
from app.engine.spiff.branches import BESIDE, segments
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.spiff.scopes import VISITS, WRITE, as_json

CALLED = "!"
SCOPES = ("scope", "inside")  # of a token's `internal`: its own, and that of what runs inside
VariableRow = tuple[str, str, str, str]  # scope, kind, name, value


class Renaming:
    """Made from an instance as it is in the old version; `repeatable` are the new version's ids on or after loops."""

    def __init__(self, plan: Plan, live: Live, repeatable: frozenset[str]) -> None:
        self._elements = plan.elements
        self._repeatable = repeatable
        self._counted: dict[tuple[str, str], int] = {}  # (scope, name) -> visits whose tokens are open
        for node in live.tree.nodes():
            if is_own(node.workflow) and not iterates(node.workflow):
                self._count(node)

    def path(self, branch: str) -> str:
        """A branch's path, or a part of one."""
        return "".join(f"{self._segment(segment)}>" for segment in segments(branch))

    def _segment(self, segment: str) -> str:
        """'split#visit.0+2+join': of each branch of a split, which of them, and what joined them."""
        split, _, rest = segment.partition("#")
        first, *more = rest.split("+")
        return "+".join([f"{self._element(split)}#{first}", *(self._element(part) for part in more)])

    def scope(self, scope: str) -> str:
        parts = scope.split("/")
        own = next((n for n, part in enumerate(parts, 1) if part.startswith(CALLED)), len(parts))
        return "/".join([*(self._step(part) for part in parts[:own]), *parts[own:]])

    def _step(self, name: str) -> str:
        """'branch|element#visit', or what else a part of a scope's path is."""
        mark = CALLED if name.startswith(CALLED) else ""
        path, bar, step = name.removeprefix(mark).rpartition("|")
        element_id, hash, visit = step.partition("#")
        return f"{mark}{self.path(path)}{bar}{self._element(element_id)}{hash}{visit}"

    def _element(self, element_id: str) -> str:
        return self._elements.get(element_id, element_id)

    def _count(self, node: Node) -> None:
        """Visits are counted anew, past those whose tokens are open: no two are to have one name."""
        scope, path = self.scope(node.workflow.scope), self.path(node.path)
        if "visit" in node.internal_data:
            self._note(scope, path, self._element(node.task_spec.bpmn_id), node.internal_data["visit"])
        begun = ""
        for segment in segments(path):
            event, _, rest = segment.partition("#")
            if BESIDE in rest:
                self._note(scope, begun, event, int(rest.partition(".")[0]))
            begun += f"{segment}>"

    def _note(self, scope: str, path: str, element_id: str, visit: int) -> None:
        if element_id in self._repeatable:
            name = f"{path}|{element_id}" if path else element_id
            self._counted[scope, name] = max(visit, self._counted.get((scope, name), 0))

    def internal(self, node: Node, stored: str, sources: Mapping[int, str]) -> str:
        """A token's `internal`; `sources` says from where tokens have come to their joins."""
        data = orjson.loads(stored)
        for name in SCOPES:
            if name in data:
                data[name] = self.scope(data[name])
        if not is_own(node.workflow):
            return as_json(data)
        if "branch" in data:
            data["branch"][0] = self.path(data["branch"][0])
        if node.id in sources:
            data["from"] = sources[node.id]
        if "incident" in data:
            element_id = node.task_spec.bpmn_id
            data["incident"][1] = rename(data["incident"][1], element_id, self._element(element_id))
        return as_json(data)

    def variables(self, rows: Iterable[VariableRow]) -> list[VariableRow]:
        """All rows of an instance's variables, writes and visits."""
        renamed = []
        for scope, kind, name, value in rows:
            own, now_in = f"/{CALLED}" not in scope, self.scope(scope)
            if kind == WRITE and own:
                number, branch = orjson.loads(value)
                renamed.append((now_in, kind, name, as_json([number, self.path(branch)])))
            elif kind != VISITS or not own:
                renamed.append((now_in, kind, name, value))
        return renamed + [(scope, VISITS, name, as_json(count)) for (scope, name), count in self._counted.items()]

    def undo(self, name_now: str | None, undo: Mapping[str, Any]) -> Mapping[str, Any]:
        """What takes a finished step back: `of` is its element in the new version, null where that has none.

        So it is too where what was drawn to take it back is drawn no longer.
        """
        of = None if name_now is None else self._elements.get(name_now)
        if "element" not in undo:
            return undo if of == name_now else {**undo, "of": of}
        drawn = self._elements.get(undo["element"])
        if drawn is None:
            return {**undo, "of": None}
        return undo if (of, drawn) == (name_now, undo["element"]) else {**undo, "of": of, "element": drawn}


def is_own(workflow: Any) -> bool:
    """Is it part of the process that moves? A called process stays on its version."""
    return bool(workflow.call == 0)


def iterates(workflow: Any) -> bool:
    """Are its tokens the iterations of one activity?"""
    return bool(getattr(workflow, "iterates", False))


def repeatable_ids(process: Any) -> frozenset[str]:
    """Elements, of a process and all inside it, whose visits are counted."""
    found: set[str] = set()
    ahead = [process]
    while ahead:
        for spec in ahead.pop().task_specs.values():
            element_id = getattr(spec, "bpmn_id", None)
            if element_id is not None and spec.repeatable:
                found.add(element_id)
            inside = getattr(spec, "inner", None)
            if inside is not None:
                ahead.append(inside)
    return frozenset(found)
