"""One instance in memory: its tree of nodes, its scopes, and what has happened since the last checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.core.priority import NORMAL
from app.core.types import from_microseconds
from app.engine.signatures import signature
from app.engine.spiff.activities import HandlerTask
from app.engine.spiff.agenda import Agenda
from app.engine.spiff.base import step_name
from app.engine.spiff.build import Program
from app.engine.spiff.faults import EndlessLoop, FlowFault
from app.engine.spiff.index import READY, STARTED, Node, Tree
from app.engine.spiff.scopes import Scopes
from app.engine.spiff.thrown import Thrown

LONGEST_RUN = 20_000  # elements passed in one go: a loop that never waits would hold the store for ever
MOST_FIRED = 2_000  # conditional events in one go, for the same reason
CATCHING = frozenset({"message", "callback"})


@dataclass(slots=True)
class Wait:
    """Why a token stands where it stands (DESIGN promise 6); instants are microseconds since the epoch."""

    kind: str
    since: int
    due_at: int | None = None
    name: str | None = None
    correlation: str | None = None
    step_key: str | None = None
    attempt: int = 0
    claimed_by: str | None = None
    inputs: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of the history to write."""

    kind: str
    node: Node | None
    actor: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Raised:
    """An incident to write."""

    node: Node
    code: str
    message: str
    signature: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an operator's action on an incident."""

    incident_id: str
    outcome: Literal["passed", "failed_alike", "failed_differently", "cancelled"]
    detail: str


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    """The instant of an instance's current advance."""

    live: "Live"

    def now(self) -> datetime:
        return from_microseconds(self.live.now)


