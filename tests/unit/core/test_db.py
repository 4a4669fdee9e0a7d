"""Transactions: what they keep, what they drop, and who waits for whom."""

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.core import stores
from app.core.db import Database, Transaction, metadata
from tests.unit.dispatch.waiting import until

THING = sa.Table("thing_of_test_db", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True))


@pytest.fixture
def database(database: Database) -> Database:
    return with_the_table(database)


@pytest.fixture
def sqlite_database(sqlite_database: Database) -> Database:
    return with_the_table(sqlite_database)


def with_the_table(database: Database) -> Database:
    with database.transaction() as tx:
        THING.create(tx.connection)
    return database


def insert(tx: Transaction, name: str) -> None:
    tx.connection.execute(THING.insert(), {"name": name})


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(THING.c.name).order_by(THING.c.name)).scalars())


def test_a_transaction_that_ends_is_kept(database: Database) -> None:
    with database.transaction() as tx:
        insert(tx, "a")
        insert(tx, "b")
    assert names(database) == ["a", "b"]


def test_a_transaction_that_raises_leaves_nothing_and_calls_nobody_back(database: Database) -> None:
    called: list[str] = []
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        insert(tx, "a")
        tx.after_commit(lambda: called.append("a"))
        _ = 1 / 0
    assert names(database) == []
    assert called == []


def test_the_next_to_write_has_a_connection_again_when_one_is_lost(sqlite_database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), sqlite_database.transaction() as tx:
        insert(tx, "a")
        stores.driver_of(tx.connection).close()
    with sqlite_database.transaction() as tx:
        insert(tx, "b")
    assert names(sqlite_database) == ["b"]


def test_what_an_error_of_the_session_has_rolled_back_stands_in_nobodys_way(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as tx:
        for _ in range(2):
            tx.session.execute(THING.insert(), {"name": "a"})
    with database.transaction() as tx:
        tx.session.execute(THING.insert(), {"name": "b"})
    assert names(database) == ["b"]


def test_each_transaction_waits_for_the_disk_as_it_is_told(sqlite_database: Database) -> None:
    found = []
    for synced in (True, False, True):
        with sqlite_database.transaction(synced=synced) as tx:
            found.append(tx.connection.exec_driver_sql("PRAGMA synchronous").scalar())
        with pytest.raises(ZeroDivisionError), sqlite_database.transaction(synced=False):
            _ = 1 / 0
    assert found == [2, 1, 2]


def test_what_comes_before_the_commit_comes_once_and_after_everything_else(database: Database) -> None:
    seen: list[tuple[list[str], list[str]]] = []

    def write(tx: Transaction, items: list[str]) -> None:
        there = list(tx.connection.execute(sa.select(THING.c.name).order_by(THING.c.name)).scalars())
        seen.append((items, there))
        insert(tx, "last")

    with database.transaction() as tx:
        tx.before_commit(write, "one")
        insert(tx, "a")
        tx.before_commit(write, "two")
        insert(tx, "b")
    assert seen == [(["one", "two"], ["a", "b"])]
    assert names(database) == ["a", "b", "last"]


def test_callbacks_come_in_order_after_the_commit_and_may_open_transactions(database: Database) -> None:
    seen: list[tuple[str, list[str]]] = []

    def again() -> None:
        with database.transaction() as tx:
            insert(tx, "b")

    with database.transaction() as tx:
        tx.after_commit(lambda: seen.append(("first", names(database))))
        tx.after_commit(again)
        tx.after_commit(lambda: seen.append(("last", names(database))))
        insert(tx, "a")
        assert seen == []
    assert seen == [("first", ["a"]), ("last", ["a", "b"])]


def test_the_session_writes_with_the_transaction_and_refuses_to_commit(database: Database) -> None:
    with database.transaction() as tx:
        tx.session.execute(THING.insert().values(name="a"))
        with pytest.raises(RuntimeError, match=r"transaction\(\) commits"):
            tx.session.commit()
        assert names(database) == []
    assert names(database) == ["a"]


def test_what_only_the_session_knows_is_flushed_before_the_commit(database: Database) -> None:
    mapper = sa.orm.registry()

    class Thing:
        def __init__(self, name: str) -> None:
            self.name = name

    mapper.map_imperatively(Thing, THING)
    with database.transaction() as tx:
        tx.session.add(Thing("a"))
    assert names(database) == ["a"]
    mapper.dispose()


def test_a_second_transaction_on_one_thread_is_refused_on_sqlite_rather_than_waiting_for_itself(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as tx:
        insert(tx, "a")
        with pytest.raises(RuntimeError, match="open on this thread"), sqlite_database.transaction():
            pass
    assert names(sqlite_database) == ["a"]


def test_writers_wait_for_one_another_and_none_is_told_that_the_database_is_locked(database: Database) -> None:
    other_process = Database(database.engine.url.render_as_string(hide_password=False))
    failed: list[BaseException] = []

    def write(through: Database, prefix: str) -> None:
        try:
            for number in range(25):
                with through.transaction(synced=False) as tx:
                    tx.connection.execute(sa.select(THING)).all()  # a read that must not be stale when we write
                    insert(tx, f"{prefix}{number}")
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=write, args=(through, f"{index}-"))
        for index, through in enumerate([database, database, other_process, other_process])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other_process.close()
    assert failed == []
    assert len(names(database)) == 100


def test_a_commit_waits_for_the_disk_unless_told_otherwise(sqlite_database: Database) -> None:
    normal, full = 1, 2
    for synced, expected in [(True, full), (False, normal), (False, normal), (True, full)]:
        with sqlite_database.transaction(synced=synced) as tx:
            assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar() == expected


def test_a_reader_sees_one_instant_and_may_not_write(database: Database) -> None:
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(THING)).scalar() == 0
        with database.transaction() as tx:
            insert(tx, "a")
        assert connection.execute(sa.select(sa.func.count()).select_from(THING)).scalar() == 0
        with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"):
            connection.execute(THING.insert(), {"name": "b"})
    assert names(database) == ["a"]


def test_sqlite_holds_to_foreign_keys_and_writes_ahead(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_sqlite_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database("sqlite://")


def test_a_missing_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path}/a/b/c.sqlite")
    with made.transaction() as tx:
        tx.connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    made.close()
    assert sqlite3.connect(tmp_path / "a/b/c.sqlite").execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_every_constraint_has_a_name() -> None:
    unnamed = [(table.name, kind) for table in metadata.tables.values() for kind in table.constraints if not kind.name]
    assert unnamed == []


def test_postgresql_ends_a_transaction_whose_process_stands_still(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_database.reading() as connection:
        shown = connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout"))
        assert shown == f"{stores.STILL_S}s"
    monkeypatch.setattr(stores, "STILL_S", 0.05)
    impatient = Database(postgres_database.conninfo)
    waited = sa.text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND pid = :pid")
    with pytest.raises(sa.exc.DBAPIError, match="idle-in-transaction"), impatient.transaction() as tx:
        pid = tx.connection.scalar(sa.text("SELECT pg_backend_pid()"))
        until(lambda: _count(postgres_database, waited, pid) == 0)
        tx.connection.execute(sa.text("SELECT 1"))
    impatient.close()


def _count(database: Database, query: sa.TextClause, pid: int) -> int:
    with database.reading() as connection:
        return int(connection.scalar(query, {"pid": pid}) or 0)
