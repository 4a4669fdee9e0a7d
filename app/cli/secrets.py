"""`turnup secret`: the encrypted store. A value comes in by a prompt or a pipe, and never out."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.core.clock import SystemClock
from app.core.db import Database, Transaction
from app.core.settings import Settings, read_settings
from app.factory import make_secret_keys, secret_keys
from app.identity.audit import entries
from app.identity.audit.entries import Entry
from app.identity.secrets import store
from app.identity.secrets.names import check_name, check_value
from app.migrations.run import migrate


@click.group("secret")
def secret_commands() -> None:
    """Secrets that handlers ask for by name, encrypted in the database."""


@secret_commands.command("set")
@click.argument("name")
@click.option("--by", default=getpass.getuser, show_default="who is logged in", help="Who is said to have set it.")
def set_command(name: str, by: str) -> None:
    """Store the secret NAME, such as olt/lon-3. Its value is asked for, or read from standard input."""
    check_name(name)
    value = check_value(name, _read_value())
    with _database() as (settings, database):
        keys = make_secret_keys(settings)
        with database.transaction() as tx:
            store.put(tx, keys, name, value, by, SystemClock().now())
            _record(tx, "set", name, by)
    click.echo(f"{name} is stored under the key {keys.first.id}. Workers that run have it within seconds.")


@secret_commands.command("list")
def list_command() -> None:
    """Show what is stored: names, who set them when, the key of each. No values."""
    with _database() as (settings, database):
        keys = secret_keys(settings)
        with database.reading() as connection:
            rows = store.listed(connection)
    if not rows:
        click.echo("No secrets are stored. Store one with: turnup secret set NAME")
    width = max((len(row.name) for row in rows), default=0)
    known = {key.id: "" if place else "  (the key that encrypts)" for place, key in enumerate(keys.keys)}
    for row in rows:
        note = known.get(row.key_id, "  (this machine does not have that key)")
        click.echo(
            f"{row.name:<{width}}  {row.changed_at:%Y-%m-%d %H:%M} UTC  {row.changed_by}  key {row.key_id}{note}"
        )


@secret_commands.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Forget the stored secret NAME."""
    with _database() as (_, database), database.transaction() as tx:
        store.remove(tx, check_name(name))
        _record(tx, "remove", name, getpass.getuser())
    click.echo(f"{name} is removed. Workers that run forget it within seconds.")


@secret_commands.command("rotate")
def rotate_command() -> None:
    """Encrypt all that is stored with the first key. Safe to repeat, and to break off: what is done stays done."""
    with _database() as (settings, database):
        keys = secret_keys(settings)
        with database.reading() as connection:
            names = store.not_yet_rotated(connection, keys)
        for name in names:
            with database.transaction() as tx:
                store.rotate(tx, keys, name)
                _record(tx, "rotate", name, getpass.getuser())
    click.echo(f"{len(names)} encrypted anew. All secrets are under the key {keys.first.id}: the others may go.")


def _record(tx: Transaction, command: str, name: str, by: str) -> None:
    door = f"turnup secret {command}"
    entries.write(tx, Entry(SystemClock().now(), by, "command", "secret.manage", door, kind="secret", target=name))


@contextmanager
def _database() -> Iterator[tuple[Settings, Database]]:
    settings = read_settings(os.environ)
    database = Database(settings.database_url)
    try:
        migrate(database)
        yield settings, database
    finally:
        database.close()


def _read_value() -> str:
    """Of a pipe everything but the line's end that `echo` leaves; else what is typed, twice, unseen."""
    if sys.stdin.isatty():
        return str(click.prompt("Value", hide_input=True, confirmation_prompt=True))
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")
