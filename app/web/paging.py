"""Lists in pages: `limit`, `offset`, and the total in a header."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response
from pydantic import Field

from app.web.models import Output, Parameters

LIMIT = 200
OFFSET_LIMIT = 1_000_000_000


class PageQuery(Parameters):
    """Which part of a list."""

    limit: int = Field(default=50, ge=1, le=LIMIT, description="How many at most")
    offset: int = Field(default=0, ge=0, le=OFFSET_LIMIT, description="How many to pass over")


def answer_page(items: Iterable[Output], total: int) -> Response:
    """An array, with the number of all that the filters let through in X-Total-Count.

    A list that stops counting somewhere still says more than it has shown while there is more to show.
    """
    text = b"[" + b",".join(item.model_dump_json(by_alias=True).encode() for item in items) + b"]"
    response = Response(text, mimetype="application/json")
    response.headers["X-Total-Count"] = str(total)
    return response


def answer_one(item: Output, status: int = 200, location: str | None = None) -> Response:
    """One object; `location` is where it is read again."""
    response = Response(item.model_dump_json(by_alias=True), status, mimetype="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response
