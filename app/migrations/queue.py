"""The schema of Procrastinate, which carries wake-ups on PostgreSQL: its SQL comes from the installed package.

The table's comment says how far it is, so that a step of ours that raises it finds nothing to do on a database that was
made with the later version.
"""

from importlib.resources import files

import sqlalchemy as sa

from app.core.errors import Conflict

_EXISTS = sa.text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_APPLIED = sa.text("SELECT obj_description('procrastinate_jobs'::regclass)")


class QueueOfAnother(Conflict):
    """There is a queue in the database that Turnup did not make."""


def raise_queue(connection: sa.Connection) -> None:
    """Bring the queue's schema to the installed package's; SQLite has none."""
    if connection.dialect.name != "postgresql":
        return
    sql = files("procrastinate") / "sql"
    steps = sorted(file.name for file in (sql / "migrations").iterdir() if file.name.endswith(".sql"))
    if not connection.scalar(_EXISTS):
        _run(connection, (sql / "schema.sql").read_text(encoding="utf-8"))
    else:
        applied = connection.scalar(_APPLIED)
        if applied not in steps:
            raise QueueOfAnother(
                f"The database's procrastinate_jobs is at step {applied!r}, which the installed Procrastinate does not "
                "know. Give Turnup a database of its own, and install the versions in locks/."
            )
        for step in steps[steps.index(applied) + 1 :]:
            _run(connection, (sql / "migrations" / step).read_text(encoding="utf-8"))
    connection.execute(sa.text(f"COMMENT ON TABLE procrastinate_jobs IS '{steps[-1]}'"))


def _run(connection: sa.Connection, script: str) -> None:
    """Many statements at once, which the driver takes only without parameters."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()
