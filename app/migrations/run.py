"""Brings a database to this version's schema."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.db import Database

_LOCK = 0x7475726E7570  # of PostgreSQL's advisory locks, the one that means "migrating turnup"


def migrate(database: Database) -> None:
    """Run every step the database lacks, all or none; a database that lacks none is left as it is.

    Safe to call from several processes at once: one migrates, the others wait and find nothing to do.
    """
    config = _config()
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def newest_revision() -> str:
    """The schema that this version works on."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def stored_revision(connection: sa.Connection) -> str | None:
    """The schema that the database has; None for one that was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
