"""What rows hold of elements' ids: scopes, branches, visits and writes, in the new version's names.

A scope's path is '/sub#1/task#2', a branch's 'split#1.0>split#1.2>'; a step in a branch is 'branch|element#visit'.
A called process keeps its names, inside whatever the names around it have become.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from app.engine.migration.plan import Plan
from app.engine.spiff.branches import segments
from app.engine.spiff.index import Node, SubTree
from app.engine.spiff.live import Live
from app.engine.spiff.scopes import VISITS, WRITE, as_json

VariableRow = tuple[str, str, str, str]  # scope, kind, name, value


class Renaming:
    """Made from an instance as it is in the old version; `repeatable` are the new version's ids on or after loops."""

    def __init__(self, plan: Plan, live: Live, repeatable: frozenset[str]) -> None:
        self._plan = plan
        self._repeatable = repeatable
        self._scopes: dict[str, str] = {"": ""}
        self._inside: dict[str, Any] = {"": live.tree}  # scope -> what runs in it
        self._branches: dict[int, str] = {0: ""}  # owner of what runs inside -> the branch that it runs on as a whole
        self._counted: dict[tuple[str, str], int] = {}  # (scope, name) -> visits that are open, by their numbers
        for node in sorted(live.tree.nodes(), key=lambda node: node.id):
            self._learn(node)
        for workflow in live.tree.subprocesses.values():
            self._inside[workflow.scope] = workflow

    def _learn(self, node: Node) -> None:
        """Outer nodes come before inner ones."""
        workflow = node.workflow
        self._branches[node.id] = self._renamed_branch(node)
        scope = node.internal_data.get("scope")
        if scope is not None:
            part = scope[len(workflow.scope) + 1 :]
            self._scopes[scope] = f"{self._scopes[workflow.scope]}/{self._step(part) if workflow.call == 0 else part}"
        if workflow.call == 0:
            self._count(node)

    def _renamed_branch(self, node: Node) -> str:
        workflow = node.workflow
        path = self._path(node.path) if workflow.call == 0 else node.path
        return self._branches[owner_number(workflow)] + path

    def _path(self, path: str) -> str:
        return "".join(f"{self._segment(segment)}>" for segment in segments(path))

    def _segment(self, segment: str) -> str:
        """'split#visit.0+2+join': of each branch of a split, which of them, and what joined them."""
        split, _, rest = segment.partition("#")
        first, *more = rest.split("+")
        return "+".join([f"{self._element(split)}#{first}", *(self._element(part) for part in more)])

    def _step(self, name: str) -> str:
        """'branch|element#visit', or what else a part of a scope's path is."""
        path, bar, step = name.rpartition("|")
        element_id, mark, visit = step.partition("#")
        return f"{self._path(path)}{bar}{self._element(element_id)}{mark}{visit}"

    def _element(self, element_id: str) -> str:
        return self._plan.elements.get(element_id, element_id)

    def _count(self, node: Node) -> None:
        """The new version may count visits that the old one had no need to: those that are open come first."""
        scope, path = self._scopes[node.workflow.scope], self._path(node.path)
        visit = node.internal_data.get("visit")
        if visit is not None:
            self._note_visit(scope, path, self._element(node.task_spec.bpmn_id), visit)
        begun = ""
        for segment in segments(path):
            split, _, rest = segment.partition("#")
            self._note_visit(scope, begun, split, int(rest.partition(".")[0].partition("*")[0]))
            begun += f"{segment}>"

    def _note_visit(self, scope: str, path: str, element_id: str, visit: int) -> None:
        if element_id in self._repeatable:
            name = f"{path}|{element_id}" if path else element_id
            self._counted[scope, name] = max(visit, self._counted.get((scope, name), 0))

    def branch(self, node: Node) -> str:
        """The path of the branch that a token is on."""
        return self._branches[node.id]

    def internal(self, node: Node, stored: str, sources: dict[int, str]) -> str:
        """A token's `internal`; `sources` says from where tokens have come to their joins."""
        data = orjson.loads(stored)
        if "scope" in data:
            data["scope"] = self._scopes[data["scope"]]
        if "branch" in data:
            data["branch"][0] = self._branches[node.id]
        if node.id in sources:
            data["from"] = sources[node.id]
        if "incident" in data and node.workflow.call == 0:
            data["incident"][1] = self.signature(node.task_spec.bpmn_id, data["incident"][1])
        return as_json(data)

    def signature(self, element_id: str, signature: str) -> str:
        """An incident's, which begins with its element."""
        rest = signature.removeprefix(f"{element_id} ")
        return f"{self._element(element_id)} {rest}" if rest != signature else signature

    def variables(self, rows: Iterable[VariableRow]) -> list[VariableRow]:
        """All rows of an instance's variables, visits and writes, without those that no longer matter."""
        renamed = []
        visits = dict(self._counted)
        for scope, kind, name, value in rows:
            inside, now_in = self._inside.get(scope), self._scopes.get(scope, scope)
            if kind == WRITE:
                number, branch = orjson.loads(value)
                renamed.append((now_in, kind, name, as_json([number, self._written_by(inside, branch)])))
            elif kind == VISITS and inside is not None and inside.call == 0:
                self._keep_visits(visits, now_in, name, orjson.loads(value))
            else:
                renamed.append((now_in, kind, name, value))
        return renamed + [(scope, VISITS, name, as_json(count)) for (scope, name), count in visits.items()]

    def _keep_visits(self, visits: dict[tuple[str, str], int], scope: str, name: str, count: int) -> None:
        path, bar, element_id = name.rpartition("|")
        goes_to = self._plan.elements.get(element_id)
        if goes_to in self._repeatable:
            key = (scope, f"{self._path(path)}{bar}{goes_to}")
            visits[key] = max(count, visits.get(key, 0))

    def _written_by(self, inside: Any, branch: str) -> str:
        if inside is None or inside.call == 0:
            return self._path(branch)
        outer = inside.branch.path if inside.branch is not None else ""
        if not branch.startswith(outer):
            return branch
        return self._branches[owner_number(inside)] + branch[len(outer) :]


def owner_number(workflow: Any) -> int:
    """The token of the activity that it runs inside; 0 is the process."""
    return int(workflow.owner.id) if isinstance(workflow, SubTree) else 0
