"""Plays one script of outside events to the engine and to the reference, and holds the one against the other."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from app.core.types import from_microseconds
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep, StepResult
from app.handling.contract import Done, Refused, Waiting
from tests.reference.playing import Playing
from tests.reference.tokens import Token

_ORDERS = count(1)
LONGEST = 120  # moves
LIFE_S = 1_000_000_000  # of messages: none is forgotten before somebody waits for it
Move = tuple[float, str, Token | None]  # how likely, what, to which token


class Player(Playing):
    """Each thing that happens is drawn by lot from what can."""

    def play(self) -> None:
        """To the end, to where nothing can move it any more, or until it has been watched for long enough."""
        variables = {
            "order": f"o-{next(_ORDERS)}",
            "pick": self.draw.randint(0, 4),
            "begun": self.bench.clock.now().isoformat(),
        }
        self.begin(variables)
        for _ in range(LONGEST):
            self.compare()
            moves = self.moves()
            if self.reference.ended or not moves:
                break
            self.make(self.some(moves))
        self.compare_end()

    def moves(self) -> list[Move]:
        """Time passes when nothing else can happen, and now and then."""
        found: list[Move] = []
        for each in self.reference.tokens():
            match each.kind:
                case "job":
                    found.append((8, "done", each))
                    found += [(16, f"refuse {code}", each) for code in self.flow.refusals.get(each.at.id, ())]
                    found += [(0.4, "fail", each), (0.4, "call back", each)]
                case "user_task":
                    found.append((8, "done", each))
                case "incident" if not each.at.type.endswith("Gateway"):
                    found.append((2, "skip", each))
                    if each.at.handler is not None:
                        found.append((1, "retry", each))
                case "message" | "callback" | "signal" as kind:
                    found.append((1 if each.host or each in each.frame.listeners else 6, kind, each))
        if any(each.due is not None for each in self.reference.tokens()):
            found.append((1, "time", None))
        if found:
            found += [(0.2, f"early {name}", None) for name in self.flow.early]
        return found

    def some(self, moves: list[Move]) -> list[Move]:
        """One, or several before a worker looks: each to another token, handlers' results last, as a worker has them."""
        first = self.pick(moves)
        several = [first]
        while first[1] != "time" and self.draw.random() < 0.2:
            more = self.pick(moves)
            taken = [to for _, _, to in several]
            if more[1] in ("time", "signal") or more[2] in taken:  # a signal is heard by those who wait already
                break
            several.append(more)
        return sorted(several, key=lambda move: move[2] is not None and move[2].kind == "job")

    def pick(self, moves: list[Move]) -> Move:
        return self.draw.choices(moves, [weight for weight, _, _ in moves])[0]

    def make(self, moves: list[Move]) -> None:
        self.script.append(" + ".join(f"{what} {to.at.id if to is not None else ''}" for _, what, to in moves))
        self.bench.clock.advance(timedelta(milliseconds=1))  # no two things happen at once
        self.crash()
        numbers = {to: self.find(to) for _, _, to in moves if to is not None}
        results = []
        for _, what, to in moves:
            if to is None:
                self.pass_time() if what == "time" else self.publish(
                    what.removeprefix("early "), self.order(), {"v": 9}
                )
            elif to.kind == "job" or (to.over and numbers[to] in self.claimed):
                results.append(self.answer(what, to, self.claimed.pop(numbers[to])))
            elif not to.over:
                self.happen(what, to, numbers[to])
        self.advance(results)
        self.reference.go_on()
        self.settle()
        self.reference.rest()

    def happen(self, what: str, to: Token, number: int) -> None:
        """Anything but a handler's outcome."""
        engine, outputs = self.bench.engine, self.outputs(to)
        match what:
            case "done":
                with self.bench.database.transaction() as tx:
                    engine.complete_task(tx, f"{self.instance_id}:{number}", outputs, "ann")
                self.reference.done(to, outputs)
                self.reference.run()
            case "skip":
                outputs = outputs if to.at.handler is not None else {}
                with self.bench.database.transaction() as tx:
                    self.bench.operators.skip(tx, self.incident_of(number), outputs, by="olga", reason="it must go on")
                self.reference.done(to, outputs)
                self.reference.run()
            case "retry":
                with self.bench.database.transaction() as tx:
                    self.bench.operators.retry(tx, self.incident_of(number), by="olga", reason="once more")
                self.tried[number] = self.attempts[number]
                self.reference.retry(to)
                self.reference.run()
            case "signal":
                self.bench.broadcast(str(to.name), **outputs)
                self.reference.signal(str(to.name), outputs)
            case _:
                self.publish(str(to.name), str(to.key), outputs)

    def answer(self, what: str, to: Token, step: ClaimedStep) -> StepResult:
        """A handler's outcome. What comes too late changes nothing."""
        outcome: Any
        self.attempts[step.number] = step.attempt
        if to.over:  # it is not heard any more
            return StepResult(step.number, step.attempt, Done(v=0))
        assert (step.undoes is not None) == to.is_undo
        for target in () if to.is_undo else [target for _, target in to.at.inputs]:
            assert step.inputs[target] == to.scope[target], (to.at.id, step.inputs)
        match what.split():
            case ["done"]:
                outputs = self.outputs(to)
                outcome = Done(**outputs)
                self.reference.done(to, outputs)
            case ["refuse", code]:
                outcome = Refused(code, "no", {})
                self.reference.refuse(to, code, {})
            case ["fail"]:
                outcome = Failed("Silent", "no answer")
                backoff = self.bench.registry.get(step.handler).retry  # type: ignore[union-attr]  # it is registered
                self.reference.fail(to, backoff.delay_s(step.attempt - self.tried.get(step.number, 0)))
            case _:
                outcome = Waiting("called", step.key)
                self.reference.call_back(to, "called", step.key)
        return StepResult(step.number, step.attempt, outcome)

    def publish(self, name: str, key: str, variables: dict[str, Any]) -> None:
        self.bench.publish(name, key, ttl_s=LIFE_S, **variables)
        self.reference.publish(name, key, variables, LIFE_S)

    def pass_time(self) -> None:
        due = min(each.due for each in self.reference.tokens() if each.due is not None)
        self.bench.clock.advance(max(from_microseconds(due) - self.bench.clock.now(), timedelta(0)))

    def outputs(self, to: Token) -> dict[str, Any]:
        if to.at.id in self.flow.silent:
            return {}
        value = self.draw.randint(0, 9)
        return {"v": value} if to.at.outputs else {f"v_{to.at.id}": value}

    def order(self) -> str:
        return str(self.reference.root.variables["order"])
