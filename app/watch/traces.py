"""Turns traces on, where they are wanted."""

from __future__ import annotations

import importlib
from typing import cast

from app.core.errors import InvalidSetting
from app.core.tracing import NO_TRACING, Tracing


def open_tracing(exporter: str, version: str) -> Tracing:
    """`exporter` is `otlp`, or empty: then nothing of OpenTelemetry is imported, and nothing is recorded.

    Raises InvalidSetting where traces are wanted and the extra is not installed.
    """
    if not exporter:
        return NO_TRACING
    try:
        otel = importlib.import_module("app.watch.otel")
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"TURNUP_TRACES is {exporter!r}, which needs {error.name}. Install the extra: pip install -e '.[otel]'.",
            variable="TURNUP_TRACES",
        ) from error
    return cast(Tracing, otel.open_otlp(version))
