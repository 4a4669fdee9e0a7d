"""Many processes in bad weather, in a minute; tests/soak/test_hosts.py has the long run."""

from __future__ import annotations

from pathlib import Path

from tests.factories.hosts import weather_the_storm


def test_every_accepted_order_comes_to_its_end_in_bad_weather(tmp_path: Path) -> None:
    weather_the_storm(tmp_path, seed=20261127, orders=150, rate_per_s=8, pause_s=(0.5, 1.5), settle_s=120)
