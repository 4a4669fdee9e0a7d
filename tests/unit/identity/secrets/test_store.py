"""The encrypted store: what lies in the database opens only with its key and under its name."""

from __future__ import annotations

import base64
import os
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import InvalidSetting
from app.identity.secrets import store
from app.identity.secrets.faults import ChangedSecret, UnfitSecret, UnknownKey
from app.identity.secrets.keys import Keyring, read_keys
from app.identity.secrets.store import Store, UnknownSecret
from app.identity.secrets.tables import secret

VALUE = "a-value-of-a-test"
OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


def ring(*keys: str) -> Keyring:
    return read_keys("\n".join(keys), "TURNUP_SECRETS_KEY")


def put(database: Database, clock: FixedClock, name: str, value: str, keys: Keyring, by: str = "ann") -> None:
    with database.transaction() as tx:
        store.put(tx, keys, name, value, by, clock.now())


def find(database: Database, name: str, keys: Keyring) -> str | None:
    return Store(database, lambda: keys).find(name)


def listed(database: Database) -> list[store.SecretRow]:
    with database.reading() as connection:
        return store.listed(connection)


def rotate(database: Database, keys: Keyring) -> list[str]:
    with database.reading() as connection:
        names = store.not_yet_rotated(connection, keys)
    for name in names:
        with database.transaction() as tx:
            store.rotate(tx, keys, name)
    return names


def test_what_is_stored_is_found_and_is_not_to_be_read_in_the_row(database: Database, clock: FixedClock) -> None:
    put(database, clock, "olt/lon-3", VALUE, ring(OLD))
    assert find(database, "olt/lon-3", ring(OLD)) == VALUE
    assert find(database, "olt/lon-4", ring(OLD)) is None
    with database.reading() as connection:
        row = connection.execute(sa.select(secret)).one()
    assert VALUE.encode() not in row.sealed
    (shown,) = listed(database)
    assert (shown.name, shown.changed_at, shown.changed_by) == ("olt/lon-3", clock.now(), "ann")
    assert VALUE not in repr(shown)


def test_one_that_is_set_again_has_the_new_value(database: Database, clock: FixedClock) -> None:
    put(database, clock, "key", VALUE, ring(OLD))
    clock.advance(timedelta(hours=1))
    put(database, clock, "key", "another-value", ring(OLD), by="bob")
    assert find(database, "key", ring(OLD)) == "another-value"
    (row,) = listed(database)
    assert (row.changed_at, row.changed_by) == (clock.now(), "bob")


def test_the_same_value_twice_does_not_look_the_same(database: Database, clock: FixedClock) -> None:
    for name in ("a", "b"):
        put(database, clock, name, VALUE, ring(OLD))
    with database.reading() as connection:
        sealed = set(connection.execute(sa.select(secret.c.sealed)).scalars())
    assert len(sealed) == 2


def test_a_row_under_another_name_does_not_open(database: Database, clock: FixedClock) -> None:
    put(database, clock, "lab", VALUE, ring(OLD))
    put(database, clock, "live", "the-live-value", ring(OLD))
    with database.transaction() as tx:
        sealed = tx.connection.execute(sa.select(secret.c.sealed).where(secret.c.name == "live")).scalar_one()
        tx.connection.execute(sa.update(secret).where(secret.c.name == "lab").values(sealed=sealed))
    with pytest.raises(ChangedSecret, match="'lab' was changed by other means"):
        find(database, "lab", ring(OLD))


@pytest.mark.parametrize("place", [0, 14, -1])
def test_a_changed_byte_is_found(database: Database, clock: FixedClock, place: int) -> None:
    put(database, clock, "key", VALUE, ring(OLD))
    with database.transaction() as tx:
        changed = bytearray(tx.connection.execute(sa.select(secret.c.sealed)).scalar_one())
        changed[place] ^= 1
        tx.connection.execute(sa.update(secret).values(sealed=bytes(changed)))
    with pytest.raises(ChangedSecret):
        find(database, "key", ring(OLD))


