"""Activities that hold a process of their own."""

from typing import Any

from app.engine.spiff.activities import Activity
from app.engine.spiff.base import branches_end, scopes_of
from app.engine.spiff.index import FINISHED, Node, SubTree


class Holder(Activity):
    """Runs twice: to start what is inside it, and to leave with what came of that."""

    owns_scope = True
    owns_call = False  # a called process: nothing of its caller is seen or taken back from inside
    is_event_sub = False

    def open_inside(self, my_task: Node) -> SubTree:
        """The tree of what runs inside, empty; also when an instance is loaded."""
        raise NotImplementedError

    def leave_inside(self, my_task: Node) -> None:
        """Write what came of it; safe to repeat after a fault."""
        raise NotImplementedError

    def _run_hook(self, my_task: Node) -> bool | None:
        if not my_task.internal_data.get("inner_done"):
            self.enter(my_task)
        if my_task.internal_data.get("inner_done"):  # from the beginning, if there is nothing to do
            self.leave_inside(my_task)
            return True
        inside = self.open_inside(my_task)
        my_task.workflow.top_workflow.live.wait_for(my_task, "child")
        inside.begin()
        return None

    def inside_done(self, my_task: Node) -> None:
        if not my_task._state & FINISHED:
            top = my_task.workflow.top_workflow
            branches_end(top.subprocesses.pop(my_task.id), my_task.branch)
            my_task.internal_data["inner_done"] = True
            top.live.resume(my_task)

    def _on_cancel(self, my_task: Node) -> None:
        inside = my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        if inside is not None:
            inside.cancel()
            branches_end(inside, my_task.branch)
        Activity._on_cancel(self, my_task)


class SubProcess(Holder):
    """An embedded sub-process."""

    inner: Any  # app.engine.spiff.build.ProcessSpec

    def open_inside(self, my_task: Node) -> SubTree:
        return SubTree(self.inner, my_task)

    def leave_inside(self, my_task: Node) -> None:
        view = dict(scopes_of(my_task).variables.get(my_task.internal_data["scope"], {}))
        self.leave_with(my_task, view if self.outputs_ else {})
