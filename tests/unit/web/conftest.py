"""The whole house, on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.settings import read_settings
from app.factory import House, build_house
from tests.factories.people import quick_passwords


@pytest.fixture
def house(sqlite_databases: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr("app.web.callers.WRONG_PER_S", 10_000)
    given = {"TURNUP_DATABASE_URL": sqlite_databases(), "TURNUP_DATA_DIR": str(tmp_path / "data")}
    built = build_house(read_settings(given), given, too_many_strays=lambda: None)
    built.room.identity.users._passwords = built.room.identity.login._passwords = quick_passwords()
    yield built
    built.room.close()
