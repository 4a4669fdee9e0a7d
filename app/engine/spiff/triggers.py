"""What an event waits for. A trigger is shared by all instances; what one instance waits for is in its `wait`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from app.engine.spiff.base import clock_of
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source
from app.engine.spiff.timers import Cycle, Timer
from app.engine.spiff.watch import ask

LONGEST_KEY = 255  # of correlation keys: PostgreSQL's indexes hold no text of any length


class Trigger(Protocol):
    """`repeats`: an event that interrupts nothing happens again and again."""

    @property
    def kind(self) -> str: ...

    @property
    def repeats(self) -> bool: ...

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        """Evaluate its expressions and say what the node waits for. Raises ExpressionFailed before anything is set."""

    def again(self, node: Node) -> bool:
        """It has happened and interrupted nothing: wait on. False if it never happens again."""


@dataclass(frozen=True)
class OnMessage:
    """A message with a name and a correlation key."""

    name: str
    key: Source
    element_id: str
    kind: ClassVar[str] = "message"
    repeats: ClassVar[bool] = True

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        key = self.key.value(view, clock_of(node))
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            raise ExpressionFailed(
                f"The correlation key of '{self.element_id}' must be a text or a number, and is {key!r}. "
                "Correct the variables it reads and retry.",
                value=key,
            )
        if "\0" in str(key) or len(str(key)) > LONGEST_KEY:
            raise ExpressionFailed(
                f"The correlation key of '{self.element_id}' must have at most {LONGEST_KEY} characters and no NUL.",
                value=str(key)[:LONGEST_KEY],
            )
        node.workflow.top_workflow.live.wait_for(node, self.kind, name=self.name, correlation=str(key))

    def again(self, node: Node) -> bool:
        return True


@dataclass(frozen=True)
class OnSignal:
    """A signal that somebody broadcasts while the node waits."""

    name: Source
    kind: ClassVar[str] = "signal"
    repeats: ClassVar[bool] = True

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        name = text_of(self.name, view, node)
        node.workflow.top_workflow.live.wait_for(node, self.kind, name=name)

    def again(self, node: Node) -> bool:
        return True


@dataclass(frozen=True)
class OnTimer:
    """A date, a duration, or a cycle: one that interrupts nothing comes again, at the times that are still ahead."""

    timer: Timer
    kind: ClassVar[str] = "timer"

    @property
    def repeats(self) -> bool:
        return self.timer.kind == "cycle"

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        live = node.workflow.top_workflow.live
        due = self.timer.due(view, live.clock)
        if self.repeats:
            text = self.timer.text(view, live.clock)
            node.internal_data["cycle"] = {"text": text, "left": Cycle.parse(text).repetitions, "due": due}
        live.wait_for(node, self.kind, due_at=due)

    def again(self, node: Node) -> bool:
        cycle = node.internal_data.get("cycle")
        if cycle is None or cycle["left"] == 1:
            return False
        due = Cycle.parse(cycle["text"]).next_due(cycle["due"], node.workflow.top_workflow.live.now)
        if due is None:
            return False
        left = None if cycle["left"] is None else cycle["left"] - 1
        node.internal_data["cycle"] = {**cycle, "left": left, "due": due}
        node.wait.due_at = due
        node.workflow.top_workflow.changed[node.id] = node
        return True


@dataclass(frozen=True)
class OnCondition:
    """A condition that becomes true; looked at whenever nothing else in the instance can move."""

    condition: Source
    kind: ClassVar[str] = "condition"
    repeats: ClassVar[bool] = True

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        ask(node, self.condition, "", view, clock_of(node))
        node.internal_data["was"] = False
        node.workflow.top_workflow.live.wait_for(node, self.kind)

    def is_risen(self, node: Node, view: Mapping[str, Any]) -> bool:
        """Is it true now, and has not fired since it was last false?"""
        is_true = ask(node, self.condition, "", view, clock_of(node)) is True
        if not is_true:
            self._note(node, was=False)
        return is_true and not node.internal_data["was"]

    def has_fired(self, node: Node) -> None:
        self._note(node, was=True)

    def _note(self, node: Node, *, was: bool) -> None:
        if node.internal_data["was"] is not was:
            node.internal_data["was"] = was
            node.workflow.top_workflow.changed[node.id] = node

    def again(self, node: Node) -> bool:
        return True


Catches = Literal["error", "escalation", "cancel"]


@dataclass(frozen=True)
class OnThrown:
    """An error, an escalation or a cancellation from inside; without a code, any."""

    catches: Catches
    code: str | None = None
    kind: ClassVar[str] = "attached"
    repeats: ClassVar[bool] = True

    def listen(self, node: Node, view: Mapping[str, Any]) -> None:
        node.workflow.top_workflow.live.wait_for(node, self.kind, name=self.code)

    def again(self, node: Node) -> bool:
        return True


def text_of(source: Source, view: Mapping[str, Any], node: Node) -> str:
    """What a name or a code comes to: text that is not empty and that an index can hold."""
    value = source.value(view, clock_of(node))
    if not isinstance(value, str) or not value or "\0" in value or len(value) > LONGEST_KEY:
        raise ExpressionFailed(
            f"{source.place}: expected a text of 1 to {LONGEST_KEY} characters, found {str(value)[:60]!r}. "
            "Correct the variables it reads and retry.",
            value=str(value)[:LONGEST_KEY],
        )
    return value
