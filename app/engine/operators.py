"""The operators' door: what people do to instances that do not go on by themselves, or should not.

Each move is refused where it would break the instance, with what to do instead; each leaves a row in the history that
says who, why and what. An instance is loaded under its lock, so a worker that writes meanwhile loads it again.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.log import get_logger
from app.engine import actions, incidents, messages, moves, rewind, starts, steps, suspension
from app.engine.actions import Action
from app.engine.doors import Engine
from app.engine.gates.operating import Gatekeeping
from app.engine.messages import MessageIn, Published
from app.engine.moves import MovePlan
from app.engine.rewind import DoneStep, RewindPlan
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live


class Undo(Protocol):
    """Takes back what was done, before the token goes on from where it was rewound to."""

    def __call__(self, live: Live, done: Sequence[DoneStep]) -> None: ...


class Operators:
    """`by` is who acts, `reason` why. Without an `undo` a rewind cannot be asked to take steps back."""

    def __init__(self, engine: Engine, undo: Undo | None = None) -> None:
        self._engine = engine
        self._desk = engine.desk
        self._undo = undo
        self.gatekeeping = Gatekeeping(engine.gates, engine.desk.clock, get_logger("turnup.gates"))

    # incidents
    def retry(self, tx: Transaction, incident_id: str, by: str, reason: str) -> None:
        """The same step once more, under the same key."""
        self._act(tx, incident_id, Action("retry", by, reason), steps.retry)

    def retry_with_inputs(
        self, tx: Transaction, incident_id: str, inputs: dict[str, Any], by: str, reason: str
    ) -> None:
        """The step once more with corrected inputs, under a new key; BadParameter names what does not fit."""
        starts.check_variables(inputs, "$.inputs")
        action = Action("retry_with_inputs", by, reason, {"inputs": inputs})
        registry = self._desk.registry
        self._act(tx, incident_id, action, lambda live, node: steps.correct(live, node, inputs, registry))

    def skip(self, tx: Transaction, incident_id: str, outputs: dict[str, Any], by: str, reason: str) -> None:
        """Move on without the step."""
        starts.check_variables(outputs, "$.outputs")
        action = Action("skip", by, reason, {"outputs": outputs})
        self._act(tx, incident_id, action, lambda live, node: steps.skip(live, node, outputs))

    def choose(self, tx: Transaction, incident_id: str, take: Literal["stored", "new"], by: str, reason: str) -> None:
        """Settle two concurrent branches' writes of one variable."""
        if take not in ("stored", "new"):
            raise InvalidInput(f"Expected 'stored' or 'new', found {take!r}.", path="$.take")
        row = incidents.find_open(tx, incident_id)
        if row.code != "VariableConflict":
            raise Conflict("Only a conflict between branches is settled by a choice. Retry, correct or skip this one.")
        variable = row.detail["variable"]
        action = Action("choose", by, reason, {"variable": variable, "take": take})
        self._act(tx, incident_id, action, lambda live, node: steps.choose(live, node, variable, take))

    def _act(self, tx: Transaction, incident_id: str, action: Action, move: Callable[[Live, Node], None]) -> None:
        live = self._desk.open(tx, incidents.find_open(tx, incident_id).instance_id)
        row = incidents.find_open(tx, incident_id)  # again: only now does nobody else act on it
        suspension.check_awake(live)
        node = incidents.standing(live, row)
        incidents.record(tx, live, node, row, action, self._desk.clock.now())
        move(live, node)
        self._desk.go_on(tx, live)

    # tokens
    def complete(
        self, tx: Transaction, instance_id: str, number: int, outputs: dict[str, Any], by: str, reason: str
    ) -> None:
        """Complete by hand whatever a token waits for. What its running handler brings goes to the history only."""
        starts.check_variables(outputs, "$.outputs")
        live = self._desk.open(tx, instance_id)
        suspension.check_awake(live)
        node = moves.standing(live, number)
        was = moves.kind_of(node)
        actions.note(live, node, Action("complete", by, reason, {"outputs": outputs, "waited_for": was}))
        moves.complete(live, node, outputs, by, self._desk.registry)
        self._desk.go_on(tx, live)

    def move(self, tx: Transaction, instance_id: str, number: int, element_id: str, by: str, reason: str) -> None:
        """End a token and begin another on an element of its scope and branch, which then runs under a new key."""
        live = self._desk.open(tx, instance_id)
        node = moves.standing(live, number)
        action = Action("move", by, reason, {"to": element_id})
        moves.move(live, node, element_id)
        actions.note(live, node, action)
        self._moved(tx, live, action)

    def move_plan(self, connection: sa.Connection, instance_id: str, number: int, element_id: str) -> MovePlan:
        """What a move would end, and why it would be refused; nothing is changed."""
        return moves.plan_move(self._desk.instances.read(connection, instance_id), number, element_id)

    def rewind_plan(
        self, connection: sa.Connection, instance_id: str, element_id: str, number: int | None = None
    ) -> RewindPlan:
        """What a rewind would end, what was done since, and why it would be refused; nothing is changed."""
        return rewind.plan(connection, self._desk.instances.read(connection, instance_id), element_id, number)

    def rewind(
        self,
        tx: Transaction,
        instance_id: str,
        element_id: str,
        by: str,
        reason: str,
        *,
        number: int | None = None,
        undo: bool = False,
    ) -> None:
        """Go back to the last visit of an element, or to the one of token `number`. Variables stay as they are."""
        live = self._desk.open(tx, instance_id)
        planned, node = rewind.perform(tx.connection, live, element_id, number)
        if undo:
            self._take_back(live, planned.done)
        action = Action("rewind", by, reason, {"to": element_id, "ended": [each.number for each in planned.ends]})
        actions.note(live, node, action)
        self._moved(tx, live, action)

    def _take_back(self, live: Live, done: Sequence[DoneStep]) -> None:
        if self._undo is None:
            raise Conflict(
                "This installation does not take steps back by itself. Undo by hand what the plan lists, then rewind "
                "without `undo`.",
                path="$.undo",
            )
        self._undo(live, [step for step in done if step.undo is not None])

    def _moved(self, tx: Transaction, live: Live, action: Action) -> None:
        incidents.settle_by(tx, live, action, "passed", self._desk.clock.now())
        self._desk.go_on(tx, live)

    # instances
    def cancel(self, tx: Transaction, instance_id: str, by: str, reason: str) -> None:
        """End it as it stands; nothing that was done is taken back."""
        live = self._desk.open(tx, instance_id)
        action = Action("cancel", by, reason)
        moves.cancel(live)
        actions.note(live, None, action)
        incidents.settle_by(tx, live, action, "cancelled", self._desk.clock.now())
        self._desk.close(tx, live)

    def suspend(self, tx: Transaction, instance_id: str, by: str, reason: str) -> None:
        """Let it stand still until it is resumed; results of handlers that run are still taken."""
        suspension.suspend(tx, instance_id, Action("suspend", by, reason), self._desk.clock.now())

    def resume(self, tx: Transaction, instance_id: str, by: str, reason: str) -> None:
        """Let it go on; what came due meanwhile happens now."""
        suspension.resume(tx, instance_id, Action("resume", by, reason), self._desk.clock.now())
        self._desk.wakeups.wake(tx, instance_id)

    # messages
    def send(self, tx: Transaction, instance_id: str, message: MessageIn, by: str, reason: str) -> Published:
        """Send a message for an instance's sake, as another system would; its history says who did."""
        return self._send(tx, instance_id, message, by, reason)

    def resend(self, tx: Transaction, instance_id: str, message_id: str, by: str, reason: str) -> Published:
        """Send again, under a new id, a message that the instance has had or that lies in the inbox."""
        sent = messages.find_sent(tx.connection, instance_id, message_id)
        return self._send(tx, instance_id, sent, by, reason, again=message_id)

    def _send(
        self, tx: Transaction, instance_id: str, message: MessageIn, by: str, reason: str, **facts: Any
    ) -> Published:
        published = self._engine.publish(tx, message)
        facts |= {"name": message.name, "key": message.correlation_key, "message_id": published.message_id}
        if not actions.record(tx, [instance_id], Action("send", by, reason, facts), self._desk.clock.now()):
            raise NotFound(f"There is no process instance '{instance_id}'.", instance_id=instance_id)
        return published
