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
import app.drafts.tables
import app.engine.migration.tables
import app.engine.tables
import app.identity.audit.tables
import app.identity.secrets.tables
import app.identity.tables
import app.trial.tables  # noqa: F401  (they fill `metadata`)
from app.core.db import Database, metadata
from app.migrations.queue import QueueOfAnother, raise_queue
from app.migrations.run import DatabaseTooNew, migrate, steps_ahead
from tests.conftest import spoil


def is_ours(thing: sa.schema.SchemaItem, name: str | None, kind: str, *_: object) -> bool:
    """The queue's tables on PostgreSQL are Procrastinate's."""
    return not (name or "").startswith("procrastinate_")


def test_the_migrated_schema_is_the_defined_one(database: Database) -> None:
    with database.reading() as connection:
        opts = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=opts)
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


def test_a_database_of_the_next_version_is_worked_on_and_left_as_it_is(database: Database) -> None:
    step = _be_at_a_later_step(database, by=1)
    migrate(database)
    with database.reading() as connection:
        assert steps_ahead(connection) == 1
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == step


def test_a_database_of_the_version_after_next_is_refused(database: Database) -> None:
    with database.reading() as connection:
        assert steps_ahead(connection) == 0
    step = _be_at_a_later_step(database, by=2)
    with pytest.raises(DatabaseTooNew, match=f"The database is at step {step}, this version of Turnup at "):
        migrate(database)


def _be_at_a_later_step(database: Database, by: int) -> str:
    spoil(database)
    with database.transaction() as tx:
        newest = int(tx.connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or 0)
        later = f"{newest + by:04}"
        tx.connection.execute(sa.text("UPDATE alembic_version SET version_num = :later"), {"later": later})
    return later


# The queue's schema is as far as the installed Procrastinate. When its next release brings more, write a step that calls
# `raise_queue`, and this down.
QUEUE_STEP = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
_STEP = sa.text("SELECT obj_description('procrastinate_jobs'::regclass)")


def test_the_queue_is_at_the_step_that_is_known(postgres_database: Database) -> None:
    with postgres_database.reading() as connection:
        assert connection.scalar(_STEP) == QUEUE_STEP


def test_a_queue_that_is_behind_is_raised_once(postgres_database: Database) -> None:
    trigger = "procrastinate_trigger_status_events_update_v1"
    there = sa.text(f"SELECT count(*) FROM pg_trigger WHERE tgname = '{trigger}'")
    spoil(postgres_database)
    behind = "03.04.00_01_pre_add_retry_failed_job_procedure.sql"  # the step after it makes that trigger
    with postgres_database.transaction() as tx:
        tx.connection.execute(sa.text(f"DROP TRIGGER {trigger} ON procrastinate_jobs"))
        tx.connection.execute(sa.text(f"COMMENT ON TABLE procrastinate_jobs IS '{behind}'"))
        for _ in range(2):
            raise_queue(tx.connection)
            assert (tx.connection.scalar(_STEP), tx.connection.scalar(there)) == (QUEUE_STEP, 1)


def test_a_queue_that_others_made_is_left_alone(postgres_database: Database) -> None:
    spoil(postgres_database)
    with postgres_database.transaction() as tx:
        tx.connection.execute(sa.text("COMMENT ON TABLE procrastinate_jobs IS NULL"))
        with pytest.raises(QueueOfAnother, match="a database of its own"):
            raise_queue(tx.connection)


def test_sqlite_has_no_queue(sqlite_database: Database) -> None:
    with sqlite_database.reading() as connection:
        assert "procrastinate" not in " ".join(_schema(connection))


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
                  AND tablename NOT LIKE 'procrastinate%'
            UNION SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
                  WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
                  AND conrelid::regclass::text NOT LIKE 'procrastinate%'
            UNION SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                  || coalesce(character_maximum_length::text, '')
                  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
                  AND table_name NOT LIKE 'procrastinate%'"""
    return {re.sub(r"\s+", " ", text) for text in connection.execute(sa.text(query)).scalars()}
