"""Which fields processes declare as personal, and what open instances hold in such fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.pages import literal
from app.core.personal import personal_values
from app.engine.tables import process_definition, token, variable

KEYWORD = "x-personal"  # of a property in a process's JSON Schema


def declared_personal(connection: sa.Connection) -> frozenset[str]:
    """The names of the properties that any version of any process marks."""
    column = process_definition.c.variables_schema
    marked = sa.cast(column, sa.Text).like(f'%"{KEYWORD}"%')
    schemas = connection.execute(sa.select(column).where(marked).distinct()).scalars()
    return frozenset(name for schema in schemas for name in _marked_in(schema))


def personal_texts(
    connection: sa.Connection, instance_ids: Collection[str], names: Collection[str]
) -> dict[str, set[str]]:
    """By instance, what texts about it could repeat: the values of its variables and of what is open in it."""
    found: dict[str, set[str]] = defaultdict(set)
    own = sa.select(variable.c.instance_id, variable.c.name, variable.c.value)
    for instance_id, name, value in connection.execute(
        own.where(variable.c.instance_id.in_(instance_ids), variable.c.kind == "v")
    ):
        found[instance_id].update(personal_values({name: orjson.loads(value)}, names))
    inputs = sa.select(token.c.instance_id, token.c.inputs)
    for instance_id, given in connection.execute(
        inputs.where(token.c.instance_id.in_(instance_ids), token.c.open == literal(1), token.c.inputs.is_not(None))
    ):
        found[instance_id].update(personal_values(given, names))
    return found


def _marked_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, dict) else ():
            if isinstance(each, dict) and each.get(KEYWORD) is True:
                yield name
        for inner in schema.values():
            yield from _marked_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _marked_in(inner)
