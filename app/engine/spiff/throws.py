"""What elements send: errors, escalations, messages, signals, and the end of everything around them."""

from typing import Any

from app.engine.spiff.activities import Activity
from app.engine.spiff.base import PassSpec, clock_of, scopes_of
from app.engine.spiff.catching import find_catcher
from app.engine.spiff.faults import ErrorUncaught, ExpressionFailed
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source
from app.engine.spiff.thrown import Thrown
from app.engine.spiff.timers import Timer
from app.engine.spiff.triggers import LONGEST_KEY, text_of


class ErrorEnd(PassSpec):
    """Throws an error; the one who catches it ends this token too."""

    code: Source

    def _run_hook(self, my_task: Node) -> None:
        code = text_of(self.code, scopes_of(my_task).view(my_task.workflow.scope), my_task)
        catcher = find_catcher(my_task, "error", code)
        if catcher is None:
            raise ErrorUncaught(
                f"Nothing catches the error '{code}'. Skip this end, or let a boundary event or an event sub-process "
                "catch it in the next version.",
                code=code,
            )
        known = {"errorCode": code, "errorMessage": ""}  # as of a handler's refusal
        catcher.task_spec.fire(catcher, known if catcher.task_spec.maps_event else {})


class Escalation(PassSpec):
    """Throws an escalation and goes on, unless the one who catches it interrupts."""

    code: Source

    def _run_hook(self, my_task: Node) -> bool:
        code = text_of(self.code, scopes_of(my_task).view(my_task.workflow.scope), my_task)
        catcher = find_catcher(my_task, "escalation", code)
        if catcher is not None:
            catcher.task_spec.fire(catcher, {})
        return True


class Terminate(PassSpec):
    """Ends every other token of its process or sub-process."""

    def _run_hook(self, my_task: Node) -> bool:
        for other in my_task.workflow.tokens():
            if other is not my_task:
                other.cancel()
        return True


class SignalThrow(Activity):
    """Broadcasts a signal, its variables those of the input mappings."""

    signal: Source

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        top = my_task.workflow.top_workflow
        view = scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))
        name = text_of(self.signal, view, my_task)
        thrown = Thrown("signal", my_task, top.next_number, name, self.local(my_task))
        self.leave_with(my_task, {})
        top.live.thrown.append(thrown)
        return True


class MessageThrow(Activity):
    """Puts a message into the inbox, its variables those of the input mappings."""

    message: Source
    key: Source | None = None
    message_id: Source | None = None
    time_to_live: Timer | None = None

    def _run_hook(self, my_task: Node) -> bool:
        self.enter(my_task)
        view = scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))
        live = my_task.workflow.top_workflow.live
        lives_s = 0.0 if self.time_to_live is None else (self.time_to_live.due(view, live.clock) - live.now) / 1_000_000
        thrown = Thrown(
            "message",
            my_task,
            my_task.workflow.top_workflow.next_number,
            text_of(self.message, view, my_task),
            self.local(my_task),
            key=self._key(my_task, view),
            message_id=None if self.message_id is None else text_of(self.message_id, view, my_task),
            time_to_live_s=lives_s,
        )
        self.leave_with(my_task, {})
        live.thrown.append(thrown)
        return True

    def _key(self, my_task: Node, view: Any) -> str:
        if self.key is None:
            return ""
        key = self.key.value(view, clock_of(my_task))
        if isinstance(key, bool) or not isinstance(key, str | int | float) or len(str(key)) > LONGEST_KEY:
            raise ExpressionFailed(
                f"{self.key.place}: expected a text or a number, found {str(key)[:60]!r}.", value=key
            )
        return str(key)
