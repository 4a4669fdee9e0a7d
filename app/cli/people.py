"""`turnup user` and `turnup token`: who may do what, from the machine itself; and the first admin of all."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from app.core.db import Transaction
from app.core.errors import InvalidSetting
from app.core.settings import read_settings
from app.factory import EngineRoom, build_engine_room
from app.identity import tokens, users
from app.identity.audit import entries
from app.identity.audit.entries import Entry
from app.identity.authority import Grant, read_grant
from app.identity.doors import Identity
from app.identity.passwords import made_up
from app.identity.tokens import NewToken
from app.migrations.run import migrate
from app.web.commits import commit

BY = "command line"  # who did it, in the records
Result = TypeVar("Result")


def first_admin(room: EngineRoom, environ: Mapping[str, str]) -> None:
    """Make the user `admin` if there is no user; a password that nobody has set is said once, here."""
    given = _given_password(environ)
    password = given or made_up()
    made = commit(room.database, lambda tx: room.identity.users.add_first(tx, password))
    if made and given:
        click.echo("First start: log in as admin, with the password of TURNUP_ADMIN_PASSWORD.", err=True)
    elif made:
        click.echo(f"First start: log in as admin, password {password}   (said only now; change it there)", err=True)


def _given_password(environ: Mapping[str, str]) -> str:
    """Of TURNUP_ADMIN_PASSWORD, or in the file that TURNUP_ADMIN_PASSWORD_FILE names; empty if neither is set."""
    path = environ.get("TURNUP_ADMIN_PASSWORD_FILE")
    if not path:
        return environ.get("TURNUP_ADMIN_PASSWORD", "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        name = "TURNUP_ADMIN_PASSWORD_FILE"
        raise InvalidSetting(f"{name} is {path}, which cannot be read: {error}", variable=name) from error


@contextmanager
def _identity() -> Iterator[Identity]:
    room = build_engine_room(read_settings(os.environ))
    try:
        migrate(room.database)
        yield room.identity
    finally:
        room.close()


def _change(action: str, target: str, work: Callable[[Transaction, Identity], Result], **asked: Any) -> Result:
    """On record, as what the machine's own account did."""
    with _identity() as identity:

        def change(tx: Transaction) -> Result:
            result = work(tx, identity)
            door, kind = f"turnup {action}", action.partition(" ")[0]
            at, after = identity.clock.now(), asked or None
            entries.write(
                tx, Entry(at, _account(), "command", "user.manage", door, kind=kind, target=target, after=after)
            )
            return result

        return commit(identity.database, change)


def _account() -> str:
    """Whose command it is, as the machine knows them."""
    try:
        return f"{getpass.getuser()} at the {BY}"
    except OSError:  # no name for that number
        return f"{os.getuid()} at the {BY}"


def _roles(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[Grant]:
    return [read_grant(text, roles_only=True) for text in given]


def _grants(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[Grant]:
    return [read_grant(text) for text in given]


_role = click.option("--role", "grants", multiple=True, callback=_roles, help="operator, or operator@<process id>.")
_stdin = click.option("--password-stdin", is_flag=True, help="Read the password; else one is made up and shown.")


@click.group("user")
def user() -> None:
    """People who log in: what they may do, and whether."""


@user.command("add")
@click.argument("name")
@_role
@_stdin
def add_user(name: str, grants: list[Grant], password_stdin: bool) -> None:
    """Add a user; without a role they may do nothing yet."""
    password = _password(password_stdin)
    _change(
        "user add",
        name,
        lambda tx, identity: identity.users.add(tx, name, password, grants, BY),
        grants=_written(grants),
    )
    _tell(name, password, password_stdin)


@user.command("list")
def list_users() -> None:
    """Show every user with their roles."""
    with _identity() as identity, identity.database.reading() as connection:
        for each in users.list_users(connection):
            state = "disabled" if each.disabled_at else f"last log-in {_when(each.logged_in_at)}"
            click.echo(f"{each.name:<24} {_written(each.grants):<40} {state}")


@user.command("password")
@click.argument("name")
@_stdin
def change_password(name: str, password_stdin: bool) -> None:
    """Give a user another password; it ends their sessions."""
    password = _password(password_stdin)
    _change("user password", name, lambda tx, identity: identity.users.change_password(tx, name, password))
    _tell(name, password, password_stdin)


@user.command("role")
@click.argument("name")
@click.option("--give", multiple=True, callback=_roles, help="operator, or operator@<process id>.")
@click.option("--take", multiple=True, callback=_roles, help="As it is listed.")
def change_roles(name: str, give: list[Grant], take: list[Grant]) -> None:
    """Give roles to a user, and take others; it holds from their next request on."""

    def work(tx: Transaction, identity: Identity) -> set[Grant]:
        left = set(users.get(tx.connection, name).grants) - set(take) | set(give)
        identity.users.grant(tx, name, left)
        return left

    left = _change("user role", name, work, give=_written(give), take=_written(take))
    click.echo(f"{name}: {_written(left)}")


@user.command("disable")
@click.argument("name")
def disable_user(name: str) -> None:
    """Let a user in no more: ends their sessions and stops their tokens."""
    _change("user disable", name, lambda tx, identity: identity.users.disable(tx, name))
    click.echo(f"{name} is disabled.")


@user.command("enable")
@click.argument("name")
def enable_user(name: str) -> None:
    """Let a user in again."""
    _change("user enable", name, lambda tx, identity: identity.users.enable(tx, name))
    click.echo(f"{name} is enabled.")


@click.group("token")
def token() -> None:
    """Tokens: what programs send to the API."""


@token.command("add")
@click.argument("name")
@click.option("--role", "grants", multiple=True, required=True, callback=_grants, help="integrator, lead@<process id>.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it holds.")
@click.option("--user", "owner", help="Whose it is: it acts in their name and reaches no further than they do.")
def add_token(name: str, grants: list[Grant], days: int, owner: str | None) -> None:
    """Make a token and print it: nobody can see it again. A permission may stand for a role, such as instance.start."""

    def work(tx: Transaction, identity: Identity) -> str:
        user_id = None if owner is None else users.get(tx.connection, owner).id
        until = identity.clock.now() + timedelta(days=days)
        return identity.tokens.issue(tx, NewToken(name, grants, until, user_id), BY)[1]

    click.echo(_change("token add", name, work, grants=_written(grants), days=days, user=owner))


@token.command("list")
def list_tokens() -> None:
    """Show every token that has not been revoked; the token itself nobody can see."""
    with _identity() as identity, identity.database.reading() as connection:
        for each in tokens.list_tokens(connection):
            if each.revoked_at is None:
                whose = f"{each.name} of {each.user}" if each.user else each.name
                times = f"until {_when(each.expires_at)}, last used {_when(each.used_at)}"
                click.echo(f"{each.id}  {whose:<24} {_written(each.grants):<32} {times}")


@token.command("revoke")
@click.argument("token_id")
def revoke_token(token_id: str) -> None:
    """Take a token back; servers that have just seen it let it in for five seconds more."""
    _change("token revoke", token_id, lambda tx, identity: identity.tokens.revoke(tx, token_id))
    click.echo("The token is revoked.")


def _password(from_stdin: bool) -> str:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else made_up()


def _tell(name: str, password: str, known: bool) -> None:
    click.echo(f"{name} has the password that was given." if known else f"{name} has the password {password}")


def _written(grants: Iterable[Grant]) -> str:
    return ", ".join(sorted(map(str, grants))) or "may do nothing"


def _when(instant: datetime | None) -> str:
    return instant.isoformat(timespec="minutes").replace("+00:00", "Z") if instant else "never"
