"""Handlers for tests of the engine: what a step can come to, without a network."""

from __future__ import annotations

from typing import Any

from app.handling.contract import Backoff, Done, Refused, Waiting, Work
from app.handling.faults import SystemSilent
from app.handling.mark import handles


@handles("t.echo")
def echo(work: Work, x: Any = 0) -> Done:
    return Done(r=x)


@handles("t.name")
def name(work: Work) -> Done:
    return Done(r=work.element_id)


@handles("t.quiet")
def quiet(work: Work) -> Done:
    return Done()


@handles("t.set")
def set_(work: Work, target: str, value: Any) -> Done:
    return Done(**{target: value})


@handles("t.refuse")
def refuse(work: Work, code: str = "port_taken") -> Refused:
    return Refused(code, f"no free port near '{work.element_id}'", {"port": "1/1/7"})


@handles("t.blocked")
def blocked(work: Work, customer: str) -> Refused:
    return Refused("account_blocked", f"The account of {customer} is blocked")


@handles("t.flaky", retry=Backoff(first_s=10, factor=3, tries=3))
def flaky(work: Work, failures: int = 1) -> Done:
    """Fails that many times, then succeeds."""
    if work.attempt <= failures:
        raise SystemSilent(f"no answer to attempt {work.attempt}")
    return Done(r="at last")


@handles("t.typed")
def typed(work: Work, serial: str, speed_mbps: int) -> Done:
    return Done(r=f"{serial}@{speed_mbps}")


@handles("t.call_back")
def call_back(work: Work, order: str = "1") -> Waiting:
    return Waiting("accepted", order)


@handles("t.undoable")
def undoable(work: Work, serial: str) -> Done:
    return Done(ont_id=f"ont-{serial}")


@undoable.undo
def take_back(work: Work, serial: str) -> None:
    return None


@handles("t.asks")
def asks(work: Work) -> Waiting:
    return Waiting("asked", "1")


@asks.undo
def withdraw(work: Work) -> None:
    return None


HANDLERS = (echo, name, quiet, set_, refuse, blocked, flaky, typed, call_back, undoable, asks)
