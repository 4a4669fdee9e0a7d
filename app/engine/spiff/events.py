"""Events that wait: messages, timers, and what stands on the border of an activity."""

from typing import Any

from app.engine.spiff.base import Spec, clock_of, count_visit, end_siblings, scopes_of
from app.engine.spiff.branches import BESIDE, Branch
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source

LONGEST_KEY = 255  # of correlation keys: PostgreSQL's indexes hold no text of any length


class MessageCatch(Spec):
    """Waits for a message with a name and a correlation key."""

    message_name = ""
    key: Source

    def _run_hook(self, my_task: Node) -> None:
        view = scopes_of(my_task).view(my_task.workflow.scope)
        key = self.key.value(view, clock_of(my_task))
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            raise ExpressionFailed(
                f"The correlation key of '{self.bpmn_id}' must be a text or a number, and is {key!r}. "
                "Correct the variables it reads and retry.",
                value=key,
            )
        if "\0" in str(key) or len(str(key)) > LONGEST_KEY:
            raise ExpressionFailed(
                f"The correlation key of '{self.bpmn_id}' must have at most {LONGEST_KEY} characters and no NUL.",
                value=str(key)[:LONGEST_KEY],
            )
        live = my_task.workflow.top_workflow.live
        live.wait_for(my_task, "message", name=self.message_name, correlation=str(key))


class TimerCatch(Spec):
    """Waits until its time; `due` gives microseconds since the epoch."""

    timer: Any  # app.engine.spiff.timers.Timer

    def _run_hook(self, my_task: Node) -> None:
        live = my_task.workflow.top_workflow.live
        view = scopes_of(my_task).view(my_task.workflow.scope)
        live.wait_for(my_task, "timer", due_at=self.timer.due(view, live.clock))


class Boundary(Spec):
    """A boundary event; interrupting, it ends its activity when it fires."""

    interrupting = True

    def _on_complete_hook(self, my_task: Node) -> None:
        if self.interrupting:
            end_siblings(my_task)
        else:
            _branch_off(my_task)


class BoundaryTimer(Boundary, TimerCatch):
    pass


class BoundaryError(Boundary):
    """Listens for a refusal with `error_code`, or for any without one."""

    error_code: str | None = None

    def _run_hook(self, my_task: Node) -> None:
        my_task.workflow.top_workflow.live.wait_for(my_task, "attached", name=self.error_code)


def _branch_off(node: Node) -> None:
    """A non-interrupting boundary event makes a second token: it runs on a branch of its own."""
    scopes = scopes_of(node)
    path = node.branch.path if node.branch else ""
    counters = node.branch.counters if node.branch else ()
    visit = count_visit(node)
    node.branch = Branch(f"{path}{node.task_spec.bpmn_id}#{visit}.{BESIDE}>", (*counters, scopes.writes))
    scopes.beside = True
