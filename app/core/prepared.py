"""Statements of the engine's hot path: written in Core, compiled once, run on the driver's own cursor."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler


class _Compiled(NamedTuple):
    text: str
    arrange: Callable[[Mapping[str, Any]], Any]  # a row as the driver wants it


class Prepared:
    """A Core statement, compiled at its first use on each dialect.

    Values are passed as the driver wants them: no type processing (`to_microseconds`, `orjson.dumps` are the
    caller's), no Python-side defaults, no lists in `IN`. Every parameter must be in the row, others are
    ignored. An insert names all columns unless its `values()` says which. Write upserts with
    `sqlalchemy.dialects.postgresql.insert`: SQLite understands what comes of it.

    Errors of the driver arrive as SQLAlchemy's (`sqlalchemy.exc.IntegrityError`).
    """

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run once per row, all at one call of the driver; the number of rows changed. No rows: nothing is run."""
        if not rows:
            return 0
        text, arrange = self._for(connection)
        cursor = connection.connection.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(text, arrange(rows[0]))
            else:
                cursor.executemany(text, [arrange(row) for row in rows])
            return int(cursor.rowcount)
        except connection.dialect.loaded_dbapi.Error as error:
            raise_translated(connection, text, error)
        finally:
            cursor.close()

    def rows(self, connection: sa.Connection, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a select, or a change with RETURNING; all its rows, with the driver's values."""
        text, arrange = self._for(connection)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, arrange(params))
            return list(cursor.fetchall())
        except connection.dialect.loaded_dbapi.Error as error:
            raise_translated(connection, text, error)
        finally:
            cursor.close()

    def _for(self, connection: sa.Connection) -> _Compiled:
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = self._compiled[connection.dialect.name] = _compile(self._statement, connection)
        return compiled


def _compile(statement: sa.Executable, connection: sa.Connection) -> _Compiled:
    # for_executemany leaves out the RETURNING that SQLAlchemy adds to fetch a generated key
    compiled = statement.compile(dialect=connection.dialect, for_executemany=True)  # type: ignore[attr-defined]  # Executable does not declare what all of them have
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params or compiled.escaped_bind_names:
        raise ValueError(f"Cannot be prepared, a parameter's text or name depends on its value: {compiled}")
    # What the statement itself says (`== 5`) rather than asks for
    constants = {
        name: bind.value
        for name, bind in compiled.binds.items()
        if name in compiled.params and (bind.unique or bind.value is not None)
    }
    if compiled.positional:
        return _Compiled(str(compiled), _positional(list(compiled.positiontup or ()), constants))
    return _Compiled(str(compiled), _named(list(compiled.params), constants))


def _positional(names: list[str], constants: dict[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    if constants:
        return lambda row: [constants[name] if name in constants else row[name] for name in names]
    if len(names) > 1:
        return itemgetter(*names)  # several times faster than a comprehension
    return lambda row: [row[name] for name in names]


def _named(names: list[str], constants: dict[str, Any]) -> Callable[[Mapping[str, Any]], Any]:
    return (lambda row: {**row, **constants}) if constants else (lambda row: row)


def raise_translated(connection: sa.Connection, text: str, error: Exception) -> NoReturn:
    """The driver's error as SQLAlchemy's."""
    dialect = connection.dialect
    base = dialect.loaded_dbapi.Error
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]  # stubs know no base class
    translated = sa.exc.DBAPIError.instance(text, None, error, base, connection_invalidated=gone, dialect=dialect)
    if gone:
        connection.invalidate(error)
    raise translated from error
