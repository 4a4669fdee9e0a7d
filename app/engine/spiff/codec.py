"""Nodes to rows of `token` and back: only what is open is read, only what changed is written."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from app.engine.spiff.branches import BESIDE, Branch
from app.engine.spiff.index import COMPLETED, OPEN, WAITING, Node, SubTree
from app.engine.spiff.live import Live, Wait
from app.engine.spiff.scopes import VALUE, as_json

TOKEN_COLUMNS = (
    "number parent inside state spec internal element_id kind since due_at held_due_at name correlation step_key "
    "attempt claimed_by inputs error undo entered_at"
).split()


def token_rows(live: Live) -> list[dict[str, Any]]:
    """Rows to insert or replace for everything that changed; forgets what changed."""
    rows = []
    for node in live.tree.changed.values():
        if node.task_spec.bpmn_id is None:  # a split before boundary events: passed at once, on no diagram
            continue
        if node._state & OPEN or node.stored or node._state == COMPLETED:
            rows.append(_row(live, node))
            node.stored = True
    live.tree.changed.clear()
    return rows


def _row(live: Live, node: Node) -> dict[str, Any]:
    is_open = node._state & OPEN
    wait = node.wait or _NOTHING
    due_at = wait.due_at if is_open else None
    if node.entered_at is None:
        node.entered_at = live.now
    inside = node.workflow
    kind = wait.kind
    if wait is _NOTHING and is_open:
        kind = "join" if node._state == WAITING else None
    return {
        "instance_id": live.instance_id,
        "number": node.id,
        "open": 1 if is_open else 0,
        "parent": node._up.id if node._up is not None else 0,
        "inside": inside.owner.id if isinstance(inside, SubTree) else 0,
        "call": inside.call,
        "state": node._state,
        "spec": node.task_spec.name,
        "internal": _internal(live, node) if is_open else _path(node),
        "element_id": node.task_spec.bpmn_id,
        "kind": kind if is_open else None,
        "since": (wait.since or live.now) if is_open else None,
        "due_at": None if live.suspended else due_at,
        "held_due_at": due_at if live.suspended else None,
        "name": wait.name or node.internal_data.get("called"),
        "correlation": wait.correlation,
        "step_key": wait.step_key,
        "attempt": wait.attempt,
        "claimed_by": wait.claimed_by,
        "inputs": None if wait.inputs is None else as_json(wait.inputs),
        "outputs": as_json(node.gave) if node.gave and not (node.undo and "outputs" in node.undo) else None,
        "error": None if wait.error is None else as_json(wait.error),
        "undo": None if node.undo is None else as_json(node.undo),
        "entered_at": node.entered_at,
        "ended_at": None if is_open else live.now,
    }


_NOTHING = Wait("", 0)


def _internal(live: Live, node: Node) -> str:
    data = node.internal_data
    if (scope := data.get("scope")) in live.scopes.steps:
        data = {**data, "local": live.scopes.variables[scope]}
    if node.branch is not None:
        data = {**data, "branch": [node.branch.path, node.branch.counters]}
    return as_json(data) if data else "{}"


def _path(node: Node) -> str:
    """Of a token that has gone: where a rewind puts its successor."""
    return as_json({"branch": [node.branch.path, node.branch.counters]}) if node.branch is not None else "{}"


Rows = list[dict[str, Any]]


def variable_rows(live: Live) -> tuple[Rows, Rows, Rows]:
    """(rows to insert or replace, scopes to delete, visits to delete); forgets all."""
    instance_id = live.instance_id
    changed, closed, forgotten = live.scopes.take_changes()
    rows = [
        {
            "instance_id": instance_id,
            "scope": scope,
            "kind": kind,
            "name": name,
            "value": as_json(value),
            "number": by or None,
            "set_at": live.now if kind == VALUE else None,
        }
        for scope, kind, name, value, by in changed
    ]
    gone = [{"instance_id_": instance_id, "scope_": scope} for scope in closed]
    ended = [{"instance_id_": instance_id, "scope_": scope, "name_": name} for scope, name in forgotten]
    return rows, gone, ended


def restore(live: Live, tokens: Sequence[Sequence[Any]], variables: Iterable[tuple[str, str, str, str]]) -> None:
    """Put rows back: `tokens` in TOKEN_COLUMNS order by number, `variables` as (scope, kind, name, value)."""
    live.scopes.restore((scope, kind, name, orjson.loads(value)) for scope, kind, name, value in variables)
    known: dict[int, Node] = {}
    inner: dict[int, Any] = {0: live.tree}
    for row in tokens:
        _restore_node(live, dict(zip(TOKEN_COLUMNS, row, strict=True)), known, inner)
    live.tree.changed.clear()
    live.tree.ready.clear()


def _restore_node(live: Live, row: dict[str, Any], known: dict[int, Node], inner: dict[int, Any]) -> None:
    workflow = inner.get(row["inside"])
    if workflow is None:
        owner = known[row["inside"]]
        workflow = inner[row["inside"]] = owner.task_spec.open_inside(owner)
    parent = known.get(row["parent"])
    if parent is None and row["parent"]:  # finished: a stand-in that keeps an activity and its boundary events together
        parent = known[row["parent"]] = Node(workflow, workflow.spec.start, id=row["parent"])
        parent._state = COMPLETED
    node = Node(workflow, workflow.spec.task_specs[row["spec"]], parent, id=row["number"])
    node._state, node.stored, node.entered_at = row["state"], True, row["entered_at"]
    workflow.hold(node)
    known[node.id] = node
    internal = orjson.loads(row["internal"])
    branch = internal.pop("branch", None)
    if branch is not None:
        node.branch = Branch(branch[0], tuple(branch[1]))
        live.scopes.beside = live.scopes.beside or BESIDE in branch[0]
    if "local" in internal:
        live.scopes.open(internal["scope"], internal.pop("local"), of_a_step=True)
    node.internal_data = internal
    node.undo = _json(row["undo"])
    if row["kind"] == "join":
        node.task_spec.restored(node)
    elif row["kind"] is not None:
        node.wait = _wait(row)
        live.stand(node)


def _wait(row: dict[str, Any]) -> Wait:
    facts = {name: row[name] for name in ("name", "correlation", "step_key", "attempt", "claimed_by")}
    due_at = row["held_due_at"] if row["due_at"] is None else row["due_at"]
    return Wait(row["kind"], row["since"], due_at, **facts, inputs=_json(row["inputs"]), error=_json(row["error"]))


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)
