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


def few_handlers() -> Registry:
    return Registry([activate, ping])
