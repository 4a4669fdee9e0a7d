"""Finding instances by a part of their business key, in any case, where it can be without reading all of them."""

from __future__ import annotations

import sqlalchemy as sa

from app.engine.tables import process_instance

FEW = 1000  # instances that are put in order one by one; more of them are met soon by whoever walks from the youngest
_LAST = chr(0x10FFFF)  # no text goes on with a later character


def search_key(business_key: str) -> str:
    """What is stored of a business key to be looked for."""
    return business_key.lower()


def found_by(connection: sa.Connection, text: str) -> sa.ColumnElement[bool]:
    """Whose key begins with the text; if there are none, whose key has it anywhere, for which every key is read.

    And the instance that has it as its id.
    """
    wanted, key, id_ = search_key(text), process_instance.c.search_key, process_instance.c.id
    begins = sa.select(id_).where(key >= wanted, key < wanted + _LAST).limit(FEW + 1)
    found = connection.execute(begins).scalars().all()
    if not found:
        return sa.or_(key.contains(wanted, autoescape=True), id_ == text)
    if len(found) > FEW:
        return sa.or_(key.startswith(wanted, autoescape=True), id_ == text)
    return id_.in_([*found, text])