@dataclass(slots=True)
class Live:
    """`revision` is the one last read or written; `now` the instant of the current advance."""

    instance_id: str
    process_id: str
    business_key: str | None
    program: Program
    scopes: Scopes
    tree: Tree
    agenda: Agenda
    revision: int = 0
    now: int = 0
    state: str = "active"
    ended_at: int | None = None
    incidents: int = 0
    rewinds: int = 0
    start_element: str | None = None  # the event that started it; None: the one without a trigger
    start_key: str | None = None  # correlation key of the message that started it
    trace_parent: str | None = None  # of the request that started it
    priority: int = NORMAL  # 0, the highest, to 4
    stored: tuple[Any, ...] = ()  # what its row says of state, incidents, rewinds, a wished look and its end
    settled: int = 0  # incidents that an operator acted on since the last checkpoint
    begun: bool = False
    woken: bool = False  # somebody asked for a worker's look
    again: bool = False  # it has to be looked at once more
    past: Any = None  # instance id -> what is done and can be taken back, as spiff.compensation.Past; set as `decide`
    callees: Any = None  # app.engine.callees.Callees; set as `decide`
    decide: Any = None  # (decision id, variables, clock) -> app.engine.decisions.Decided; set for each advance
    find_form: Any = None  # (form id, link, definition id) -> app.engine.form_versions.find; set as `decide`
    watch: Any = None  # spiff.watch.Watch of whoever tries a flow out; set as `decide`
    waits: dict[str, dict[int, Node]] = field(default_factory=dict)  # kind -> number -> node
    unseen: dict[int, Node] = field(default_factory=dict)  # wait for messages, and nobody has looked into the inbox
    happenings: list[Happening] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    dropped: list[Node] = field(default_factory=list)  # cancelled while they had an incident
    undone: list[int] = field(default_factory=list)  # numbers of tokens whose work is being taken back
    thrown: list[Thrown] = field(default_factory=list)
    offered: list[Any] = field(default_factory=list)  # spiff.user_tasks.Offered: tasks to write down
    taken: list[str] = field(default_factory=list)  # ids of messages taken from the inbox since the last checkpoint
    passed_gates: list[int] = field(default_factory=list)  # numbers of tokens whose calls at gates are over

    @classmethod
    def create(
        cls, instance_id: str, business_key: str | None, program: Program, next_number: int, writes: int
    ) -> "Live":
        tree = Tree(program.process, next_number)
        agenda = Agenda(tree.standing)
        live = cls(instance_id, program.process_id, business_key, program, Scopes(writes), tree, agenda)
        tree.live, tree.scopes, tree.definition_id = live, live.scopes, program.definition_id
        return live

    @property
    def clock(self) -> AdvanceClock:
        return AdvanceClock(self)

    @property
    def ended(self) -> bool:
        return bool(self.tree.completed)

    @property
    def suspended(self) -> bool:
        """Results of what runs are taken, and nothing else moves it."""
        return self.state == "suspended"

    def begin(self, payload: dict[str, Any] | None = None) -> None:
        """Put a token on the start event; `payload` is what the message or signal that started it brings."""
        self.begun = True
        self.tree.begin(self.start_element)
        if payload is not None:
            self.tree.task_tree.internal_data["payload"] = payload

    def run(self) -> None:
        """Run what is ready until nothing is; a step whose own expressions fail becomes an incident.

        Conditions and joins that depend on where the other tokens are come to turn when nothing is ready.
        """
        self._run_ready()
        fired = 0
        while self._join_gathered() or (not self.suspended and self._fire_condition(endless=fired >= MOST_FIRED)):
            fired += 1
            self._run_ready()

    def _run_ready(self) -> None:
        ready, passed = self.tree.ready, 0
        while ready:
            node = ready.popleft()
            if node._state == READY and (node.wait is None or node.wait.kind != "incident"):
                passed += 1
                try:
                    if passed > LONGEST_RUN and (node.task_spec.repeatable or node.workflow.goes_round):
                        raise EndlessLoop(f"{LONGEST_RUN:,} elements in a row, and none of them waited for anything.")
                    if node.run() and "incident" in node.internal_data:
                        self.passed(node, node._children)
                except FlowFault as fault:
                    self.fall_out(node, fault.code, fault.message, fault.detail)

    def _join_gathered(self) -> bool:
        """Let the first join go on that no other token can reach any more; False if there is none."""
        while self.tree.moved:
            _, workflow = self.tree.moved.popitem()
            if any(node.task_spec.go_on(node) for node in list(workflow.gathering.values())):
                return True
        return False

    def _fire_condition(self, *, endless: bool) -> bool:
        """Fire the first event whose condition has become true; False if there is none."""
        risen: Node | None = None
        for node in sorted(self.waiting("condition"), key=lambda node: node.id):
            try:
                if node.task_spec.trigger.is_risen(node, node.task_spec.view(node)) and risen is None:
                    risen = node
            except FlowFault as fault:
                self.fall_out(node, fault.code, fault.message, fault.detail)
        if risen is None:
            return False
        try:
            if endless:
                raise EndlessLoop(f"{MOST_FIRED:,} conditions in a row became true by what others did.")
            risen.task_spec.trigger.has_fired(risen)
            risen.task_spec.fire(risen, {})
        except FlowFault as fault:
            self.fall_out(risen, fault.code, fault.message, fault.detail)
        return True

    # called by the specs while they run
    def wait_for(self, node: Node, kind: str, **facts: Any) -> Wait:
        node.wait = wait = Wait(kind, self.now, **facts)
        self.stand(node)
        return wait

    def stand(self, node: Node) -> None:
        """The node has a reason to wait; one that has another already is to leave that first."""
        kind: str = node.wait.kind
        self.waits.setdefault(kind, {})[node.id] = node
        if node.wait.due_at is not None:
            self.agenda.add(node)
        if kind in CATCHING:
            self.unseen[node.id] = node

    def offer_job(self, node: Node) -> None:
        self.wait_for(node, "job", name=node.task_spec.handler_of(node), step_key=self.step_key(node))

    # moves of a waiting node
    def change(self, node: Node, kind: str, *, due_at: int | None = None, claimed_by: str | None = None) -> Wait:
        """Give a node another reason to wait; what it is about stays."""
        wait: Wait = node.wait
        self._forget(node)
        wait.kind, wait.since, wait.due_at, wait.claimed_by = kind, self.now, due_at, claimed_by
        self.stand(node)
        self.tree.changed[node.id] = node
        return wait

    def finish(self, node: Node) -> None:
        """The wait is over: the token moves on."""
        self._forget(node)
        node.complete()
        self.passed(node, node._children)

    def passed(self, node: Node, following: Sequence[Node]) -> None:
        """If the node had an incident that somebody acted on: this is where it went."""
        settled = node.internal_data.pop("incident", None)
        if settled is not None:
            specs = [child.task_spec for child in following]
            names = [spec.bpmn_name if spec.bpmn_id else spec.outputs[0].bpmn_name for spec in specs]
            self.outcomes.append(Outcome(settled[0], "passed", " and ".join(names) or node.workflow.goes_on_to))

    def resume(self, node: Node) -> None:
        """Run a node again: a sub-process whose inside is done, or a step whose incident was acted on."""
        self._forget(node)
        node.wait = None
        node._state = STARTED
        node._set_state(READY)

    def fall_out(self, node: Node, code: str, message: str, detail: dict[str, Any]) -> None:
        """Stop the node with an incident; it stays where it is until somebody acts."""
        if node.wait is None:
            self.wait_for(node, "incident")
        self.change(node, "incident").error = {"code": code, "message": message, "detail": detail}
        handler = node.task_spec.handler_of(node) if isinstance(node.task_spec, HandlerTask) else None
        inputs = None if node.wait is None else node.wait.inputs
        mark = signature(self._process_of(node), node.task_spec.bpmn_id, handler, code, message, inputs)
        settled = node.internal_data.pop("incident", None)
        if settled is not None:
            alike = settled[1] == mark
            self.outcomes.append(
                Outcome(settled[0], "failed_alike" if alike else "failed_differently", f"{code}: {message}")
            )
        self.raised.append(Raised(node, code, message, mark, detail))

    def _process_of(self, node: Node) -> str:
        """The process in whose diagram it stands: the instance's own, or one that is called."""
        definition_id = node.workflow.definition_id
        own = definition_id == self.program.definition_id
        return self.process_id if own else str(self.callees.program(definition_id).process_id)

    def note(self, kind: str, node: Node | None, actor: str | None = None, **detail: Any) -> None:
        self.happenings.append(Happening(kind, node, actor, detail))

    def compensated(self, node: Node, record: dict[str, Any]) -> None:
        """The work of a finished token has been taken back."""
        self.note("compensated", node, element=record["element_id"], number=record["number"])

    def step_key(self, node: Node) -> str:
        """The same for every attempt of one step, also after a lost checkpoint.

        Another after a corrected retry ('~1'), and for all that begins after a rewind or a migration ('~r1').
        """
        generation = node.internal_data.get("generation", 0)
        suffix = (f"~r{self.rewinds}" if self.rewinds else "") + (f"~{generation}" if generation else "")
        return f"{self.instance_id}:{node.workflow.scope}/{step_name(node)}{suffix}"

    def look_again(self) -> None:
        """Somebody else may have put something into the inbox for those who wait already."""
        self.unseen.update((node.id, node) for node in self.waiting(*CATCHING))

    def waiting(self, *kinds: str) -> list[Node]:
        """Open nodes that wait for one of those, in the order they came to."""
        return [node for kind in kinds for node in self.waits.get(kind, {}).values()]

    def leave_gate(self, node: Node) -> None:
        """Its call is over, or will not be waited for: another may have the place."""
        if node.internal_data.pop("gated", None):
            self.passed_gates.append(node.id)

    def left(self, node: Node) -> None:
        """A node was cancelled: what it waited for, and what was wrong with it, no longer matters."""
        self.leave_gate(node)
        if node.wait is not None:
            if node.wait.kind == "incident":
                self.dropped.append(node)
            self._forget(node)
        settled = node.internal_data.pop("incident", None)
        if settled is not None:
            self.outcomes.append(Outcome(settled[0], "cancelled", "the step was cancelled"))

    def _forget(self, node: Node) -> None:
        if node.wait is not None:
            self.waits[node.wait.kind].pop(node.id, None)
            self.unseen.pop(node.id, None)
