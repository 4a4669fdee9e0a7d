"""The engines of the two stores: how their connections are set up, and how a transaction begins on each."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

BEGINS = "turnup_begins"  # an option of a connection: False where whoever has it tells the driver itself
# A longer log before it is copied into the file: pages that change at each commit are copied once, not each time
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "wal_autocheckpoint=4000")
BUSY_S = 30  # how long a writer waits for another before it gives up
STILL_S = 30  # how long PostgreSQL waits for the next statement of an open transaction


def sqlite_engines(url: sa.URL, connections: int) -> tuple[sa.Engine, sa.Engine]:
    if not url.database or url.database.startswith(":memory:"):
        raise ValueError(f"SQLite needs a file, found {url.render_as_string()}")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)

    def engine(begin: str, *pragmas: str) -> sa.Engine:
        made = sa.create_engine(
            url,
            pool_size=connections,
            max_overflow=connections,
            pool_use_lifo=True,  # the same connection again and again: its statements are prepared already
            connect_args={"timeout": BUSY_S, "isolation_level": None, "cached_statements": 512},
        )

        @event.listens_for(made, "connect")
        def prepare(driver_connection: Any, record: Any) -> None:
            for pragma in (*_PRAGMAS, *pragmas):
                driver_connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(made, "begin")
        def begin_as_told(connection: sa.Connection) -> None:
            if connection.get_execution_options().get(BEGINS, True):
                driver_of(connection).execute(begin)

        return made

    return engine("BEGIN IMMEDIATE"), engine("BEGIN", "query_only=ON")


def postgres_engines(url: sa.URL, connections: int) -> tuple[sa.Engine, sa.Engine]:
    engine = sa.create_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_use_lifo=True,
        pool_pre_ping=True,  # a restarted server costs no caller an error
        isolation_level="READ COMMITTED",
    )

    @event.listens_for(engine, "connect")
    def limit(driver_connection: Any, record: Any) -> None:
        """A process that stands still inside a transaction keeps others from its rows no longer than that."""
        driver_connection.autocommit = True
        driver_connection.execute(f"SET idle_in_transaction_session_timeout = {round(STILL_S * 1000)}")
        driver_connection.autocommit = False

    return engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def driver_of(connection: sa.Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection
