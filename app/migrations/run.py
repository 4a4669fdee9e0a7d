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
    if the next version's schema was left behind too: this version may work beside the next one, and no further.
    """
    config = _config()
    with database.transaction() as tx:
        if not database.is_sqlite:
            tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        found, newest = _found(tx.connection), _newest()
        if found > newest:
            if found > newest + STEPS_AHEAD:
                raise DatabaseTooNew(
                    f"The database is at step {found}, this version of Turnup at {newest}: it works on a database of "
                    f"at most {newest + STEPS_AHEAD}. Install the version that the other servers have."
                )
            return
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "head")


def is_current(connection: sa.Connection) -> bool:
    """False while a later version's schema is in place: there may be things in it that this version does not know."""
    return _found(connection) <= _newest()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@cache
def _newest() -> int:
    return int(ScriptDirectory.from_config(_config()).get_current_head() or 0)


def _found(connection: sa.Connection) -> int:
    return int(MigrationContext.configure(connection).get_current_revision() or 0)
