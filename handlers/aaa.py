"""The AAA server: who may come into the network, at which speed and with which address."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

RETRY = Backoff(first_s=1, factor=2, tries=4)
AAA = System("aaa")
SESSION = ("subscriber", "serial", "speed_mbps", "ip_address", "state")
KEPT = (*SESSION, "order_id")


@handles("aaa.create_subscriber", retry=RETRY, timeout_s=4, system=AAA)
def create_subscriber(
    work: Work, order_id: str, serial: str, speed_mbps: int, ip_address: str | None = None
) -> Done | Refused:
    """Let the line's customer into the network.

    Outputs  subscriber (str): the name that the network knows the customer by
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("subscriber_exists") if the order has one already
             Refused("speed_not_supported") if there is no policy for the speed
             Refused("address_in_use") if another subscriber has the address
    Repeats  safe: the AAA server honours the key
    """
    body = {"order_id": order_id, "serial": serial, "speed_mbps": speed_mbps, "ip_address": ip_address}
    answer = ask(work, "POST", "/aaa/subscribers", body=body)
    return answer if isinstance(answer, Refused) else Done(subscriber=answer["subscriber"])


@create_subscriber.verify
def is_created(work: Work, order_id: str, serial: str) -> Done | None:
    found = _read(work, f"ftth-{order_id}")
    return None if isinstance(found, Refused) or found["serial"] != serial else Done(subscriber=found["subscriber"])


@create_subscriber.undo
def delete_created(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(ask(work, "DELETE", _subscriber(outputs["subscriber"])), "unknown_subscriber")


@handles("aaa.change_speed", retry=RETRY, timeout_s=4, system=AAA)
def change_speed(work: Work, subscriber: str, speed_mbps: int) -> Done | Refused:
    """Change the speed of a customer's session while it runs.

    Outputs  session_speed_before (int)
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
             Refused("session_missing") if the customer is just reconnecting: again in some minutes
             Refused("speed_not_supported") if there is no policy for the speed
    Repeats  safe: the AAA server honours the key
    """
    answer = _change(work, subscriber, speed_mbps=speed_mbps)
    return answer if isinstance(answer, Refused) else Done(session_speed_before=_before(answer, "speed"))


@change_speed.verify
def is_at_speed(work: Work, subscriber: str, speed_mbps: int) -> Done | None:
    found = _read(work, subscriber)
    if isinstance(found, Refused) or found["speed_mbps"] != speed_mbps:
        return None
    return Done(session_speed_before=_before(found, "speed"))


@change_speed.undo
def change_speed_back(work: Work, subscriber: str, outputs: dict[str, Any]) -> Done | Refused:
    answer = _change(work, subscriber, speed_mbps=outputs["session_speed_before"])
    return done_unless(answer, "unknown_subscriber")


@handles("aaa.change_address", retry=RETRY, timeout_s=4, system=AAA)
def change_address(work: Work, subscriber: str, ip_address: str) -> Done | Refused:
    """Give a customer's session another address.

    Outputs  ip_address_before (str)
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
             Refused("session_missing") if the customer is just reconnecting: again in some minutes
             Refused("address_in_use") if another subscriber has the address
    Repeats  safe: the AAA server honours the key
    """
    answer = _change(work, subscriber, ip_address=ip_address)
    return answer if isinstance(answer, Refused) else Done(ip_address_before=_before(answer, "ip"))


@change_address.verify
def has_address(work: Work, subscriber: str, ip_address: str) -> Done | None:
    found = _read(work, subscriber)
    if isinstance(found, Refused) or found["ip_address"] != ip_address:
        return None
    return Done(ip_address_before=_before(found, "ip"))


@change_address.undo
def change_address_back(work: Work, subscriber: str, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(_change(work, subscriber, ip_address=outputs["ip_address_before"]), "unknown_subscriber")


@handles("aaa.change_line", retry=RETRY, timeout_s=4, system=AAA)
def change_line(work: Work, subscriber: str, serial: str) -> Done | Refused:
    """Let a customer come in through another ONT.

    Outputs  serial_before (str)
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
             Refused("session_limit") if a session through the old one was never stopped: again in some minutes
    Repeats  safe: the AAA server honours the key
    """
    answer = _change(work, subscriber, serial=serial)
    return answer if isinstance(answer, Refused) else Done(serial_before=_before(answer, "serial"))


@change_line.verify
def comes_through(work: Work, subscriber: str, serial: str) -> Done | None:
    found = _read(work, subscriber)
    if isinstance(found, Refused) or found["serial"] != serial:
        return None
    return Done(serial_before=_before(found, "serial"))


@change_line.undo
def change_line_back(work: Work, subscriber: str, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(_change(work, subscriber, serial=outputs["serial_before"]), "unknown_subscriber")


@handles("aaa.suspend", retry=RETRY, timeout_s=4, system=AAA)
def suspend(work: Work, subscriber: str) -> Done | Refused:
    """Let a customer in no more until the subscriber is resumed.

    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
    Repeats  safe: who is suspended stays so
    """
    answer = ask(work, "POST", _suspension(subscriber))
    return answer if isinstance(answer, Refused) else Done()


@suspend.verify
def is_suspended(work: Work, subscriber: str) -> Done | None:
    return _in_state(work, subscriber, "suspended")


@suspend.undo
def let_in_again(work: Work, subscriber: str) -> Done | Refused:
    return done_unless(ask(work, "DELETE", _suspension(subscriber)), "unknown_subscriber")


@handles("aaa.resume", retry=RETRY, timeout_s=4, system=AAA)
def resume(work: Work, subscriber: str) -> Done | Refused:
    """Let a suspended customer in again.

    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
    Repeats  safe: who may come in stays so
    """
    answer = ask(work, "DELETE", _suspension(subscriber))
    return answer if isinstance(answer, Refused) else Done()


@resume.verify
def is_resumed(work: Work, subscriber: str) -> Done | None:
    return _in_state(work, subscriber, "active")


@resume.undo
def shut_out_again(work: Work, subscriber: str) -> Done | Refused:
    return done_unless(ask(work, "POST", _suspension(subscriber)), "unknown_subscriber")


@handles("aaa.delete_subscriber", retry=RETRY, timeout_s=4, system=AAA)
def delete_subscriber(work: Work, subscriber: str) -> Done | Refused:
    """Let a customer in no more, for good.

    Outputs  deleted_session (dict): subscriber, order_id, serial, speed_mbps, ip_address and state, as they were
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
    Repeats  safe: the AAA server honours the key and answers as before
    """
    answer = ask(work, "DELETE", _subscriber(subscriber))
    return answer if isinstance(answer, Refused) else Done(deleted_session={name: answer[name] for name in KEPT})


@delete_subscriber.undo
def restore_subscriber(work: Work, subscriber: str, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "PUT", _subscriber(subscriber), body=outputs["deleted_session"])
    return answer if isinstance(answer, Refused) else Done()


@handles("aaa.read_subscriber", retry=RETRY, timeout_s=4, system=AAA)
def read_subscriber(work: Work, subscriber: str) -> Done | Refused:
    """Read what the network lets a customer do.

    Outputs  session (dict): subscriber, serial, speed_mbps, ip_address and state (active or suspended)
    Raises   SystemSilent if the AAA server does not answer in time (tried again)
             Refused("unknown_subscriber") if there is no such subscriber
    Repeats  safe: it only reads
    """
    answer = _read(work, subscriber)
    return answer if isinstance(answer, Refused) else Done(session={name: answer[name] for name in SESSION})


_BEFORE = {
    "speed": ("speed_before", "speed_mbps"),
    "ip": ("ip_before", "ip_address"),
    "serial": ("serial_before", "serial"),
}


def _before(found: dict[str, Any], what: str) -> Any:
    """What it was before its last change; what it is if it was never changed."""
    before, now = _BEFORE[what]
    return found[now] if found[before] is None else found[before]


def _in_state(work: Work, subscriber: str, state: str) -> Done | None:
    found = _read(work, subscriber)
    return None if isinstance(found, Refused) or found["state"] != state else Done()


def _change(work: Work, subscriber: str, **changes: Any) -> dict[str, Any] | Refused:
    return ask(work, "PATCH", _subscriber(subscriber), body=changes)


def _read(work: Work, subscriber: str) -> dict[str, Any] | Refused:
    return ask(work, "GET", _subscriber(subscriber))


def _subscriber(subscriber: str) -> str:
    return f"/aaa/subscribers/{segment(subscriber)}"


def _suspension(subscriber: str) -> str:
    return f"/aaa/suspensions/{segment(subscriber)}"
