"""The steps written by hand end where the tables' definitions are."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import app.core.events
import app.core.jobs.tables
import app.engine.tables  # noqa: F401  (they fill `metadata`)
from app.core.db import Database, metadata
from app.migrations.run import migrate


def test_the_migrated_schema_is_the_defined_one(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_tables_and_indexes_are_alike_to_the_letter(database: Database, request: pytest.FixtureRequest) -> None:
    """What alembic does not compare: WITHOUT ROWID, the conditions of partial indexes, names of constraints."""
    defined = Database(_a_further_database(database, request))
    with defined.transaction() as tx:
        metadata.drop_all(tx.connection)
        metadata.create_all(tx.connection)
    with defined.reading() as expected, database.reading() as found:
        assert _schema(found) == _schema(expected)
    defined.close()


def test_a_migrated_database_is_left_as_it_is(database: Database) -> None:
    with database.reading() as connection:
        before = _schema(connection)
    migrate(database)
    with database.reading() as connection:
        assert _schema(connection) == before


def test_processes_that_migrate_at_once_wait_for_one_another(
    database: Database, request: pytest.FixtureRequest
) -> None:
    url = _a_further_database(database, request)
    emptied = Database(url)
    with emptied.transaction() as tx:
        metadata.drop_all(tx.connection)
        tx.connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
    program = "import sys; from app.core.db import Database; from app.migrations.run import migrate; "
    program += "migrate(Database(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    with emptied.reading() as connection, database.reading() as migrated:
        assert _schema(connection) == _schema(migrated)
    emptied.close()


def _a_further_database(database: Database, request: pytest.FixtureRequest) -> str:
    kind = "sqlite" if database.is_sqlite else "postgres"
    make: Callable[[], str] = request.getfixturevalue(f"{kind}_databases")
    return make()


def _schema(connection: sa.Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'"
    else:
        query = """
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
            UNION SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                  WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
            UNION SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                  || coalesce(character_maximum_length::text, '')
                  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"""
    return {re.sub(r"\s+", " ", text) for text in connection.execute(sa.text(query)).scalars()}
