"""The one place that opens, commits and rolls back transactions.

Two stores: SQLite for one process on one machine, PostgreSQL for any number of them. Doors (API, dashboard,
worker, scheduler, command line) open `transaction()` or `reading()`; everything below them takes what those
yield and never commits.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.prepared import Prepared
from app.core.types import Instant, JsonText

__all__ = ["Database", "GuardedSession", "Instant", "JsonText", "Prepared", "Transaction", "metadata"]

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# A longer log before it is copied into the file: pages that change at each commit are copied once, not each time
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "wal_autocheckpoint=4000")
BUSY_S = 30  # how long a writer waits for another before it gives up
STILL_S = 30  # how long PostgreSQL waits for the next statement of an open transaction


class GuardedSession(Session):
    """A session whose commit() belongs to transaction() alone."""

    def commit(self) -> NoReturn:
        raise RuntimeError("Only transaction() commits: return, and let the door that opened it do so")


class Transaction:
    """One unit of work, open. Committed when the door's `with` block ends, unless it raises."""

    __slots__ = ("_callbacks", "_last", "_session", "connection")

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._session: GuardedSession | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._last: dict[Callable[[Transaction, list[Any]], None], list[Any]] = {}

    @property
    def session(self) -> GuardedSession:
        """An ORM session on this transaction's connection, made when first asked for and flushed before the commit."""
        if self._session is None:
            self._session = GuardedSession(bind=self.connection)
        return self._session

    def before_commit(self, write: Callable[["Transaction", list[Any]], None], item: Any) -> None:
        """Call `write` once, after everything else that this transaction writes, with all the items given for it."""
        self._last.setdefault(write, []).append(item)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once this transaction is stored and closed, in the order asked; never if it is rolled back.

        The callback runs on the thread that committed and may open transactions of its own. It must not matter
        if the process dies before it runs.
        """
        self._callbacks.append(callback)


class Database:
    """A store of either kind, and its connections.

    Within one process SQLite's writers queue on a lock of ours: its own waiting is a sleep of up to 100 ms.
    `conninfo` is the address as PostgreSQL's own clients read it, password and all.
    """

    def __init__(self, url: str, *, connections: int = 24) -> None:
        parsed = sa.make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.conninfo = parsed.set(drivername=parsed.get_backend_name()).render_as_string(hide_password=False)
        self._writer = threading.Lock()
        self._writing_thread = 0
        self._writing: sa.Connection | None = None
        self.engine, self._reader = (_sqlite_engines if self.is_sqlite else _postgres_engines)(parsed, connections)

    def close(self) -> None:
        """Close every connection; the next transaction opens its own."""
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        self._reader.dispose()
        self.engine.dispose()

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[Transaction]:
        """Open a transaction that may write.

        On SQLite it is the only writer from the start (BEGIN IMMEDIATE), and `synced` decides whether the commit
        waits for the disk: False is for commits of engine rows alone, where a loss merely repeats a step under
        its key. PostgreSQL (READ COMMITTED) always waits.
        """
        if self.is_sqlite:
            self._queue_for_writing()
            try:
                connection = self._writing_connection()
                _set_synchronous(connection, "FULL" if synced else "NORMAL")
                transaction = Transaction(connection)
                yield from _run(transaction)
            finally:
                self._writing_thread = 0
                self._writer.release()
        else:
            with self.engine.connect() as connection:
                transaction = Transaction(connection)
                yield from _run(transaction)
        for callback in transaction._callbacks:
            callback()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a snapshot: everything read in it is of one instant, and the store refuses writes."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    def _writing_connection(self) -> sa.Connection:
        """SQLite's one writer keeps its connection: to check one out and in costs more than most of what it writes."""
        if self._writing is None or self._writing.closed or self._writing.invalidated:
            self._writing = self.engine.connect()
        return self._writing

    def _queue_for_writing(self) -> None:
        this_thread = threading.get_ident()
        if self._writing_thread == this_thread:
            raise RuntimeError("A transaction is open on this thread: pass it on, a second one would wait for it")
        if not self._writer.acquire(timeout=BUSY_S):
            raise TimeoutError(f"Another transaction of this process has been writing for over {BUSY_S} s")
        self._writing_thread = this_thread


def _run(transaction: Transaction) -> Iterator[Transaction]:
    """Yield the transaction once, between its begin and its commit or rollback."""
    try:
        with transaction.connection.begin():
            yield transaction
            if transaction._session is not None:
                transaction._session.flush()
            for write, items in transaction._last.items():
                write(transaction, items)
    finally:
        if transaction._session is not None:
            transaction._session.close()


def _sqlite_engines(url: sa.URL, connections: int) -> tuple[sa.Engine, sa.Engine]:
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
            record.info["synchronous"] = "FULL"

        @event.listens_for(made, "begin")
        def begin_as_told(connection: sa.Connection) -> None:
            _driver(connection).execute(begin)

        return made

    return engine("BEGIN IMMEDIATE"), engine("BEGIN", "query_only=ON")


def _postgres_engines(url: sa.URL, connections: int) -> tuple[sa.Engine, sa.Engine]:
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
        driver_connection.execute(f"SET idle_in_transaction_session_timeout = '{STILL_S}s'")
        driver_connection.autocommit = False

    return engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _set_synchronous(connection: sa.Connection, mode: str) -> None:
    """SQLite refuses the change inside a transaction, so it comes before, and only where it is one."""
    if connection.info["synchronous"] != mode:
        _driver(connection).execute(f"PRAGMA synchronous={mode}")
        connection.info["synchronous"] = mode


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection
