"""One attempt at one step, for tests that call handlers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.log import get_logger
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
