"""Instants and JSON come back from the store as they went in."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.core.db import Database, Instant, JsonText
from app.core.types import from_microseconds, to_microseconds

KEPT = sa.Table("kept_by_test_types", sa.MetaData(), sa.Column("at", Instant), sa.Column("value", JsonText))


def kept(database: Database, **row: Any) -> Any:
    with database.transaction() as tx:
        KEPT.create(tx.connection)
        tx.connection.execute(KEPT.insert(), [row])
        return tx.connection.execute(sa.select(*[KEPT.c[name] for name in row])).one()


def test_an_instant_keeps_its_microseconds_and_comes_back_in_utc(database: Database) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    at = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=east)
    [found] = kept(database, at=at)
    assert found == at
    assert found.tzinfo is UTC


def test_an_instant_needs_a_time_zone(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        kept(database, at=datetime(2026, 3, 2))


def test_json_keeps_the_order_of_its_keys_and_none_is_null(database: Database) -> None:
    value = {"z": [1, 2.5, True, None, "é\n"], "a": {"y": 1, "b": 2}}
    [found] = kept(database, value=value)
    assert found == value
    assert list(found) == ["z", "a"]
    assert list(found["a"]) == ["y", "b"]
    with database.transaction() as tx:
        tx.connection.execute(KEPT.update().values(value=None))
        assert tx.connection.execute(sa.select(KEPT.c.value.is_(None))).scalar()


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_lose_nothing(at: datetime) -> None:
    assert from_microseconds(to_microseconds(at)) == at
