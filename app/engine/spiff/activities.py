"""Activities: steps with mappings, done by a handler, a person, an expression or a decision."""

from collections import ChainMap
from collections.abc import Sequence
from typing import Any

from app.core.errors import TurnupError
from app.engine.spiff.base import Spec, clock_of, count_visit, scopes_of, step_name
from app.engine.spiff.faults import DecisionFailed
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source
from app.engine.spiff.scopes import nested


class Activity(Spec):
    """A step with input mappings and, if it has any, a scope of its own."""

    owns_scope = False
    compensator: str | None = None  # the activity that is drawn to take this one back
    keeps_variables = False  # for what is drawn to take back what is done inside

    def enter(self, my_task: Node) -> None:
        """Open the scope and evaluate the inputs; safe to repeat after a fault."""
        internal = my_task.internal_data
        if "visit" not in internal:
            internal["visit"] = count_visit(my_task)
        scopes, outside = scopes_of(my_task), my_task.workflow.scope
        given = my_task.workflow.given(my_task)
        if not (self.inputs_ or self.owns_scope or given):
            return
        scope = internal.setdefault("scope", f"{outside}/{step_name(my_task)}")
        local = dict(given)
        view, corrected = ChainMap(local, scopes.view(outside)), internal.get("corrected", {})
        for mapping in self.inputs_:
            if mapping.target in corrected:  # an operator has said what it is
                value = corrected[mapping.target]
            else:
                value = mapping.source.value(view, clock_of(my_task))
            name, *path = mapping.target.split(".")
            local[name] = nested(local.get(name), path, value)
        scopes.open(scope, local, of_a_step=not self.owns_scope, by=my_task.id)

    def _on_complete_hook(self, my_task: Node) -> None:
        if self.compensator is not None:
            my_task.undo = {"element": self.compensator}
        elif self.keeps_variables:
            my_task.undo = {"variables": dict(scopes_of(my_task).variables.get(my_task.internal_data["scope"], {}))}
        Spec._on_complete_hook(self, my_task)

    def local(self, my_task: Node) -> dict[str, Any]:
        """What the input mappings made."""
        variables = scopes_of(my_task).variables[my_task.internal_data["scope"]] if self.inputs_ else {}
        return {name: variables[name] for name in (mapping.target.partition(".")[0] for mapping in self.inputs_)}


class PassTask(Activity):
    """A manual task, and a task of no type: it is there for the reader, and passes the token on."""

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        self.leave_with(my_task, {})
        return True


class HandlerTask(Activity):
    """A service task: its handler runs outside; `handler` is its type."""

    handler = ""
    tries: int | None = None  # as drawn; None: as the handler says
    undoes = False

    def handler_of(self, my_task: Node) -> str:
        """The type of the handler that is called."""
        return self.handler

    def inputs_of(self, my_task: Node, parameters: Sequence[str]) -> dict[str, Any]:
        """The variables that its handler takes, by name."""
        view = scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))
        return {name: view[name] for name in parameters if name in view}

    def _run_hook(self, my_task: Node) -> None:
        self.enter(my_task)
        my_task.workflow.top_workflow.live.offer_job(my_task)


class ScriptTask(Activity):
    """Evaluates FEEL into a variable."""

    script: Source
    result: str

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        internal = my_task.internal_data
        view = scopes_of(my_task).view(internal.get("scope", my_task.workflow.scope))
        self.leave_with(my_task, {self.result: self.script.value(view, clock_of(my_task))})
        return True


class RuleTask(Activity):
    """Evaluates a decision into a variable; the rules that matched go into the history."""

    decision = ""
    result = ""

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        view = scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))
        live = my_task.workflow.top_workflow.live
        try:
            decided = live.decide(self.decision, view, live.clock)
        except TurnupError as error:
            raise DecisionFailed(error.message, decision=self.decision) from error
        why = {"decision": self.decision, "version": decided.version, "value": decided.value}
        if decided.errors and decided.value is None:
            raise DecisionFailed(f"Decision '{self.decision}': {decided.errors[0]}", **why, errors=decided.errors)
        self.leave_with(my_task, {self.result: decided.value})
        live.note("decision", my_task, **why, matched=decided.matched, errors=decided.errors)
        return True
