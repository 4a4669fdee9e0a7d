"""The laboratory that the handlers talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.clients.http import close_clients
from tests.factories.labs import RunningLab, a_lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with a_lab(tmp_path) as running:
        yield running
    close_clients()
