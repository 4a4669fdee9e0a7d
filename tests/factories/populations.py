"""A database with as many instances as one likes, each as the engine itself would have left it.

A dozen instances are brought by the engine to where they are to stand; the rest are their copies, made inside the
database, each with its own ids, business key and times. So the rows have whatever shape this version gives them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database, Instant
from app.core.types import to_microseconds
from app.engine import handler_hours
from app.engine.handler_hours import counted
from app.engine.tables import arrival, history, incident, process_instance, token, user_task, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

MADE = 2  # raised when the same call makes other rows
PROCESSES = ("fibre", "voice", "television")
OVER = timedelta(days=200)  # the time in which they have come in
# Of a thousand instances, how many come to what; the rest are completed
SHARES = {"message": 12, "timer": 8, "task": 5, "fallen_out": 3, "suspended": 2, "cancelled": 15, "corrected": 20}
CODES = ("port_taken", "unknown_serial", "no_light", "profile_missing")  # with which those fall out
_TABLES = (process_instance, token, user_task, variable, history, incident, arrival)
_copy = sa.Table(
    "copy_",
    sa.MetaData(),
    sa.Column("template", sa.String(36), nullable=False),
    sa.Column("was", sa.String(255), nullable=False),  # business key of the template
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("shift", sa.BigInteger, nullable=False),  # microseconds
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True)
class Template:
    """An instance that the engine has brought to where `what` says."""

    what: str
    instance_id: str
    key: str


def key_of(number: int) -> str:
    return f"ORD-{number:07}"


def populate(
    database: Database, count: int, now: datetime, seed: int = 1, fallen_out: int = SHARES["fallen_out"]
) -> None:
    """Fill a migrated, empty database: `count` instances come to it by `now`, the templates left beside them.

    `fallen_out`: of a thousand, in the place of its share.
    """
    templates = _Templates(database, now - OVER - timedelta(days=1)).make()
    rows = _copies(templates, count, now, random.Random(seed), {**SHARES, "fallen_out": fallen_out})
    plain = sa.create_engine(database.engine.url)  # its connections know of no foreign keys: SQLite's default
    with plain.connect() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET session_replication_role = replica")
        _copy.create(connection)
        connection.execute(sa.insert(_copy), rows)
        for table in _TABLES:
            connection.execute(_copying(connection, table, [each.instance_id for each in templates]))
        connection.commit()
    with plain.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")
    plain.dispose()


def call_handlers(database: Database, now: datetime, handlers: int = 30, hours: int = 48) -> None:
    """As many as a large installation has, each called in each hour, with whatever may come of that."""
    seconds = (0.01, 0.05, 0.2, 0.4, 0.9, 2.0)
    with database.transaction() as tx:
        for hour in range(hours):
            calls = {
                counted(now - timedelta(hours=hour), f"system{number}.act", outcome, each): 17
                for number in range(handlers)
                for outcome in ("done", "refused", "failed")
                for each in seconds
            }
            handler_hours.add(tx, calls)


def _copies(
    templates: list[Template], count: int, now: datetime, draw: random.Random, shares: dict[str, int]
) -> list[dict[str, object]]:
    """The oldest first, at even distances in time; ids sort alike."""
    by_what: dict[str, list[Template]] = {}
    for template in templates:
        by_what.setdefault(template.what, []).append(template)
    kinds = [*shares, "completed"]
    weights = [*shares.values(), 1000 - sum(shares.values())]
    began = now - OVER
    rows: list[dict[str, object]] = []
    for number, what in enumerate(draw.choices(kinds, weights, k=count)):
        template = draw.choice(by_what[what])
        at = began + OVER * number / count
        rows.append(
            {
                "template": template.instance_id,
                "was": template.key,
                "id": _id(at, number),
                "key": key_of(number),
                "shift": to_microseconds(at) - to_microseconds(began - timedelta(days=1)),
            }
        )
    return rows


def _id(at: datetime, number: int) -> str:
    """A version 7 UUID of that instant; its first 24 characters are this instance's alone."""
    milliseconds = to_microseconds(at) // 1000
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | (number & 0xFFFF) << 48 | number))


