"""The plain interpreter: one instance, moved from outside, one thing at a time, until nothing in it is ready.

    flow = Reference({"p": diagram}, clock)
    flow.start("p", {"n": 1})
    flow.done(flow.find("ask"), {"answer": 42})

It evaluates FEEL with app.decisions.feel and shares nothing else with the engine. What it takes for right: BPMN 2.0 for
tokens, Camunda 8 for variables and multi-instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

from app.core.clock import Clock
from app.core.types import from_microseconds, to_microseconds
from app.decisions.feel import compile_feel
from app.engine.diagram import Diagram, Element
from tests.reference import activities, compensation, events, gateways, loops
from tests.reference.tokens import ACTIVITIES, Fault, Frame, Sent, Token, Variables

Decide = Callable[[str, dict[str, Any]], Any]


class Reference:
    """`completed` counts tokens that elements have let go; `asked` what handlers were to do, by element.

    `called` leaves out of that what was over before anybody could do it. `undoable` are the types of the handlers that
    can take back what they did.
    """

    def __init__(
        self,
        diagrams: Mapping[str, Diagram],
        clock: Clock,
        decide: Decide | None = None,
        undoable: Collection[str] = (),
    ) -> None:
        self.diagrams = diagrams
        self.clock = clock
        self.decide = decide
        self.numbers = count(1)
        self.ready: list[Token] = []
        self.inbox: list[Sent] = []
        self.completed: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.called: Counter[str] = Counter()
        self.undoable = undoable

    # from outside: what waits is told, and nothing else moves until `run`
    def start(self, process_id: str, variables: dict[str, Any], at: str | None = None) -> None:
        """`at` is the start event, by default the one without a trigger; another brings the variables as its event."""
        diagram = self.diagrams[process_id]
        starts = [each for each in diagram.inside(process_id) if each.type == "startEvent"]
        start = next(each for each in starts if each.id == at or (at is None and each.event is None))
        self.root = Frame(diagram, process_id, None, Variables(None, {} if at is not None else variables))
        self.begin(self.root, start, variables if at is not None else {})

    def done(self, token: Token, outputs: dict[str, Any]) -> None:
        """A handler or a person has done what the token waits for, or an operator has it passed over."""
        activities.finish(self, token, outputs)

    def refuse(self, token: Token, code: str, detail: dict[str, Any]) -> None:
        """A handler will not do it: an error of the diagram."""
        events.throw_error(self, token, code, detail)

    def call_back(self, token: Token, name: str, key: str) -> None:
        """A handler waits for a message."""
        token.kind, token.name, token.key = "callback", name, key

    def fail(self, token: Token, retry_in_s: float | None) -> None:
        """A handler could not do it; without another try somebody has to look."""
        if retry_in_s is None:
            token.kind = "incident"
        else:
            token.kind, token.due = "retry", self.now + round(retry_in_s * 1_000_000)

    def retry(self, token: Token) -> None:
        """An operator has a handler asked once more."""
        token.kind, token.asked = "job", True

    def publish(self, name: str, key: str, variables: dict[str, Any], lives_s: int) -> None:
        self.run()
        self.inbox.append(Sent(name, key, variables, self.now + lives_s * 1_000_000))
        events.take(self)

    def signal(self, name: str, variables: dict[str, Any]) -> None:
        self.run()
        events.broadcast(self, name, variables)

    # looking
    @property
    def now(self) -> int:
        return to_microseconds(self.clock.now())

    @property
    def ended(self) -> bool:
        return self.root.over

    def tokens(self) -> list[Token]:
        """Every token that stands somewhere, boundary events and listeners included."""
        return list(_within(self.root))

    def standing(self) -> Counter[tuple[str, str | None, datetime | None]]:
        """Where, what for, until when."""
        times = ((token, None if token.due is None else from_microseconds(token.due)) for token in self.tokens())
        return Counter((token.at.id, token.kind, due) for token, due in times)

    def inner(self, frame: Frame) -> list[Element]:
        return frame.diagram.inside(frame.home)

    def value(self, text: str, view: Mapping[str, Any]) -> Any:
        """FEEL after `=`, else a literal."""
        text = text.strip()
        return compile_feel(text[1:].strip()).json(view, clock=self.clock) if text.startswith("=") else text

    # moving
    def run(self) -> None:
        """Until nothing moves by itself; to be called when the clock was put forward, too."""
        while True:
            while self.ready:
                token = self.ready.pop(0)
                if not token.over:
                    self.enter(token)
            if not (gateways.join(self) or events.look(self) or events.take(self) or events.come_due(self)):
                return

    def go_on(self) -> None:
        """A worker looks: what is due by now happens, then everything moves."""
        events.come_due(self)
        self.run()

    def rest(self) -> None:
        """Handlers that were asked in vain have not been called; those asked now are."""
        for token in self.tokens():
            if token.kind == "job" and not token.asked:
                token.asked = True
                self.called[token.at.id] += 1

    def enter(self, token: Token) -> None:
        try:
            if token.ended is not None:
                activities.inside_done(self, token)
            elif token.at.type in ACTIVITIES:
                activities.enter(self, token)
            elif token.at.type.endswith("Gateway"):
                gateways.enter(self, token)
            else:
                events.enter(self, token)
        except Fault:
            token.kind = "incident"

    def begin(self, frame: Frame, start: Element, values: Mapping[str, Any]) -> None:
        """A process or sub-process begins with what its start event brings; its event sub-processes stand by."""
        self.write(self.put(start, frame), values)
        for each in self.inner(frame):
            if each.is_event_sub:
                event = next(inner for inner in frame.diagram.inside(each.id) if inner.type == "startEvent")
                listener = Token(next(self.numbers), event, frame, frame.variables)
                frame.listeners.append(listener)
                events.wait(self, listener)

    def put(self, at: Element, frame: Frame, came_by: str | None = None, kind: str | None = None) -> Token:
        token = Token(next(self.numbers), at, frame, frame.variables, came_by, kind)
        frame.tokens.append(token)
        if kind is None:
            self.ready.append(token)
        return token

    def write(self, token: Token, values: Mapping[str, Any]) -> None:
        """What an element brought: by its output mappings if it has any, else all of it."""
        outside = token.scope if token.turn is not None else token.frame.variables
        if not token.at.outputs:
            for name, value in values.items():
                token.scope.put(name, value)
            return
        mapped = Variables(None, {**token.scope.view(), **values})
        for source, target in token.at.outputs:
            value = self.value(source, mapped)
            mapped.put(target, value)
            outside.put(target, value)

    def leave(self, token: Token, flows: list[str] | None = None) -> None:
        """The element lets its token go on."""
        self.drop(token)
        self.completed[token.at.id] += 1
        compensation.remember(token)
        if token.turn is not None:
            loops.turn_done(self, token)
        elif not token.is_undo:
            for flow in token.at.outgoing if flows is None else flows:
                diagram = token.frame.diagram
                self.put(diagram.elements[diagram.flows[flow].target], token.frame, flow)
        self.look_for_end(token.frame)

    def look_for_end(self, frame: Frame) -> None:
        if frame.tokens or frame.over:
            return
        self.close(frame)
        if frame.owner is not None:
            frame.owner.ended = frame
            self.ready.append(frame.owner)

    def drop(self, token: Token) -> None:
        """The token is gone, and with it the boundary events of its activity and what stood beside it at a gateway."""
        token.over = True
        if token in token.frame.tokens:
            token.frame.tokens.remove(token)
        for guard in token.guards:
            guard.over = True
        for rival in token.rivals:
            if not rival.over:
                self.drop(rival)

    def cancel(self, token: Token) -> None:
        """The token is gone, with all that runs inside its activity."""
        self.drop(token)
        for frame in token.inside:
            self.close(frame)

    def close(self, frame: Frame) -> None:
        frame.over = True
        for token in list(frame.tokens):
            self.cancel(token)
        for listener in frame.listeners:
            listener.over = True
        frame.listeners.clear()


def _within(frame: Frame) -> Iterator[Token]:
    if frame.over:
        return
    yield from frame.listeners
    for token in frame.tokens:
        yield token
        yield from (guard for guard in token.guards if not guard.over)
        for inside in token.inside:
            yield from _within(inside)
