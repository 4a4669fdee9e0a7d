"""Prepared statements do on the driver what Core does, several times cheaper."""

from collections.abc import Callable
from statistics import median
from time import thread_time
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.db import Database, Prepared

STOCK = sa.Table(
    "stock_of_test_prepared",
    sa.MetaData(),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("pieces", sa.BigInteger, nullable=False),
    sa.Column("order", sa.Text),  # a word that SQL keeps for itself
)
INSERT = Prepared(STOCK.insert())
ALL = Prepared(sa.select(STOCK.c.part, STOCK.c.pieces).order_by(STOCK.c.part))


@pytest.fixture
def database(database: Database) -> Database:
    return with_the_table(database)


@pytest.fixture
def sqlite_database(sqlite_database: Database) -> Database:
    return with_the_table(sqlite_database)


def with_the_table(database: Database) -> Database:
    with database.transaction() as tx:
        STOCK.create(tx.connection)
        INSERT.run(
            tx.connection, [{"part": "ont", "pieces": 3, "order": None}, {"part": "olt", "pieces": 1, "order": "x"}]
        )
    return database


def stock(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return ALL.rows(connection, {})


def test_rows_are_inserted_and_read(database: Database) -> None:
    assert stock(database) == [("olt", 1), ("ont", 3)]


def test_changes_count_the_rows_they_changed(database: Database) -> None:
    take = Prepared(
        STOCK.update()
        .where(STOCK.c.part == sa.bindparam("wanted"), STOCK.c.pieces > 0)
        .values(pieces=STOCK.c.pieces - sa.bindparam("taken"), order=sa.bindparam("by"))
    )
    with database.transaction() as tx:
        assert take.run(tx.connection, [{"wanted": "ont", "taken": 1, "by": "a"}]) == 1
        assert take.run(tx.connection, [{"wanted": "cpe", "taken": 1, "by": "a"}]) == 0
        rows = [{"wanted": part, "taken": 1, "by": "b"} for part in ("ont", "olt", "cpe")]
        assert take.run(tx.connection, rows) == 2
        assert take.run(tx.connection, []) == 0
    assert stock(database) == [("olt", 0), ("ont", 1)]


def test_one_upsert_serves_both_dialects(database: Database) -> None:
    insert = postgresql.insert(STOCK)
    put = Prepared(insert.on_conflict_do_update(index_elements=[STOCK.c.part], set_={"pieces": insert.excluded.pieces}))
    with database.transaction() as tx:
        put.run(tx.connection, [{"part": part, "pieces": 9, "order": None} for part in ("ont", "cpe")])
    assert stock(database) == [("cpe", 9), ("olt", 1), ("ont", 9)]


def test_what_changed_can_be_asked_back(database: Database) -> None:
    sell = Prepared(STOCK.delete().where(STOCK.c.pieces < sa.bindparam("under")).returning(STOCK.c.part, STOCK.c.order))
    with database.transaction() as tx:
        assert sell.rows(tx.connection, {"under": 2}) == [("olt", "x")]
    assert stock(database) == [("ont", 3)]


def test_a_row_without_a_parameter_is_refused(database: Database) -> None:
    with pytest.raises((KeyError, sa.exc.DBAPIError), match="pieces"), database.transaction() as tx:
        INSERT.run(tx.connection, [{"part": "cpe", "order": None}])


def test_the_drivers_errors_are_sqlalchemys(database: Database) -> None:
    row = {"part": "ont", "pieces": 1, "order": None}
    for rows in ([row], [row, row]):
        with pytest.raises(sa.exc.IntegrityError), database.transaction() as tx:
            INSERT.run(tx.connection, rows)


def test_a_parameter_that_stands_for_a_list_is_refused(database: Database) -> None:
    some = Prepared(sa.select(STOCK).where(STOCK.c.part.in_(sa.bindparam("parts", expanding=True))))
    with pytest.raises(ValueError, match="Cannot be prepared"), database.reading() as connection:
        some.rows(connection, {"parts": ["ont"]})


def test_it_costs_less_than_half_of_core(sqlite_database: Database) -> None:
    rows = [{"part": str(number), "pieces": 1, "order": None} for number in range(3)]
    delete = Prepared(STOCK.delete().where(STOCK.c.part == sa.bindparam("gone")))

    def cpu(insert: Callable[[], Any]) -> float:
        started = thread_time()
        insert()
        spent = thread_time() - started
        delete.run(tx.connection, [{"gone": row["part"]} for row in rows])
        return spent

    with sqlite_database.transaction() as tx:
        prepared = median(cpu(lambda: INSERT.run(tx.connection, rows)) for _ in range(200))
        core = median(cpu(lambda: tx.connection.execute(STOCK.insert(), rows)) for _ in range(200))
    assert prepared < core / 2


def test_a_connection_that_broke_is_replaced(postgres_databases: Callable[[], str]) -> None:
    database = with_the_table(Database(postgres_databases()))
    with pytest.raises(sa.exc.OperationalError) as raised, database.transaction() as tx:
        own = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with database.transaction() as killer:
            killer.connection.exec_driver_sql(f"SELECT pg_terminate_backend({own}, 5000)")
        ALL.rows(tx.connection, {})
    assert raised.value.connection_invalidated
    assert stock(database) == [("olt", 1), ("ont", 3)]
    database.close()


def test_connections_that_broke_while_nobody_used_them_cost_no_caller_an_error(
    postgres_server: str, postgres_databases: Callable[[], str]
) -> None:
    database = with_the_table(Database(postgres_databases()))
    with psycopg.connect(postgres_server) as admin:
        name = database.engine.url.database
        ended = admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        assert ended.fetchall() == [(True,)]
    assert stock(database) == [("olt", 1), ("ont", 3)]
    database.close()
