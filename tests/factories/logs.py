"""The process's log, read by a test and put back as it was."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.core.log import configure, scrub_with
from app.core.secrecy import Scrubber


@contextmanager
def captured(level: str = "info", scrubber: Scrubber | None = None) -> Iterator[io.StringIO]:
    """All that is logged meanwhile, one JSON object a line."""
    root = logging.getLogger()
    handlers, before = list(root.handlers), root.level
    stream = io.StringIO()
    configure(level, stream)
    if scrubber is not None:
        scrub_with(scrubber)
    try:
        yield stream
    finally:
        scrub_with(Scrubber())
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(before)
