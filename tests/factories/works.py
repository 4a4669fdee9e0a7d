"""One attempt at one step, for tests that call handlers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.log import get_logger
from app.core.net import Network, read_networks
from app.handling import Work


def a_work(**changes: Any) -> Work:
    """A first attempt with 30 seconds left."""
    work = Work(
        key="i-1:/order#1|activate#1",
        attempt=1,
        deadline=datetime.now(UTC) + timedelta(seconds=30),
        instance_id="i-1",
        business_key="ORD-1",
        element_id="activate",
        logger=get_logger("tests"),
    )
    return replace(work, **changes)


def a_local_work(**changes: Any) -> Work:
    """One that may call whatever listens on this machine."""
    return a_work(network=Network(read_networks("127.0.0.0/8")), **changes)
