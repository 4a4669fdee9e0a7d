"""The engine's tables: definitions, instances, what is open in them, their variables, and what happened.

Instants are microseconds since the epoch, UTC (`Instant`). JSON is text whose key order is kept (`JsonText`).
`token` holds one row for each element an instance has entered; a row with `open` = 1 is a token that stands
there now, and `kind` says what it waits for (DESIGN promise 6). A finished token is written once more and never
read again to go on. An `arrival` is a message or signal on its way to a token: written with a raised revision of its
instance, deleted by whoever loads that next.
"""

import sqlalchemy as sa

from app.core.db import Instant, JsonText, metadata

process_definition = sa.Table(
    "process_definition",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("process_id", sa.String(255), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version_tag", sa.String(255)),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("variables_schema", JsonText),
    sa.Column("none_start", sa.Text),  # its start event without a trigger; NULL: only events start it
    sa.Column("deployed_at", Instant, nullable=False),
    sa.Column("deployed_by", sa.String(255)),  # NULL: an installation itself, from its files
    sa.Column("reason", sa.Text),
    sa.Column("withdrawn_at", Instant),  # since then nothing new starts on it
    sa.Column("withdrawn_by", sa.String(255)),
    sa.Column("withdrawn_reason", sa.Text),
    sa.UniqueConstraint("process_id", "version"),
)

# Whatever the database's language: then an index finds what begins with a text
_by_code_point = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")

process_instance = sa.Table(
    "process_instance",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("definition_id", sa.String(36), sa.ForeignKey("process_definition.id"), nullable=False),
    sa.Column("process_id", sa.String(255), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("business_key", sa.String(255)),
    sa.Column("priority", sa.SmallInteger, nullable=False),  # 0, the highest, to 4; 2 is the normal one (TMF622)
    sa.Column("search_key", _by_code_point),  # business_key in lower case, as searches look at it
    sa.Column("state", sa.String(16), nullable=False),  # active | suspended | completed | cancelled
    sa.Column("incidents", sa.Integer, nullable=False),  # open ones; > 0 is "fallen out"
    sa.Column("revision", sa.BigInteger, nullable=False),  # raised by every writer; a stale writer reloads
    sa.Column("next_number", sa.BigInteger, nullable=False),  # the next token number
    sa.Column("rewinds", sa.Integer, nullable=False),  # raised by each: what is done again has new keys
    sa.Column("suspended_with", sa.String(16)),  # instance | process: what has to be resumed for it to go on
    sa.Column("start_element", sa.Text),  # the event that started it; NULL: the one without a trigger
    sa.Column("start_key", sa.String(255)),  # correlation key of the message that started it
    sa.Column("writes", sa.BigInteger, nullable=False),  # variable writes so far: tells what changed since a split
    sa.Column("wake_at", Instant),  # somebody wants a worker to look at it from then on; a worker clears it
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("request_digest", sa.String(64)),
    sa.Column("trace_parent", sa.String(55)),  # W3C traceparent of the request that started it, if that was traced
    sa.Index("ix_process_instance_listing", "state", "started_at"),
    sa.Index("ix_process_instance_of_process", "process_id", "state", "id"),
    sa.Index("ix_process_instance_search_key", "search_key"),
    sa.Index(
        "ix_process_instance_wake_at",
        "wake_at",
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    ),
    sa.Index(
        "ix_process_instance_fallen_out",
        "started_at",
        sqlite_where=sa.text("incidents > 0"),
        postgresql_where=sa.text("incidents > 0"),
    ),
    sa.Index(
        "ix_process_instance_ended_at",
        "ended_at",
        "state",
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    ),
    sa.Index(  # of the instances that one message may have started, one is open at a time
        "ix_process_instance_start_key",
        "process_id",
        "start_key",
        unique=True,
        sqlite_where=sa.text("start_key IS NOT NULL AND ended_at IS NULL"),
        postgresql_where=sa.text("start_key IS NOT NULL AND ended_at IS NULL"),
    ),
)


def _open(name: str, kind: str, *columns: str) -> sa.Index:
    where = sa.text(f"kind = '{kind}'")
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


token = sa.Table(
    "token",
    metadata,
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("open", sa.SmallInteger, nullable=False),
    # Where it stands in Spiff's tree
    sa.Column("parent", sa.BigInteger, nullable=False),  # tokens of one parent are an activity and its boundary events
    sa.Column("inside", sa.BigInteger, nullable=False),  # the token of the activity it runs in; 0 is the process
    sa.Column("call", sa.BigInteger, nullable=False),  # the call activity whose process it is part of; 0: the own one
    sa.Column("state", sa.SmallInteger, nullable=False),  # Spiff's TaskState
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("internal", sa.Text, nullable=False),  # JSON: scope, branch, visit, generation
    # What the diagram calls it; NULL for what no diagram shows
    sa.Column("element_id", sa.Text),
    # What it waits for
    sa.Column("kind", sa.String(16)),
    sa.Column("since", Instant),
    sa.Column("due_at", Instant),
    sa.Column("held_due_at", Instant),  # due_at while the instance is suspended: nothing looks for it
    sa.Column("name", sa.Text),  # handler type, message name, or the definition that is called
    sa.Column("correlation", sa.Text),
    sa.Column("step_key", sa.Text),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("claimed_by", sa.String(64)),  # a worker, or the user who took the task
    sa.Column("inputs", JsonText),
    sa.Column("outputs", JsonText),  # of a step that is done, where `undo` does not have them
    sa.Column("error", JsonText),  # {"code", "message", "detail"} of the last attempt that failed
    sa.Column("undo", JsonText),  # {"handler", "arguments", "outputs"} that take a done step back
    sa.Column("entered_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index(
        "ix_token_open",
        "instance_id",
        "number",
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    ),
    sa.Index(
        "ix_token_due_at",
        "due_at",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
    _open("ix_token_message", "message", "name", "correlation"),
    _open("ix_token_callback", "callback", "name", "correlation"),
    _open("ix_token_signal", "signal", "name"),
    _open("ix_token_claim", "claim", "claimed_by"),
    _open("ix_token_user_task", "user_task", "since"),
    _open("ix_token_job", "job", "since"),
    _open("ix_token_held", "held", "since"),
    sqlite_with_rowid=False,
)

user_task = sa.Table(
    "user_task",  # of a token that waits for a person, where the diagram says for whom, by when or by which form
    metadata,
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("groups", JsonText, nullable=False),  # the candidate groups, a list
    sa.Column("due_at", Instant),
    sa.Column("follow_up_at", Instant),
    sa.Column("form_row_id", sa.String(36)),  # the deployed form that it has begun with
    sqlite_with_rowid=False,
)

variable = sa.Table(
    "variable",
    metadata,
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),  # '' is the process; '/order#1' the first visit of sub-process order
    sa.Column(
        "kind", sa.String(1), primary_key=True
    ),  # v: a variable; n: visits; w: a path's last write; o: an iteration's output
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),  # JSON
    # Of a variable: the token that has set it, and when; no number: it came with the start, or is not known
    sa.Column("number", sa.BigInteger),
    sa.Column("set_at", Instant),
    sqlite_with_rowid=False,
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("element_id", sa.Text),
    sa.Column("number", sa.BigInteger),
    sa.Column("actor", sa.Text),
    sa.Column("detail", JsonText, nullable=False),
    sqlite_with_rowid=False,
)

incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), nullable=False),
    sa.Column("process_id", sa.String(255), nullable=False),  # of the instance
    sa.Column("number", sa.BigInteger, nullable=False),  # the token; 0: the instance as a whole
    sa.Column("element_id", sa.Text),
    sa.Column("handler", sa.Text),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),  # what failures of one cause have in common
    sa.Column("cause", sa.String(16), nullable=False),  # the signature's digest
    sa.Column("detail", JsonText, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # open | acted_on | resolved
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("action", sa.String(32)),  # retry | retry_with_inputs | skip | choose | move | rewind | cancel
    sa.Column("action_by", sa.Text),
    sa.Column("action_reason", sa.Text),
    sa.Column("action_detail", JsonText),
    sa.Column("acted_at", Instant),
    sa.Column("outcome", sa.String(32)),  # passed | failed_alike | failed_differently | cancelled
    sa.Column("outcome_detail", sa.Text),
    sa.Column("ended_at", Instant),
    sa.Index("ix_incident_instance_id", "instance_id"),
    sa.Index("ix_incident_listing", "state", "raised_at"),
    sa.Index("ix_incident_cause", "state", "cause", "raised_at", "process_id"),  # causes are counted from it alone
)

