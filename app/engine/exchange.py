"""What comes to an instance and what it sends, within one advance: in memory for itself, as rows for all others."""

from collections.abc import Iterable
from typing import Any

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.wakeups import Wakeups
from app.engine import arrivals, inbox, messages, signals, steps
from app.engine.arrivals import SIGNAL
from app.engine.messages import MessageIn, Published
from app.engine.signals import Broadcast
from app.engine.spiff.faults import EndlessLoop
from app.engine.spiff.index import FINISHED, Node
from app.engine.spiff.live import CATCHING, Live
from app.engine.spiff.scopes import as_json
from app.engine.spiff.thrown import Thrown
from app.handling.registry import Registry

MOST_TO_ITSELF = 2_000  # in one advance: an instance that sends to itself without end would hold the store for ever
_ENDLESS = f"{MOST_TO_ITSELF:,} messages or signals in a row that this instance sent to itself."


class Exchange:
    """Each method works in the caller's transaction and has whoever is concerned looked at."""

    def __init__(self, registry: Registry, clock: Clock, wakeups: Wakeups) -> None:
        self._registry = registry
        self._clock = clock
        self._wakeups = wakeups

    def publish(self, tx: Transaction, message: MessageIn) -> Published:
        published, _ = messages.publish(tx, message, self._clock)
        self._wake(tx, [*published.recipients, *published.started])
        return published

    def broadcast(self, tx: Transaction, name: str, variables: dict[str, Any]) -> Broadcast:
        done = signals.broadcast(tx, name, as_json(variables), self._clock)
        self._wake(tx, [*done.recipients, *done.started])
        return done

    def receive(self, tx: Transaction, live: Live) -> None:
        """Take what has come since the instance was last loaded, before anything else happens to it."""
        if not live.woken or (not live.begun and live.start_element is None):  # what nobody waits for has not come
            return
        for come in arrivals.take(tx, live):
            if come.number == 0 and not live.ended:
                live.begin(come.variables)
                live.note(come.kind, live.tree.task_tree, **come.shown, variables=come.variables)
                continue
            live.run()
            node = arrivals.recipient(live, come)
            if node is not None:
                self._deliver(live, node, come.kind, come.variables, come.shown)
                continue
            live.note(f"late_{come.kind}", None, element=come.element_id, **come.shown, variables=come.variables)
            if come.kind != SIGNAL:
                self._wake(tx, inbox.release(tx, live, come))

    def settle(self, tx: Transaction, live: Live) -> None:
        """Run on, pass on what is sent and take what lies in the inbox, until nothing moves any more.

        A suspended instance takes nothing from the inbox; what it sends to itself it has all the same.
        """
        live.run()
        to_itself = 0
        while True:
            if live.thrown:
                to_itself += self._pass_on(tx, live, live.thrown.pop(0), endless=to_itself >= MOST_TO_ITSELF)
            elif live.suspended or not self._collect(tx, live):
                return
            live.run()

    def ended(self, tx: Transaction, live: Live) -> None:
        """An instance that a message started has ended, and that is stored: the next message of its key starts one."""
        if live.start_key is not None:
            self._wake(tx, inbox.start_next(tx, live.process_id, live.start_key, live.now))

    def _collect(self, tx: Transaction, live: Live) -> bool:
        """Give waits that have not been looked after yet what lies in the inbox; True if there was anything."""
        nodes = list(live.unseen.values())
        live.unseen.clear()
        found = False
        for node in sorted(nodes, key=lambda node: (node.wait.name, node.wait.correlation, node.id)):
            if not _is_catching(node):  # since one before was given something
                continue
            taken = inbox.poll(tx, live, node)
            if taken is None:
                continue
            found = True
            shown = {"name": node.wait.name, "key": node.wait.correlation, "message_id": taken.shown_id}
            self._deliver(live, node, "message", taken.variables, shown)
            if _is_catching(node):  # it waits on, and may have another
                live.unseen[node.id] = node
        return found

    def _pass_on(self, tx: Transaction, live: Live, thrown: Thrown, *, endless: bool) -> bool:
        """To all whom it concerns; whether this instance is one of them."""
        if thrown.kind == SIGNAL:
            waiting = [node for node in live.waiting(SIGNAL) if node.id < thrown.before]
            own = [node for node in waiting if node.wait.name == thrown.name]
            done = signals.broadcast(tx, thrown.name, as_json(thrown.variables), self._clock, live)
            reached: dict[str, Any] = {"recipients": done.recipients, "started": done.started}
            shown: dict[str, Any] = {"name": thrown.name}
        else:
            sent = MessageIn(thrown.name, thrown.key, thrown.variables, thrown.message_id, thrown.time_to_live_s)
            published, node = messages.publish(tx, sent, self._clock, live, thrown.before)
            own = [] if node is None else [node]
            reached = {"recipients": published.recipients, "started": published.started}
            shown = {"name": thrown.name, "key": thrown.key, "message_id": published.message_id}
            if published.duplicate:
                shown["duplicate"] = True
        live.note(f"{thrown.kind}_sent", thrown.node, **shown, **reached)
        self._wake(tx, [one for ids in reached.values() for one in ids if one != live.instance_id])
        for node in own:
            if node._state & FINISHED:  # by one that it reached before
                continue
            if endless:
                steps.hold(live, node, thrown.variables, EndlessLoop(_ENDLESS))
            else:
                self._deliver(live, node, thrown.kind, thrown.variables, shown)
        return bool(own)

    def _deliver(self, live: Live, node: Node, kind: str, variables: dict[str, Any], shown: dict[str, Any]) -> None:
        live.note(kind, node, **shown, variables=variables)
        if node.wait.kind == "callback":
            steps.called_back(live, node, variables, self._registry)
        else:
            steps.trigger(live, node, variables)

    def _wake(self, tx: Transaction, instance_ids: Iterable[str]) -> None:
        for instance_id in instance_ids:
            self._wakeups.wake(tx, instance_id)


def _is_catching(node: Node) -> bool:
    return not node._state & FINISHED and node.wait.kind in CATCHING
