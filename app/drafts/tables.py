"""Drafts: files of authors that are kept here and not deployed yet."""

import sqlalchemy as sa

from app.core.db import Instant, metadata

draft = sa.Table(
    "draft",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # process | decisions | form
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("process_id", sa.String(255)),  # as the diagram says; NULL: it is no diagram
    sa.Column("base_version", sa.Integer),  # of the process, that it was begun from; NULL: from none
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # raised by each save; whoever has an older one is told
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("saved_by", sa.Text, nullable=False),
    sa.Column("saved_at", Instant, nullable=False),
    sa.Index("ix_draft_process_id", "process_id"),
)
