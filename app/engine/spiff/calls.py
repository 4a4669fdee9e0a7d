"""Call activities: another process runs inside, in the same instance, and sees nothing of its caller.

The called process has a scope of its own, '/!access#1', beside that of the activity's mappings, '/access#1'. What it
has written there is what it gives back.
"""

from typing import Any

from app.core.errors import InvalidInput
from app.engine.diagram import Binding
from app.engine.schemas import check_schema
from app.engine.spiff.base import scopes_of, step_name
from app.engine.spiff.faults import CallFailed
from app.engine.spiff.index import Node, SubTree
from app.engine.spiff.inner import Holder
from app.engine.spiff.mapping import Source
from app.engine.spiff.scopes import ISOLATES
from app.engine.spiff.triggers import text_of

DEEPEST = 20  # calls in one another: what calls itself would never end


class CallActivity(Holder):
    """`internal_data["called"]` is the definition that was found when it was entered, "inside" its process's scope."""

    owns_scope = False
    owns_call = True
    process: Source
    binding: Binding = "latest"
    version_tag: str | None = None
    passes_all_in = True
    passes_all_out = True

    def enter(self, my_task: Node) -> None:
        Holder.enter(self, my_task)
        program = self._find(my_task)
        variables = self._passed_in(my_task)
        try:
            check_schema(program.diagram.variables_schema, variables)
        except InvalidInput as error:
            message = f"Process '{program.process_id}' does not take these variables: {error.path}: {error.message}"
            raise CallFailed(message, process_id=program.process_id, path=error.path) from error
        internal = my_task.internal_data
        internal["called"] = program.definition_id
        internal["inside"] = f"{my_task.workflow.scope}/{ISOLATES}{step_name(my_task)}"
        scopes_of(my_task).open(internal["inside"], variables, of_a_step=False)

    def open_inside(self, my_task: Node) -> "CalledProcess":
        return CalledProcess(my_task)

    def leave_inside(self, my_task: Node) -> None:
        scopes, inside = scopes_of(my_task), my_task.internal_data["inside"]
        variables = scopes.variables.get(inside, {})
        if not self.outputs_:
            names = scopes.written(inside) if self.passes_all_out else ()
            variables = {name: variables[name] for name in names}
        self.leave_with(my_task, dict(variables))

    def _find(self, my_task: Node) -> Any:
        scopes, live, workflow = scopes_of(my_task), my_task.workflow.top_workflow.live, my_task.workflow
        view = scopes.view(my_task.internal_data.get("scope", workflow.scope))
        process_id = text_of(self.process, view, my_task)
        if _depth(my_task) >= DEEPEST:
            raise CallFailed(f"{DEEPEST} calls in one another: does '{process_id}' call itself?", process_id=process_id)
        program = live.callees.find(process_id, self.binding, self.version_tag, workflow.definition_id)
        if program is None:
            which = f" with the version tag '{self.version_tag}'" if self.binding == "versionTag" else ""
            message = f"No process '{process_id}'{which} is deployed. Deploy it and retry."
            raise CallFailed(message, process_id=process_id, version_tag=self.version_tag)
        if program.diagram.elements[program.process.start.bpmn_id].event is not None:
            message = f"Process '{process_id}' has no start event without a trigger, so it cannot be called."
            raise CallFailed(f"{message} Deploy a version that has one and retry.", process_id=process_id)
        return program

    def _passed_in(self, my_task: Node) -> dict[str, Any]:
        scopes, own = scopes_of(my_task), my_task.internal_data.get("scope")
        if self.passes_all_in:
            return dict(scopes.view(own if own is not None else my_task.workflow.scope))
        return dict(scopes.variables[own]) if own is not None else {}

    def _on_complete_hook(self, my_task: Node) -> None:
        _close_inside(my_task)
        Holder._on_complete_hook(self, my_task)

    def _on_cancel(self, my_task: Node) -> None:
        Holder._on_cancel(self, my_task)
        _close_inside(my_task)


class CalledProcess(SubTree):
    """What is inside a call activity."""

    def __init__(self, owner: Node) -> None:
        program = owner.workflow.top_workflow.live.callees.program(owner.internal_data["called"])
        super().__init__(program.process, owner)
        self.definition_id = program.definition_id
        self.scope = owner.internal_data["inside"]
        self.branch = None  # what runs inside knows no branch of its caller, whose names may change
        self.call = owner.id


def _close_inside(my_task: Node) -> None:
    inside = my_task.internal_data.get("inside")
    if inside is not None:  # it has come to call anything
        scopes_of(my_task).close(inside)


def _depth(node: Node) -> int:
    """How many calls it is in."""
    depth, workflow = 0, node.workflow
    while isinstance(workflow, SubTree):
        depth += isinstance(workflow, CalledProcess)
        workflow = workflow.owner.workflow
    return depth
