"""The spine: events, process definitions and instances, what is open in them, messages, workers.

Types are spelled out as they are stored, so that a later change of a column type's class leaves this step alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _events()
    _definitions_and_instances()
    _open_in_instances()
    _happened()
    _messages()
    _workers()


def _events() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("entity_id", sa.String(255), nullable=False),
        sa.Column("business_key", sa.String(255)),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_entity", "outbox", ["entity", "entity_id"])
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["id"],
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )


def _definitions_and_instances() -> None:
    op.create_table(
        "process_definition",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version_tag", sa.String(255)),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("variables_schema", sa.Text),
        sa.Column("none_start", sa.Text),
        sa.Column("deployed_at", sa.BigInteger, nullable=False),
        sa.Column("deployed_by", sa.String(255)),
        sa.Column("reason", sa.Text),
        sa.Column("withdrawn_at", sa.BigInteger),
        sa.Column("withdrawn_by", sa.String(255)),
        sa.Column("withdrawn_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_process_definition"),
        sa.UniqueConstraint("process_id", "version", name="uq_process_definition_process_id_version"),
    )
    op.create_table(
        "process_instance",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("definition_id", sa.String(36), nullable=False),
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("business_key", sa.String(255)),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("search_key", sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("incidents", sa.Integer, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("next_number", sa.BigInteger, nullable=False),
        sa.Column("rewinds", sa.Integer, nullable=False),
        sa.Column("suspended_with", sa.String(16)),
        sa.Column("start_element", sa.Text),
        sa.Column("start_key", sa.String(255)),
        sa.Column("writes", sa.BigInteger, nullable=False),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("request_digest", sa.String(64)),
        sa.Column("trace_parent", sa.String(55)),
        sa.ForeignKeyConstraint(["definition_id"], ["process_definition.id"], name="fk_process_instance_definition_id"),
        sa.PrimaryKeyConstraint("id", name="pk_process_instance"),
        sa.UniqueConstraint("idempotency_key", name="uq_process_instance_idempotency_key"),
    )
    op.create_index(
        "ix_process_instance_fallen_out",
        "process_instance",
        ["started_at"],
        sqlite_where=sa.text("incidents > 0"),
        postgresql_where=sa.text("incidents > 0"),
    )
    op.create_index("ix_process_instance_listing", "process_instance", ["state", "started_at"])
    op.create_index("ix_process_instance_of_process", "process_instance", ["process_id", "state", "id"])
    op.create_index("ix_process_instance_search_key", "process_instance", ["search_key"])
    op.create_index(
        "ix_process_instance_start_key",
        "process_instance",
        ["process_id", "start_key"],
        unique=True,
        sqlite_where=sa.text("start_key IS NOT NULL AND ended_at IS NULL"),
        postgresql_where=sa.text("start_key IS NOT NULL AND ended_at IS NULL"),
    )
    op.create_index(
        "ix_process_instance_wake_at",
        "process_instance",
        ["wake_at"],
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )


def _open_in_instances() -> None:
    op.create_table(
        "token",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("open", sa.SmallInteger, nullable=False),
        sa.Column("parent", sa.BigInteger, nullable=False),
        sa.Column("inside", sa.BigInteger, nullable=False),
        sa.Column("call", sa.BigInteger, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("internal", sa.Text, nullable=False),
        sa.Column("element_id", sa.Text),
        sa.Column("kind", sa.String(16)),
        sa.Column("since", sa.BigInteger),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("held_due_at", sa.BigInteger),
        sa.Column("name", sa.Text),
        sa.Column("correlation", sa.Text),
        sa.Column("step_key", sa.Text),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("inputs", sa.Text),
        sa.Column("outputs", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("undo", sa.Text),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_token_instance_id"),
        sa.PrimaryKeyConstraint("instance_id", "number", name="pk_token"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_token_callback",
        "token",
        ["name", "correlation"],
        sqlite_where=sa.text("kind = 'callback'"),
        postgresql_where=sa.text("kind = 'callback'"),
    )
    op.create_index(
        "ix_token_claim",
        "token",
        ["claimed_by"],
        sqlite_where=sa.text("kind = 'claim'"),
        postgresql_where=sa.text("kind = 'claim'"),
    )
    op.create_index(
        "ix_token_due_at",
        "token",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_token_held",
        "token",
        ["since"],
        sqlite_where=sa.text("kind = 'held'"),
        postgresql_where=sa.text("kind = 'held'"),
    )
    op.create_index(
        "ix_token_job",
        "token",
        ["since"],
        sqlite_where=sa.text("kind = 'job'"),
        postgresql_where=sa.text("kind = 'job'"),
    )
    op.create_index(
        "ix_token_message",
        "token",
        ["name", "correlation"],
        sqlite_where=sa.text("kind = 'message'"),
        postgresql_where=sa.text("kind = 'message'"),
    )
    op.create_index(
        "ix_token_open",
        "token",
        ["instance_id", "number"],
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    )
    op.create_index(
        "ix_token_signal",
        "token",
        ["name"],
        sqlite_where=sa.text("kind = 'signal'"),
        postgresql_where=sa.text("kind = 'signal'"),
    )
    op.create_index(
        "ix_token_user_task",
        "token",
        ["since"],
        sqlite_where=sa.text("kind = 'user_task'"),
        postgresql_where=sa.text("kind = 'user_task'"),
    )
    op.create_table(
        "variable",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("kind", sa.String(1), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("set_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_variable_instance_id"),
        sa.PrimaryKeyConstraint("instance_id", "scope", "kind", "name", name="pk_variable"),
        sqlite_with_rowid=False,
    )


def _happened() -> None:
    op.create_table(
        "history",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("element_id", sa.Text),
        sa.Column("number", sa.BigInteger),
        sa.Column("actor", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_history_instance_id"),
        sa.PrimaryKeyConstraint("instance_id", "revision", "position", name="pk_history"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("element_id", sa.Text),
        sa.Column("handler", sa.Text),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("raised_at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(32)),
        sa.Column("action_by", sa.Text),
        sa.Column("action_reason", sa.Text),
        sa.Column("action_detail", sa.Text),
        sa.Column("acted_at", sa.BigInteger),
        sa.Column("outcome", sa.String(32)),
        sa.Column("outcome_detail", sa.Text),
        sa.Column("ended_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_incident_instance_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_instance_id", "incident", ["instance_id"])
    op.create_index("ix_incident_listing", "incident", ["state", "raised_at"])
    op.create_index("ix_incident_cause", "incident", ["state", "cause", "raised_at", "process_id"])


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("sent_id", sa.String(255)),
        sa.Column("variables", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("name", "correlation", "sent_id", name="uq_message_name_correlation_sent_id"),
    )
    op.create_index("ix_message_expires_at", "message", ["expires_at"])
    op.create_index("ix_message_matching", "message", ["name", "correlation", "received_at"])
    op.create_table(
        "message_delivery",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("element_id", sa.Text),
        sa.Column("delivered_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_message_delivery_message_id"),
        sa.PrimaryKeyConstraint("message_id", "process_id", name="pk_message_delivery"),
    )


def _workers() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("renewed_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.Column("hands", sa.Integer, nullable=False),
        sa.Column("busy", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
