"""Commands as they are, but for what a password costs: argon2id as it is used has tests/unit/identity."""

from __future__ import annotations

import pytest

from tests.factories.people import quick_passwords


@pytest.fixture(autouse=True)
def passwords_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.identity.doors.Passwords", quick_passwords)
