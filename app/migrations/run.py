"""Brings a database to this version's schema."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.core.db import Database
from app.core.errors import Conflict

_LOCK = 0x7475726E7570  # of PostgreSQL's advisory locks, the one that means "migrating turnup"
STEPS_AHEAD = 1  # of a database that this version still works on: a release brings one step


class DatabaseTooNew(Conflict):
    """The database belongs to a version that this one knows nothing of."""


def migrate(database: Database) -> None:
    """Run every step the database lacks, all or none; a database that lacks none is left as it is.

    Safe to call from several processes at once: one migrates, the others wait and find nothing to do. DatabaseTooNew
    for one that is more than STEPS_AHEAD.
    """
    config = _config()
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        ahead = steps_ahead(tx.connection)
        if ahead > STEPS_AHEAD:
            raise DatabaseTooNew(
                f"The database is at step {stored_revision(tx.connection)}, this version of Turnup at "
                f"{newest_revision()}: it works on one that is at most {STEPS_AHEAD} further. Install the version that "
                "the other processes have."
            )
        if ahead <= 0:
            config.attributes["connection"] = tx.connection
            command.upgrade(config, "head")


def steps_ahead(connection: sa.Connection) -> int:
    """By how many the database is further than this version: there may be things in it that are not known here."""
    return int(stored_revision(connection) or 0) - int(newest_revision())


@cache
def newest_revision() -> str:
    """The schema that this version works on."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # nosec B101  # states an invariant
    return head


def stored_revision(connection: sa.Connection) -> str | None:
    """The schema that the database has; None for one that was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
