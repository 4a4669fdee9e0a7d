"""The audit, which is only added to: triggers of the store refuse anything else."""

import sqlalchemy as sa
from sqlalchemy import event

from app.core.db import Instant, JsonText, metadata

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.Text, nullable=False),  # as it stands in histories
    sa.Column("second", sa.Text),  # who seconded it, where that was needed
    sa.Column("via", sa.String(16), nullable=False),  # user | token | command
    sa.Column("user_id", sa.String(36)),
    sa.Column("token_id", sa.String(36)),
    sa.Column("action", sa.String(64), nullable=False),  # the permission by which it was done, or `login` and the like
    sa.Column("door", sa.String(80), nullable=False),  # where it was done: the route
    sa.Column("kind", sa.String(16)),  # of the target: instance, incident, process, user, ...
    sa.Column("target", sa.String(255)),
    sa.Column("process_id", sa.String(255)),
    sa.Column("result", sa.String(16), nullable=False),  # done | refused
    sa.Column("code", sa.String(64)),  # of the refusal
    sa.Column("request_id", sa.String(64)),
    # What may have to be erased one day; the digest stays
    sa.Column("reason", sa.Text),
    sa.Column("before", JsonText),
    sa.Column("after", JsonText),  # what was asked for, and what came of it
    sa.Column("address", sa.String(64)),
    sa.Column("erased_at", Instant),
    # Given by the sealer
    sa.Column("position", sa.BigInteger, unique=True),
    sa.Column("digest", sa.String(64)),  # SHA-256 of the row as it was written
    sa.Column("chain", sa.String(64)),  # SHA-256 of position, the chain so far, and the digest
    sa.Index("ix_audit_entry_by", "by", "id"),
    sa.Index("ix_audit_entry_action", "action", "id"),
    sa.Index("ix_audit_entry_target", "target", "id"),
    sa.Index(
        "ix_audit_entry_unsealed",
        "id",
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    ),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),  # 1
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
)

_KEPT = (
    *("id", "at", "by", "second", "via", "user_id", "token_id", "action", "door", "kind", "target", "process_id"),
    *("result", "code", "request_id"),
)
_ERASABLE = ("reason", "before", "after", "address")
_SEALED = ("position", "digest", "chain")


def triggers(dialect: str) -> list[str]:
    """What keeps the entries as they are: they may be sealed once, and erased."""
    differs = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"

    def changed(names: tuple[str, ...]) -> str:
        return " OR ".join(f'NEW."{name}" {differs} OLD."{name}"' for name in names)

    erased = "NEW.erased_at IS NULL OR " + " OR ".join(f'NEW."{name}" IS NOT NULL' for name in _ERASABLE)
    forbidden = (
        f"{changed(_KEPT)} OR (OLD.position IS NOT NULL AND ({changed(_SEALED)})) "
        f"OR (({changed((*_ERASABLE, 'erased_at'))}) AND ({erased}))"
    )
    if dialect == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'what the audit says is not changed'); END"
        return [
            f"CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry {refuse}",
            f"CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry WHEN {forbidden} {refuse}",
        ]
    function = "EXECUTE FUNCTION audit_refuse()"
    return [
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'what the audit says is not changed'; END $$",
        f"CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry FOR EACH ROW {function}",
        "CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry "
        f"FOR EACH ROW WHEN ({forbidden}) {function}",
    ]


@event.listens_for(audit_entry, "after_create")
def _guard(target: sa.Table, connection: sa.Connection, **_: object) -> None:
    for text in triggers(connection.dialect.name):
        connection.exec_driver_sql(text)
