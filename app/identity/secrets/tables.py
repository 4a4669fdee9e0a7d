"""The encrypted store."""

import sqlalchemy as sa

from app.core.db import Instant, metadata

secret = sa.Table(
    "secret",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("key_id", sa.String(16), nullable=False),  # of the key that opens it
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # nonce, ciphertext, tag
    sa.Column("changed_at", Instant, nullable=False),  # its value; a rotation does not change that
    sa.Column("changed_by", sa.Text, nullable=False),
)
