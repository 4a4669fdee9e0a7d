"""Where a call meets the lab: latency, faults, keys, the effect, and the record of all of it in one commit."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.lab import callers, chance, faults, notices
from app.lab.operations import Answer, Arguments, LabRefusal, Notice, Operation, Scene
from app.lab.settings import LabSettings
from app.lab.store import LabStore
from app.lab.systems import LabSystem, system_of
from app.lab.wording import Reply, failed


@dataclass(frozen=True)
class _Outcome:
    """`accepted`: the system took the call as done, be it now or (`repeated`) earlier under the same key."""

    reply: Reply
    accepted: bool = False
    repeated: bool = False
    fault: faults.Fault | None = None


@dataclass(frozen=True)
class _Call:
    system: LabSystem
    operation: Operation
    key: str | None
    arguments: Arguments
    subject: Arguments  # what faults and refusals may name
    at: float
    caller: callers.Caller | None = None  # in whose time the network is looked at

    @property
    def scene_at(self) -> float:
        return self.at if self.caller is None else self.caller.at


class Desk:
    def __init__(
        self, store: LabStore, settings: LabSettings, clock: Clock, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._draw = random.Random(1)
        self._draw_lock = threading.Lock()

    def serve(self, operation: Operation, key: str | None, arguments: Arguments) -> Reply:
        """The answer to one call. Its effect and its record are committed before this returns."""
        self._delay()
        at = self._clock.now().timestamp()
        with self._store.transaction() as connection:
            outcome = self._decide(connection, operation, key, arguments, at)
            _record(connection, operation, key, arguments, at, outcome)
        self._delay()
        if outcome.fault is not None and outcome.fault.hold_s:
            self._sleep(outcome.fault.hold_s)
        return outcome.reply

    def _delay(self) -> None:
        """One way of the network: the request's, then the answer's."""
        low, high = self._settings.latency_ms
        if high:
            with self._draw_lock:
                delay_ms = self._draw.uniform(low, high)
            self._sleep(delay_ms / 2000)

    def _decide(
        self, connection: sqlite3.Connection, operation: Operation, key: str | None, arguments: Arguments, at: float
    ) -> _Outcome:
        system = system_of(operation.name)
        subject = system.subject_of(connection, operation, arguments)
        fault = faults.meet(connection, subject, at)
        if fault is None:
            fault = chance.draw(connection, self._settings.chance, operation.name, _text(arguments))
        if fault is not None and not fault.after_effect:
            return _Outcome(failed(system, fault, subject), fault=fault)
        call = _Call(system, operation, key, arguments, subject, at, callers.of_key(connection, key))
        try:
            reply, repeated = self._perform(connection, call)
        except LabRefusal as refusal:
            return _Outcome(Reply(refusal.status, refusal.body), fault=fault)
        told = failed(system, fault, subject) if fault else reply
        return _Outcome(told, accepted=True, repeated=repeated, fault=fault)

    def _perform(self, connection: sqlite3.Connection, call: _Call) -> tuple[Reply, bool]:
        operation, key, arguments, at = call.operation, call.key, call.arguments, call.at
        operation.check(arguments)
        if operation.keyed and key and (earlier := _earlier(connection, operation, key, arguments)):
            return earlier, True
        scene = Scene(
            connection,
            lambda kind: faults.holds(connection, kind, call.subject, at),
            self._settings,
            call.scene_at,
            key,
            call.system.failures,
            call.subject,
        )
        answer = operation.act(scene, arguments)
        if answer.effect is not None:
            connection.execute(
                "INSERT INTO effect (at, key, operation, subject) VALUES (?, ?, ?, ?)",
                (at, key, operation.name, answer.effect),
            )
        if operation.keyed and key:
            connection.execute(
                "INSERT INTO answer VALUES (?, ?, ?, ?, ?)",
                (operation.name, key, _text(arguments), answer.status, _text(answer.body)),
            )
        self._tell(connection, call, answer)
        return Reply(answer.status, answer.body), False

    def _tell(self, connection: sqlite3.Connection, call: _Call, answer: Answer) -> None:
        at, caller = call.scene_at, None if call.caller is None else call.caller.name
        for notice in answer.notices:
            notices.put(connection, notice, call.subject, at, caller)
        if answer.online is not None:
            facts = {"online_at_s": round(at)}
            online = Notice("ont_online", answer.online, facts, self._settings.online_after_s, unless="never_online")
            notices.put(connection, online, {**call.subject, "serial": answer.online}, at, caller)


def _earlier(connection: sqlite3.Connection, operation: Operation, key: str, arguments: Arguments) -> Reply | None:
    row = connection.execute("SELECT * FROM answer WHERE operation = ? AND key = ?", (operation.name, key)).fetchone()
    if row is None:
        return None
    if row["arguments"] != _text(arguments):
        raise LabRefusal(422, "key_reused", f"the key {key} came with other arguments before: {row['arguments']}")
    return Reply(row["status"], json.loads(row["body"]))


def _record(
    connection: sqlite3.Connection,
    operation: Operation,
    key: str | None,
    arguments: Arguments,
    at: float,
    outcome: _Outcome,
) -> None:
    connection.execute(
        "INSERT INTO call (at, key, operation, arguments, status, code, fault, accepted, repeated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            at,
            key,
            operation.name,
            _text(arguments),
            outcome.reply.status,
            outcome.reply.body.get("code"),
            outcome.fault and outcome.fault.kind,
            outcome.accepted,
            outcome.repeated,
        ),
    )


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
