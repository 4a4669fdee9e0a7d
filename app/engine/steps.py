"""What becomes of a step: claimed by a worker, done, refused, tried again, fallen out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.core.db import Transaction
from app.core.errors import Conflict
from app.core.types import to_microseconds
from app.engine.gates.doors import Gates
from app.engine.outcomes import Attempted, Failed, TimedOut, storable
from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.base import scopes_of
from app.engine.spiff.catching import find_catcher
from app.engine.spiff.events import StandBy
from app.engine.spiff.faults import FlowFault
from app.engine.spiff.index import FINISHED, Node
from app.engine.spiff.live import Live
from app.handling.contract import Done, Refused, Waiting
from app.handling.registry import Handler, Registry


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """One attempt that its owner must now make, exactly once; the result goes to `Engine.advance`."""

    instance_id: str
    business_key: str | None
    number: int
    key: str  # the same for every attempt of the step
    attempt: int  # from 1
    element_id: str
    handler: str
    inputs: dict[str, Any]
    repeat: bool  # an earlier attempt may have had its effect: the handler's verify runs first
    undoes: dict[str, Any] | None = None  # the outputs of the work that is to be taken back; None: it is to be done
    trace_parent: str | None = None  # what its attempt is part of; whoever traces the advance sets it
    system: str | None = None  # what it calls, if its handler says so


@dataclass(frozen=True, slots=True)
class StepResult:
    """`number` and `attempt` are the claimed step's; a result for any other attempt is late."""

    number: int
    attempt: int
    outcome: Attempted
    started_at: datetime | None = None
    ended_at: datetime | None = None


def claim(
    tx: Transaction, live: Live, node: Node, owner: str, registry: Registry, gates: Gates, patience: int = 0
) -> ClaimedStep | None:
    """Give a ready step to `owner`. None if a gate holds it, or if nobody here handles it: once it has been ready for
    `patience` microseconds it falls out, until then another worker may know it.
    """
    wait, spec, internal = node.wait, node.task_spec, node.internal_data
    handler = _handler(node, registry)
    if handler is None and live.now - (wait.since or 0) < patience:
        return None
    if handler is None:
        type = spec.handler_of(node)
        message = f"Nothing handles '{type}' on this installation. Install the handler, restart and retry."
        live.fall_out(node, "UnknownHandler", message, {"handler": type})
        return None
    inputs = spec.inputs_of(node, [parameter.name for parameter in handler.parameters])
    inputs.update(internal.get("corrected", {}))
    held_by = gates.admit(tx, live, node, handler, inputs)
    if held_by is not None:
        if wait.kind != "held":
            live.change(node, "held")
        if wait.correlation != held_by:
            wait.correlation = held_by
            live.tree.changed[node.id] = node
        return None
    wait.correlation = None
    live.change(node, "claim", claimed_by=owner)
    wait.inputs = inputs
    wait.attempt += 1
    repeat = wait.attempt > internal.get("generation_from", 0) + 1
    return ClaimedStep(
        live.instance_id,
        live.business_key,
        node.id,
        wait.step_key,
        wait.attempt,
        spec.bpmn_id,
        handler.type,
        inputs,
        repeat,
        internal["undo"]["outputs"] if spec.undoes else None,
        system=handler.system_of(inputs),
    )


def _handler(node: Node, registry: Registry) -> Handler | None:
    return registry.get(node.task_spec.handler_of(node))


def take(live: Live, result: StepResult, registry: Registry, gates: Gates) -> None:
    """Apply what came of an attempt; a late result is kept in the history and offered for undo."""
    outcome = storable(result.outcome)
    if outcome is not result.outcome:
        result = replace(result, outcome=outcome)
    node = live.tree.find(result.number)
    if node is None or node.wait is None or node.wait.kind != "claim" or node.wait.attempt != result.attempt:
        _keep_late(live, node, result)
        return
    handler = _handler(node, registry)
    live.leave_gate(node)
    match result.outcome:
        case Done(outputs=outputs):
            _done(live, node, outputs, handler)
        case Waiting(message=name, key=key, until=until):
            wait = live.change(node, "callback", due_at=None if until is None else to_microseconds(until))
            wait.name, wait.correlation = name, key
        case Refused():
            _refused(live, node, result.outcome)
        case Failed():
            _failed(live, node, result.outcome, handler, gates)
        case TimedOut(after_s=after_s):
            message = f"No result after {after_s:g} s; the attempt may still have its effect."
            _failed(live, node, Failed("TimedOut", message, system_down=True), handler, gates)


def _done(live: Live, node: Node, outputs: dict[str, Any], handler: Handler | None) -> None:
    wait = node.wait
    wait.error = None
    if handler is not None and handler.undo is not None and not node.task_spec.undoes:
        node.undo = {"handler": handler.type, "arguments": wait.inputs, "outputs": outputs}
    settle(live, node, outputs)


def settle(live: Live, node: Node, outputs: dict[str, Any]) -> None:
    """Write a step's outputs, or what an event brings, and move on; if that fails, hold them until somebody acts."""
    try:
        node.task_spec.fire(node, outputs)
    except FlowFault as fault:
        hold(live, node, outputs, fault)
    else:
        node.internal_data.pop("held", None)


def hold(live: Live, node: Node, outputs: dict[str, Any], fault: FlowFault) -> None:
    """The node falls out with what it was given: a retry goes on from there."""
    node.internal_data["held"] = outputs
    live.fall_out(node, fault.code, fault.message, fault.detail)


def trigger(live: Live, node: Node, variables: dict[str, Any]) -> None:
    """What the node waited for has happened: a message or signal with these variables, its time."""
    settle(live, node, variables)


def _refused(live: Live, node: Node, refused: Refused) -> None:
    live.note("refused", node, code=refused.code, message=refused.message, attempt=node.wait.attempt)
    catcher = None if node.task_spec.undoes else find_catcher(node, "error", refused.code)
    if catcher is None:
        live.fall_out(node, refused.code, refused.message or f"Refused: {refused.code}.", refused.detail)
        return
    if "chosen" in node.internal_data:
        catcher.internal_data["chosen"] = node.internal_data["chosen"]
    known = {**refused.detail, "errorCode": refused.code, "errorMessage": refused.message}
    acted_on = node.internal_data.pop("incident", None)  # the catcher ends the node: to who acted, it passed to there
    try:
        catcher.task_spec.fire(catcher, known if catcher.task_spec.maps_event else refused.detail)
    except FlowFault as fault:
        node.internal_data["incident"] = acted_on
        live.fall_out(node, fault.code, fault.message, fault.detail)
        return
    node.internal_data["incident"] = acted_on
    live.passed(node, [catcher])


def _failed(live: Live, node: Node, failed: Failed, handler: Handler | None, gates: Gates) -> None:
    wait = node.wait
    wait.error = {"code": failed.code, "message": failed.message, "detail": failed.detail}
    if failed.system_down and handler is not None and gates.is_shut(handler, wait.inputs or {}):
        # Whoever calls it fails: this is none of the step's tries, and its gate holds it from now on.
        node.internal_data["tries_from"] = node.internal_data.get("tries_from", 0) + 1
        live.note("failed", node, code=failed.code, message=failed.message, attempt=wait.attempt, held=True)
        live.change(node, "job")
        return
    used = wait.attempt - node.internal_data.get("tries_from", 0)
    delay_s = None
    if failed.retry and handler is not None:
        backoff = handler.retry if node.task_spec.tries is None else replace(handler.retry, tries=node.task_spec.tries)
        delay_s = backoff.delay_s(used)
    live.note("failed", node, code=failed.code, message=failed.message, attempt=wait.attempt, retry_in_s=delay_s)
    if delay_s is None:
        live.fall_out(node, failed.code, failed.message, failed.detail)
    else:
        live.change(node, "retry", due_at=live.now + round(delay_s * 1_000_000))


def _keep_late(live: Live, node: Node | None, result: StepResult) -> None:
    outcome = result.outcome
    detail: dict[str, Any] = {"number": result.number, "attempt": result.attempt, "outcome": type(outcome).__name__}
    if isinstance(outcome, Done):
        detail["outputs"] = outcome.outputs
    elif isinstance(outcome, Failed | Refused):
        detail |= {"code": outcome.code, "message": outcome.message}
    live.note("late_result", node, **detail)


def come_due(live: Live, registry: Registry, gates: Gates) -> None:
    """Fire the timers, repeat the attempts and give up the callbacks whose time has come."""
    for node in live.agenda.take_due(live.now):
        wait = node.wait
        if node._state & FINISHED:  # by one that was due before
            continue
        if wait.kind == "timer":
            trigger(live, node, {})
        elif wait.kind == "retry":
            live.change(node, "job")
        else:
            message = f"The message '{wait.name}' with key '{wait.correlation}' did not come in time."
            wait.name, wait.correlation = node.task_spec.handler_of(node), None
            _failed(live, node, Failed("CallbackMissing", message), _handler(node, registry), gates)


def release(live: Live, dead: Iterable[str]) -> None:
    """Take back what dead workers had claimed: the steps are repeated under their keys."""
    gone = set(dead)
    for node in live.waiting("claim"):
        if node.wait.claimed_by in gone:
            live.note("claim_expired", node, worker=node.wait.claimed_by, attempt=node.wait.attempt)
            live.leave_gate(node)
            live.change(node, "job")


def called_back(live: Live, node: Node, variables: dict[str, Any], registry: Registry) -> None:
    """The system called back: its message's variables are the step's outputs."""
    node.wait.name, node.wait.correlation = node.task_spec.handler_of(node), None
    _done(live, node, variables, _handler(node, registry))


def retry(live: Live, node: Node) -> None:
    """Once more, under the same key; outputs that were held are written instead."""
    node.internal_data["tries_from"] = node.wait.attempt
    held = node.internal_data.get("held")
    if held is not None:
        live.change(node, "job")
        settle(live, node, held)
    elif isinstance(node.task_spec, HandlerTask) and node.wait.step_key is not None:
        live.change(node, "job")
    else:
        live.resume(node)


def correct(live: Live, node: Node, inputs: dict[str, Any], registry: Registry) -> None:
    """Once more with other inputs: new work, so a new key.

    An input that is a variable's own value corrects the variable, for later steps need it too; one that the diagram
    maps is corrected for this step alone.
    """
    internal, spec = node.internal_data, node.task_spec
    handler = _handler(node, registry) if isinstance(spec, HandlerTask) else None
    if handler is not None and node.wait.step_key is not None:
        handler.bind({**(node.wait.inputs or {}), **inputs})
    mapped = {mapping.target for mapping in spec.inputs_}
    for name, value in inputs.items():
        if name in mapped or (handler is not None and spec.undoes):
            internal.setdefault("corrected", {})[name] = value
        else:
            scopes_of(node).write(internal.get("scope", node.workflow.scope), name, value, node.branch, by=node.id)
    if handler is None or node.wait.step_key is None:
        retry(live, node)
        return
    internal["generation"] = internal.get("generation", 0) + 1
    internal["generation_from"] = node.wait.attempt
    internal.pop("held", None)
    node.wait.step_key = live.step_key(node)
    retry(live, node)


def skip(live: Live, node: Node, outputs: dict[str, Any]) -> None:
    """Move on without the step, with the outputs that later steps need."""
    spec = node.task_spec
    if spec.element_type.endswith("Gateway"):
        raise Conflict(
            f"A gateway cannot be skipped: which flow would it take? Correct the variables that "
            f"'{spec.bpmn_id}' reads and retry, or move its token.",
            path="$.outputs",
        )
    live.change(node, "job")
    if isinstance(spec, StandBy):  # the activity that it stands on goes on without it
        node.cancel()
    else:
        settle(live, node, outputs)


def choose(live: Live, node: Node, variable: str, take_value: str) -> None:
    """Settle a conflict between concurrent branches: keep what is stored, or write the new value."""
    node.internal_data.setdefault("chosen", {})[variable] = take_value
    retry(live, node)
