"""`turnup audit`: whether what is on record is what was written, and all of it as a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import orjson

from app.core.settings import read_settings
from app.factory import EngineRoom, build_engine_room
from app.identity.audit import seal, search
from app.identity.audit.seal import Head
from app.migrations.run import migrate


@contextmanager
def _room() -> Iterator[EngineRoom]:
    room = build_engine_room(read_settings(os.environ))
    try:
        migrate(room.database)
        yield room
    finally:
        room.close()


@click.group("audit")
def audit() -> None:
    """Who did what: whether it is still as it was written."""


def _head(_: click.Context, __: click.Parameter, given: str | None) -> Head | None:
    if given is None:
        return None
    position, colon, chain = given.partition(":")
    if not (colon and position.isdecimal() and len(chain) == 64):
        raise click.BadParameter("Expected what `turnup audit verify` said before: <number>:<64 hexadecimal digits>.")
    return Head(int(position), chain)


@audit.command("verify")
@click.option("--expect", callback=_head, help="The head that an earlier run said; keep it elsewhere.")
def verify_audit(expect: Head | None) -> None:
    """Look for entries that were changed, taken out, moved, or added without the sealer. Status 1 if there are any."""
    with _room() as room, room.database.reading() as connection:
        found = list(seal.verify(connection, room.clock.now(), expect))
        head = seal.head(connection)
    for finding in found:
        place = f"entry {finding.position}" if finding.position else "an entry"
        click.echo(f"{finding.kind}: {place}{f' ({finding.entry_id})' if finding.entry_id else ''}: {finding.message}")
    click.echo(f"{head.position:,} entries sealed, {len(found)} findings. Head: {head}")
    if found:
        raise SystemExit(1)


@audit.command("export")
def export_audit() -> None:
    """Print all entries, the oldest first, one JSON object a line."""
    with _room() as room, room.database.reading() as connection:
        for entry in search.every(connection, search.Wanted()):
            sys.stdout.buffer.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
