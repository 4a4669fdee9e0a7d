"""The one place that opens, commits and rolls back transactions.

Two stores: SQLite for one process on one machine, PostgreSQL for any number of them. Doors (API, dashboard,
worker, scheduler, command line) open `transaction()` or `reading()`; everything below them takes what those
yield and never commits.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import Prepared, raise_translated
from app.core.stores import BEGINS, BUSY_S, driver_of, postgres_engines, sqlite_engines
from app.core.types import Instant, JsonText

__all__ = ["Database", "GuardedSession", "Instant", "JsonText", "Prepared", "Transaction", "metadata"]

WRITERS_CACHE_KB = 32 * 1024  # pages that are written again and again are not read again; SQLite's own limit is 2 MB

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


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

    def _finish(self) -> None:
        """Write what was left to the end."""
        if self._session is not None:
            self._session.flush()
        for write, items in self._last.items():
            write(self, items)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _call_back(self) -> None:
        for callback in self._callbacks:
            callback()


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
        self.engine, self._reader = (sqlite_engines if self.is_sqlite else postgres_engines)(parsed, connections)
        self._writer = _Writer(self.engine) if self.is_sqlite else None

    def close(self) -> None:
        """Close every connection; the next transaction opens its own."""
        if self._writer is not None:
            self._writer.close()
        self._reader.dispose()
        self.engine.dispose()

    def transaction(self, *, synced: bool = True) -> AbstractContextManager[Transaction]:
        """Open a transaction that may write.

        On SQLite it is the only writer from the start (BEGIN IMMEDIATE), and `synced` decides whether the commit
        waits for the disk: False is for commits of engine rows alone, where a loss merely repeats a step under
        its key. PostgreSQL (READ COMMITTED) always waits.
        """
        return _Alone(self._writer, synced) if self._writer is not None else self._among_others()

    @contextmanager
    def _among_others(self) -> Iterator[Transaction]:
        with self.engine.connect() as connection, connection.begin():
            transaction = Transaction(connection)
            try:
                yield transaction
                transaction._finish()
            finally:
                transaction._close()
        transaction._call_back()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a snapshot: everything read in it is of one instant, and the store refuses writes."""
        with self._reader.connect() as connection, connection.begin():
            yield connection


class _Writer:
    """SQLite's one writer of this process: who writes next, and the connection that all of them use in turn.

    The connection is kept, and its SQLAlchemy transaction stays open while the driver is told when to begin and to
    commit: to check a connection out and in, and to begin and to end a transaction of SQLAlchemy's, costs more than
    most of what is written.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._thread = 0  # that has the turn
        self._connection: sa.Connection | None = None
        self._driver: Any = None
        self._synced: bool | None = None  # how the driver's connection is set; not known of one from the pool

    def begin(self, *, synced: bool) -> sa.Connection:
        """Wait for the turn and open a transaction; every one is ended by `commit` or `close`, then `leave`."""
        this_thread = threading.get_ident()
        if self._thread == this_thread:
            raise RuntimeError("A transaction is open on this thread: pass it on, a second one would wait for it")
        if not self._turn.acquire(timeout=BUSY_S):
            raise TimeoutError(f"Another transaction of this process has been writing for over {BUSY_S} s")
        self._thread = this_thread
        try:
            connection = self._connection or self._open()
            if self._synced is not synced:  # SQLite refuses the change inside a transaction
                self._tell(connection, f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
                self._synced = synced
            self._tell(connection, "BEGIN IMMEDIATE")
        except BaseException:
            self.close()
            self.leave()
            raise
        return connection

    def commit(self, connection: sa.Connection) -> None:
        self._tell(connection, "COMMIT")

    def leave(self) -> None:
        self._thread = 0
        self._turn.release()

    def close(self) -> None:
        """Roll back what is open. What SQLAlchemy thinks of its connection after an error is not asked: the next one to
        write has it from the pool again, which keeps none that is broken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> sa.Connection:
        connection = self._engine.connect().execution_options(**{BEGINS: False})
        connection.begin()
        self._connection, self._driver, self._synced = connection, driver_of(connection), None
        self._tell(connection, f"PRAGMA cache_size={-WRITERS_CACHE_KB}")
        return connection

    def _tell(self, connection: sa.Connection, statement: str) -> None:
        try:
            self._driver.execute(statement)
        except sqlite3.Error as error:
            raise_translated(connection, statement, error)


class _Alone:
    """A transaction of the one writer; committed at the end of the `with` block, unless that raises."""

    _transaction: Transaction

    def __init__(self, writer: _Writer, synced: bool) -> None:
        self._writer = writer
        self._synced = synced

    def __enter__(self) -> Transaction:
        self._transaction = Transaction(self._writer.begin(synced=self._synced))
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transaction, writer = self._transaction, self._writer
        done = False
        try:
            if kind is None:
                transaction._finish()
                writer.commit(transaction.connection)
                done = True
        finally:
            try:
                if not done:
                    writer.close()
                transaction._close()
            finally:
                writer.leave()
        if done:
            transaction._call_back()