suspended_process = sa.Table(
    "suspended_process",
    metadata,
    sa.Column("process_id", sa.String(255), primary_key=True),
    sa.Column("suspended_at", Instant, nullable=False),
    sa.Column("suspended_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("correlation", sa.Text, nullable=False),
    sa.Column("sent_id", sa.String(255)),  # the sender's own: while this one lives, an equal one is a duplicate
    sa.Column("variables", JsonText, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.UniqueConstraint("name", "correlation", "sent_id"),
    sa.Index("ix_message_matching", "name", "correlation", "received_at"),
    sa.Index("ix_message_expires_at", "expires_at"),
)

message_delivery = sa.Table(
    "message_delivery",
    metadata,
    sa.Column("message_id", sa.String(36), sa.ForeignKey("message.id"), primary_key=True),
    sa.Column("process_id", sa.String(255), primary_key=True),  # one recipient per process definition
    sa.Column("instance_id", sa.String(36), nullable=False),
    sa.Column("element_id", sa.Text),
    sa.Column("delivered_at", Instant, nullable=False),
)

arrival = sa.Table(
    "arrival",
    metadata,
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),  # of the instance, raised when it came
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # the token; 0: it starts the instance
    sa.Column("element_id", sa.Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # message | signal
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("correlation", sa.Text),
    sa.Column("message_id", sa.String(36)),
    sa.Column("sent_id", sa.String(255)),
    sa.Column("variables", JsonText, nullable=False),
    sqlite_with_rowid=False,
)

start_trigger = sa.Table(
    "start_trigger",
    metadata,
    sa.Column("process_id", sa.String(255), primary_key=True),
    sa.Column("element_id", sa.String(255), primary_key=True),
    sa.Column("definition_id", sa.String(36), sa.ForeignKey("process_definition.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # message | signal | timer
    sa.Column("name", sa.Text),  # of the message or signal
    sa.Column("since", Instant, nullable=False),  # from when versions without a gap have waited for that
    sa.Column("due_at", Instant),  # timers: the next time; NULL: there is none left
    sa.Column("remaining", sa.Integer),  # how many times are left; NULL: no end
    sa.Column("cycle", sa.Text),  # ISO 8601, for as long as it is repeated
    sa.Index("ix_start_trigger_name", "name", "kind"),
    sa.Index(
        "ix_start_trigger_due_at",
        "due_at",
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    ),
)

gate = sa.Table(
    "gate",
    metadata,
    sa.Column("key", sa.String(255), primary_key=True),  # a system; `handler=<type>`; `olt=*`: the limit of all such
    # What operators have set in place of what the handlers say; no `set_at`: nothing
    sa.Column("concurrent", sa.Integer),
    sa.Column("per_s", sa.Float),
    sa.Column("set_by", sa.Text),
    sa.Column("set_reason", sa.Text),
    sa.Column("set_at", Instant),
    # What is known of it
    sa.Column("breaker", sa.String(16), nullable=False),  # closed | open | half_open | stopped
    sa.Column("failures", sa.Integer, nullable=False),  # calls in a row that found it down
    sa.Column("error", JsonText),  # {"code", "message"} of the last such call
    sa.Column("changed_at", Instant, nullable=False),  # since when its breaker is as it is
    sa.Column("changed_by", sa.Text),  # who stopped it, or let it go on; NULL: it itself
    sa.Column("reason", sa.Text),
    sa.Column("look_at", Instant),  # open: from then on one call may try
    sa.Column("rest_s", sa.Float),  # how long the last rest was
    sa.Column("allowed", sa.Integer),  # half open: so many calls at once
    sa.Column("spent_until", Instant, nullable=False),  # when all calls of its rate so far would have begun evenly
)

gate_pass = sa.Table(
    "gate_pass",
    metadata,
    sa.Column("gate", sa.String(255), primary_key=True),
    sa.Column("instance_id", sa.String(36), sa.ForeignKey("process_instance.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("given", sa.SmallInteger, nullable=False),  # 1: the step's call runs; 0: it is held, in this order:
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("handler", sa.Text, nullable=False),
    sa.Index("ix_gate_pass_turn", "gate", "given", "priority", "since"),
    sa.Index("ix_gate_pass_step", "instance_id", "number"),
    sqlite_with_rowid=False,
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("renewed_at", Instant, nullable=False),
    sa.Column("lease_until", Instant, nullable=False),  # claims of a worker past it are taken over
    sa.Column("hands", sa.Integer, nullable=False),
    sa.Column("busy", sa.Integer, nullable=False),  # of its hands, when it was renewed
)

handler_hour = sa.Table(
    "handler_hour",
    metadata,
    sa.Column("hour", Instant, primary_key=True, autoincrement=False),  # its beginning
    sa.Column("handler", sa.String(255), primary_key=True),
    sa.Column("outcome", sa.String(16), primary_key=True),  # done | waiting | refused | failed | timed_out | late
    sa.Column("step", sa.SmallInteger, primary_key=True, autoincrement=False),  # how long it took
    sa.Column("calls", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

decision_model = sa.Table(
    "decision_model",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("model_id", sa.String(255), nullable=False),  # of <definitions>
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("deployed_at", Instant, nullable=False),
    sa.UniqueConstraint("model_id", "version"),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("decision_model_id", sa.String(36), sa.ForeignKey("decision_model.id"), primary_key=True),
    sa.Column("decision_id", sa.String(255), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Index("ix_decision_decision_id", "decision_id"),
)

form = sa.Table(
    "form",  # a version of a form that has a file of its own
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("form_id", sa.String(255), nullable=False),  # of the file; user tasks name it
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("version_tag", sa.String(255)),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("deployed_at", Instant, nullable=False),
    sa.Column("deployed_by", sa.Text),  # NULL: the installation itself, from its files
    sa.Column("reason", sa.Text),
    sa.UniqueConstraint("form_id", "version"),
)
