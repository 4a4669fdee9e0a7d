"""The audit, and the triggers that keep it as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("second", sa.Text),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("token_id", sa.String(36)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("door", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16)),
        sa.Column("target", sa.String(255)),
        sa.Column("process_id", sa.String(255)),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("address", sa.String(64)),
        sa.Column("erased_at", sa.BigInteger),
        sa.Column("position", sa.BigInteger),
        sa.Column("digest", sa.String(64)),
        sa.Column("chain", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("position", name="uq_audit_entry_position"),
    )
    op.create_index("ix_audit_entry_by", "audit_entry", ["by", "id"])
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "id"])
    op.create_index("ix_audit_entry_target", "audit_entry", ["target", "id"])
    unsealed = sa.text("position IS NULL")
    op.create_index("ix_audit_entry_unsealed", "audit_entry", ["id"], sqlite_where=unsealed, postgresql_where=unsealed)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("chain", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    connection = op.get_bind()
    for trigger in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(trigger)


_SQLITE = (
    (
        "CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'what "
        "the audit says is not changed'); END"
    ),
    (
        'CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry WHEN NEW."id" IS NOT '
        'OLD."id" OR NEW."at" IS NOT OLD."at" OR NEW."by" IS NOT OLD."by" OR NEW."second" IS NOT '
        'OLD."second" OR NEW."via" IS NOT OLD."via" OR NEW."user_id" IS NOT OLD."user_id" OR '
        'NEW."token_id" IS NOT OLD."token_id" OR NEW."action" IS NOT OLD."action" OR NEW."door" IS NOT '
        'OLD."door" OR NEW."kind" IS NOT OLD."kind" OR NEW."target" IS NOT OLD."target" OR '
        'NEW."process_id" IS NOT OLD."process_id" OR NEW."result" IS NOT OLD."result" OR NEW."code" IS '
        'NOT OLD."code" OR NEW."request_id" IS NOT OLD."request_id" OR (OLD.position IS NOT NULL AND '
        '(NEW."position" IS NOT OLD."position" OR NEW."digest" IS NOT OLD."digest" OR NEW."chain" IS NOT '
        'OLD."chain")) OR ((NEW."reason" IS NOT OLD."reason" OR NEW."before" IS NOT OLD."before" OR '
        'NEW."after" IS NOT OLD."after" OR NEW."address" IS NOT OLD."address" OR NEW."erased_at" IS NOT '
        'OLD."erased_at") AND (NEW.erased_at IS NULL OR NEW."reason" IS NOT NULL OR NEW."before" IS NOT '
        'NULL OR NEW."after" IS NOT NULL OR NEW."address" IS NOT NULL)) BEGIN SELECT RAISE(ABORT, \'what '
        "the audit says is not changed'); END"
    ),
)
_POSTGRESQL = (
    (
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "EXCEPTION 'what the audit says is not changed'; END $$"
    ),
    ("CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse()"),
    (
        "CREATE TRIGGER audit_entry_is_not_changed BEFORE UPDATE ON audit_entry FOR EACH ROW WHEN "
        '(NEW."id" IS DISTINCT FROM OLD."id" OR NEW."at" IS DISTINCT FROM OLD."at" OR NEW."by" IS '
        'DISTINCT FROM OLD."by" OR NEW."second" IS DISTINCT FROM OLD."second" OR NEW."via" IS DISTINCT '
        'FROM OLD."via" OR NEW."user_id" IS DISTINCT FROM OLD."user_id" OR NEW."token_id" IS DISTINCT '
        'FROM OLD."token_id" OR NEW."action" IS DISTINCT FROM OLD."action" OR NEW."door" IS DISTINCT '
        'FROM OLD."door" OR NEW."kind" IS DISTINCT FROM OLD."kind" OR NEW."target" IS DISTINCT FROM '
        'OLD."target" OR NEW."process_id" IS DISTINCT FROM OLD."process_id" OR NEW."result" IS DISTINCT '
        'FROM OLD."result" OR NEW."code" IS DISTINCT FROM OLD."code" OR NEW."request_id" IS DISTINCT '
        'FROM OLD."request_id" OR (OLD.position IS NOT NULL AND (NEW."position" IS DISTINCT FROM '
        'OLD."position" OR NEW."digest" IS DISTINCT FROM OLD."digest" OR NEW."chain" IS DISTINCT FROM '
        'OLD."chain")) OR ((NEW."reason" IS DISTINCT FROM OLD."reason" OR NEW."before" IS DISTINCT FROM '
        'OLD."before" OR NEW."after" IS DISTINCT FROM OLD."after" OR NEW."address" IS DISTINCT FROM '
        'OLD."address" OR NEW."erased_at" IS DISTINCT FROM OLD."erased_at") AND (NEW.erased_at IS NULL '
        'OR NEW."reason" IS NOT NULL OR NEW."before" IS NOT NULL OR NEW."after" IS NOT NULL OR '
        'NEW."address" IS NOT NULL))) EXECUTE FUNCTION audit_refuse()'
    ),
)