def _copying(connection: sa.Connection, table: sa.Table, templates: list[str]) -> sa.Insert:
    """One statement for all copies of the templates' rows of a table."""
    owner = table.c.id if table is process_instance else table.c.instance_id
    found = connection.execute(sa.select(table).where(owner.in_(templates))).mappings().all()
    texts = {
        name
        for row in found
        for name, value in row.items()
        if any(t in str(value) for t in templates) or "ORD-" in str(value).upper()
    }

    def copied(column: sa.Column[object]) -> sa.ColumnElement[object]:
        if column is owner:
            return _copy.c.id
        if table is incident and column.name == "id":
            return sa.func.substr(_copy.c.id, 1, 24, type_=sa.Text).concat(sa.func.substr(column, 25))
        if isinstance(column.type, Instant):
            return sa.type_coerce(column, sa.BigInteger) + _copy.c.shift
        if column.name not in texts:
            return column
        renamed = sa.func.replace(sa.type_coerce(column, sa.Text), _copy.c.template, _copy.c.id)
        return sa.func.replace(
            sa.func.replace(renamed, _copy.c.was, _copy.c.key), sa.func.lower(_copy.c.was), sa.func.lower(_copy.c.key)
        )

    query = sa.select(*map(copied, table.columns)).join_from(_copy, table, owner == _copy.c.template)
    return sa.insert(table).from_select(list(table.columns.keys()), query.order_by(_copy.c.id, *table.primary_key))


class _Templates:
    """Brings instances of each process, of two versions, to where they are to stand."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._bench = Bench(database, FixedClock(now), HANDLERS)
        self._made: list[Template] = []

    def make(self) -> list[Template]:
        for version in (1, 2):
            for process_id in PROCESSES:
                self._bench.deploy(flow(process_id, version))
                for what in (*SHARES, "completed"):
                    for code in CODES if what == "fallen_out" else CODES[:1]:
                        self._one(process_id, what, code)
        return self._made

    def _one(self, process_id: str, what: str, code: str) -> None:
        key = f"ORD-{'T' * 4}{len(self._made):03}"
        order = {"id": key, "customer": {"name": "A Customer", "town": "London"}, "lines": [1, 2, 3]}
        fails, ends_by = what in ("fallen_out", "corrected"), what if what in ("timer", "task") else "message"
        given = {"order_id": key, "order": order, "fails": fails, "ends_by": ends_by, "code": code}
        instance_id = self._bench.start(process_id, key=key, **given)
        self._bench.run(instance_id)
        self._finish(instance_id, what, key)
        self._made.append(Template(what, instance_id, key))

    def _finish(self, instance_id: str, what: str, key: str) -> None:
        bench = self._bench
        if what == "corrected":
            bench.act("skip", instance_id, {"r": 1})
            bench.run(instance_id)
        if what in ("completed", "corrected"):
            bench.publish("installed", key)
            bench.run(instance_id)
        elif what == "suspended":
            bench.operate("suspend", instance_id)
        elif what == "cancelled":
            bench.operate("cancel", instance_id)


def flow(process_id: str, version: int) -> Diagram:
    """Two steps side by side, a third that may fall out, then the customer's word, a person or a long time."""
    diagram = (
        Diagram(process_id, f"{process_id.title()} {version}").start("s").end("e").script("plan", "=[1, 2]", "plan")
    )
    diagram.parallel("fork").parallel("join").xor("well", default="f_well").xor("wait", default="f_word").xor("done")
    for step in ("network", "router", "bill"):
        diagram.service(step, "t.echo", inputs={"x": "=order_id"}, outputs={f"r_{step}": "=r"})
    diagram.service("activate", "t.refuse", inputs={"code": "=code"}).boundary_timer("slow", "activate", "P400D")
    diagram.message("word", "installed", "=order_id").user("visit").timer("cooling_off", "P400D")
    diagram.chain("s", "plan", "fork", "network", "join", "well").chain("fork", "router", "join")
    diagram.flow("well", "activate", "=fails").chain("activate", "wait").flow("well", "wait", id="f_well")
    diagram.chain("slow", "done")
    diagram.flow("wait", "word", id="f_word").flow("wait", "visit", '=ends_by = "task"')
    diagram.flow("wait", "cooling_off", '=ends_by = "timer"')
    for last in ("word", "visit", "cooling_off"):
        diagram.chain(last, "done")
    return diagram.chain("done", "bill", "e")
