"""`python -m tests.factories.skewed work ...` is `turnup work ...` with a clock of its own, which a test sets meanwhile.

The file that SKEW_FILE names says by how many seconds it differs from the machine's.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from app import factory
from app.cli.main import main
from app.core.clock import SystemClock
from tests.factories.servers import SKEW_FILE


class SkewedClock(SystemClock):
    def __init__(self) -> None:
        self._file = Path(os.environ[SKEW_FILE])

    def now(self) -> datetime:
        written = self._file.read_text() if self._file.exists() else ""
        return super().now() + timedelta(seconds=float(written or 0))


if __name__ == "__main__":
    factory.SystemClock = SkewedClock  # type: ignore[misc]  # the factory makes the process's clock
    main()
