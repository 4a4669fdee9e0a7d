"""Handlers that a diagram in a test can name."""

from __future__ import annotations

from app.handling import Done, Work, handles
from app.handling.registry import Registry


@handles("net.activate")
def activate(work: Work, serial: str, speed_mbps: int, note: str = "") -> Done:
    """Put a line in service.

    Outputs  ont_id (str)
    Raises   Refused("port_taken") if another line holds the port
    """
    return Done(ont_id=f"ont-{serial}")


@handles("net.ping")
def ping(work: Work) -> Done:
    """Take nothing, say nothing about what it gives."""
    return Done()


@handles("net.reserve")
def reserve(work: Work, port: str = "any") -> Done:
    """Reserve a port.

    Outputs  port_id (str)
    """
    return Done(port_id=port)


@reserve.undo
def release(work: Work, outputs: dict[str, str]) -> Done:
    return Done()


def few_handlers() -> Registry:
    return Registry([activate, ping, reserve])
