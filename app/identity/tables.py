"""Users, their sessions, tokens, and what is counted against guessing."""

import sqlalchemy as sa

from app.core.db import Instant, JsonText, metadata

user_account = sa.Table(
    "user_account",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),  # as it stands in histories
    sa.Column("name_key", sa.String(64), nullable=False, unique=True),  # the name, whatever its case
    sa.Column("password_hash", sa.Text),  # argon2id; NULL: a provider logs them in
    sa.Column("subject", sa.String(512), unique=True),  # the provider's name for them: issuer, a space, subject
    sa.Column("grants", JsonText, nullable=False),  # [[role, process id or ""], ...]
    sa.Column("groups", JsonText),  # names; whose tasks are theirs to take
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("logged_in_at", Instant),
    sa.Column("disabled_at", Instant),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),  # SHA-256 of the token, which is 256 random bits
    sa.Column("user_id", sa.String(36), sa.ForeignKey("user_account.id")),  # NULL: a system's own
    sa.Column("grants", JsonText, nullable=False),  # as a user's; a permission may stand where a role does
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),  # to the minute
    sa.Column("revoked_at", Instant),
    sa.Index("ix_api_token_user_id", "user_id"),
)

user_session = sa.Table(
    "user_session",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),  # SHA-256 of the cookie
    sa.Column("user_id", sa.String(36), sa.ForeignKey("user_account.id"), nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),  # to the minute
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(255), nullable=False),
    sa.Index("ix_user_session_user_id", "user_id"),
)

login_visit = sa.Table(
    "login_visit",
    metadata,
    sa.Column("state_digest", sa.String(64), primary_key=True),  # SHA-256 of what the provider sends back
    sa.Column("visit_digest", sa.String(64), nullable=False),  # of the cookie of the browser that was sent there
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("verifier", sa.String(128), nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),  # the page that was wanted
    sa.Column("begun_at", Instant, nullable=False),
)

login_guess = sa.Table(
    "login_guess",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),  # name | address
    sa.Column("of", sa.String(64), primary_key=True),
    sa.Column("guesses", sa.Integer, nullable=False),  # since the last that was right, or the last pause of an hour
    sa.Column("last_at", Instant, nullable=False),
    sa.Index("ix_login_guess_last_at", "last_at"),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("action", sa.String(64), nullable=False),  # the permission
    sa.Column("door", sa.String(80), nullable=False),
    sa.Column("target", sa.String(255)),
    sa.Column("process_id", sa.String(255)),
    sa.Column("reason", sa.Text),
    sa.Column("body", JsonText),  # what was asked for
    sa.Column("digest", sa.String(64), nullable=False),  # of the request: the same sent again has the same
    sa.Column("asker", sa.String(64), nullable=False),  # a user's id, or `token:<id>` of a system's own
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("seconded_by", sa.Text),
    sa.Column("seconded_at", Instant),
    sa.Column("refused_by", sa.Text),
    sa.Column("refused_at", Instant),
    sa.Column("done_at", Instant),  # a second person's word is good for once
    sa.Index("ix_approval_digest", "digest"),
    sa.Index("ix_approval_action", "action", "id"),
)
