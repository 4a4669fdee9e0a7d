"""Two API processes, four workers, one PostgreSQL, the laboratory, 2,000 orders, and bad weather all the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.hosts import weather_the_storm


@pytest.mark.soak
def test_two_thousand_orders_come_to_their_end_in_bad_weather(tmp_path: Path) -> None:
    weather_the_storm(tmp_path, seed=20261128, orders=2000, rate_per_s=8, pause_s=(2, 6), settle_s=300)