def test_the_first_key_encrypts_and_the_others_decrypt(database: Database, clock: FixedClock) -> None:
    put(database, clock, "old", VALUE, ring(OLD))
    put(database, clock, "new", VALUE, ring(NEW, OLD))
    assert find(database, "old", ring(NEW, OLD)) == VALUE
    assert find(database, "new", ring(NEW)) == VALUE
    with pytest.raises(UnknownKey, match=f"key {ring(OLD).first.id}; this process has {ring(NEW).first.id}"):
        find(database, "old", ring(NEW))


def test_after_a_rotation_the_old_key_may_go(database: Database, clock: FixedClock) -> None:
    for name in ("a", "b"):
        put(database, clock, name, f"{VALUE}-{name}", ring(OLD))
    clock.advance(timedelta(days=1))
    assert rotate(database, ring(NEW, OLD)) == ["a", "b"]
    assert [find(database, name, ring(NEW)) for name in ("a", "b")] == [f"{VALUE}-a", f"{VALUE}-b"]
    assert {row.changed_at for row in listed(database)} == {clock.now() - timedelta(days=1)}
    assert rotate(database, ring(NEW, OLD)) == []


def test_a_rotation_that_was_killed_halfway_goes_on(database: Database, clock: FixedClock) -> None:
    keys = ring(NEW, OLD)
    for name in ("a", "b", "c"):
        put(database, clock, name, VALUE, ring(OLD))
    with database.transaction() as tx:
        store.rotate(tx, keys, "a")
    assert [find(database, name, keys) for name in ("a", "b", "c")] == [VALUE] * 3
    assert rotate(database, keys) == ["b", "c"]
    assert {row.key_id for row in listed(database)} == {keys.first.id}


def test_a_rotation_without_the_old_key_changes_nothing(database: Database, clock: FixedClock) -> None:
    put(database, clock, "key", VALUE, ring(OLD))
    with pytest.raises(UnknownKey):
        rotate(database, ring(NEW))
    assert find(database, "key", ring(OLD)) == VALUE


def test_one_that_is_set_or_removed_while_all_are_rotated_stays_as_it_is(database: Database, clock: FixedClock) -> None:
    put(database, clock, "gone", VALUE, ring(OLD))
    put(database, clock, "set", VALUE, ring(OLD))
    with database.reading() as connection:
        names = store.not_yet_rotated(connection, ring(NEW, OLD))
    with database.transaction() as tx:
        store.remove(tx, "gone")
    put(database, clock, "set", "set-meanwhile", ring(NEW, OLD))
    for name in names:
        with database.transaction() as tx:
            store.rotate(tx, ring(NEW, OLD), name)
    assert [(row.name, find(database, row.name, ring(NEW))) for row in listed(database)] == [("set", "set-meanwhile")]


def test_one_that_is_not_there_cannot_be_removed(database: Database) -> None:
    with pytest.raises(UnknownSecret, match="turnup secret list"), database.transaction() as tx:
        store.remove(tx, "none")


def test_a_short_value_is_not_stored(database: Database, clock: FixedClock) -> None:
    with pytest.raises(UnfitSecret):
        put(database, clock, "pin", "1234", ring(OLD))
    assert listed(database) == []


def test_keys_are_read_as_people_write_them() -> None:
    urlsafe = OLD.replace("+", "-").replace("/", "_").rstrip("=")
    assert [key.id for key in read_keys(f"{NEW},{urlsafe}", "x").keys] == [key.id for key in ring(NEW, OLD).keys]
    assert [key.id for key in read_keys(f"# of May\n{NEW} # in use\n\n{OLD}\n", "x").keys] == [
        key.id for key in ring(NEW, OLD).keys
    ]
    assert OLD not in repr(ring(OLD))


@pytest.mark.parametrize(
    "text",
    ["short", OLD[:-4], OLD + OLD, "not base64 at all!"],
    ids=["a word", "too short", "too long", "not base64"],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"TURNUP_SECRETS_KEY is not 32 bytes.*openssl rand") as refused:
        read_keys(text, "TURNUP_SECRETS_KEY")
    assert text not in str(refused.value)


def test_without_a_key_nothing_is_encrypted() -> None:
    with pytest.raises(UnknownKey, match="Give one in /data/secrets-key"):
        _ = Keyring((), "/data/secrets-key").first
