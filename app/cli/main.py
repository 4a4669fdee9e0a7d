"""`turnup`: one command for each thing that a person does on the machine itself."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from app.cli.audit import audit
from app.cli.convert import convert
from app.cli.demo import demo
from app.cli.diagrams import check_files, decide_file, deploy_files, files_in
from app.cli.findings import FORMATS, sarif, show
from app.cli.people import token, user
from app.cli.remote import Plan, Server, deploy_to
from app.cli.scenarios import find_scenarios, play_scenarios
from app.cli.secrets import secret_commands
from app.cli.serve import serve
from app.cli.templates import templates
from app.cli.work import work
from app.core import log
from app.core.db import Database
from app.core.errors import TurnupError
from app.core.settings import read_settings, with_threads
from app.factory import build_engine_room
from app.handling.registry import Registry
from app.lab.command import lab
from app.migrations.run import migrate
from app.trial.saved import ENDING as SCENARIO

LOG_LEVELS = ("debug", "info", "warning", "error")


class Turnup(click.Group):
    """Shows our own errors as a sentence; others are defects and keep their traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TurnupError as error:
            raise click.ClickException(f"{error.message}") from error


@click.group(cls=Turnup)
@click.option("--log-level", default="info", show_default=True, type=click.Choice(LOG_LEVELS))
def main(log_level: str) -> None:
    """Turnup fulfils telecom orders. Its settings are environment variables: TURNUP_DATA_DIR, TURNUP_PORT, ..."""
    log.configure(log_level)


_threads = click.option("--threads", type=int, help="Handlers run at the same time; instead of TURNUP_HANDLER_THREADS.")


@main.command("serve")
@_threads
@click.option("--servers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes; PostgreSQL only.")
def serve_command(threads: int | None, servers: int) -> None:
    """Serve the API and the dashboard, and run orders. --threads 0 leaves the orders to `turnup work`."""
    serve(with_threads(read_settings(os.environ), threads), servers)


@main.command("work")
@_threads
def work_command(threads: int | None) -> None:
    """Run orders that others serve: on any host that reaches the PostgreSQL of TURNUP_DATABASE_URL."""
    raise SystemExit(work(with_threads(read_settings(os.environ), threads)))


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to this version's schema; `serve` does so by itself."""
    database = Database(read_settings(os.environ).database_url)
    try:
        migrate(database)
    finally:
        database.close()
    click.echo("The database has this version's schema.")


_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


@main.command("check")
@_paths
@click.option("--format", "format_", default="plain", show_default=True, type=click.Choice(FORMATS))
@click.option("--strict", is_flag=True, help="Warnings too end with status 1.")
@click.option("--scenarios", is_flag=True, help="Play their scenarios too, and say what no scenario has come to.")
def check_command(paths: tuple[Path, ...], format_: str, strict: bool, scenarios: bool) -> None:
    """Say everything that is wrong with diagrams, decision models and forms: files, or folders of them.

    Nothing is stored and no database is needed. Ends with status 1 when something could not be deployed, or when a
    scenario does not go as it says. docs/lint.md has every code.
    """
    diagrams = [path for path in paths if path.suffix != SCENARIO]
    checked = check_files(diagrams) if diagrams else []
    if format_ == "sarif":
        click.echo(sarif(checked))
    else:
        show(checked)
        wrong = sum(len(each.findings) for each in checked)
        click.echo(f"{len(checked)} files, {wrong or 'no'} finding{'' if wrong == 1 else 's'}", err=True)
    differs = scenarios and not play_scenarios(find_scenarios(paths), Registry.scan(), err=format_ == "sarif")
    if differs or any(each.has("error", "warning") if strict else each.has("error") for each in checked):
        raise SystemExit(1)


@main.command("deploy")
@_paths
@click.option("--url", help="A server, such as https://turnup.example.net; without it, the database of the settings.")
@click.option("--token", envvar="TURNUP_TOKEN", help="Opens the server's API; better in TURNUP_TOKEN.")
@click.option("--reason", help="Why: kept with the deployment.")
@click.option("--dry-run", is_flag=True, help="Only ask the server whether they could be deployed.")
@click.option("--scenarios/--no-scenarios", default=True, help="A server gets them only if their scenarios pass.")
def deploy_command(
    paths: tuple[Path, ...], url: str | None, token: str | None, reason: str | None, dry_run: bool, scenarios: bool
) -> None:
    """Store diagrams, decision models and forms, files or folders of them, as next versions of what they are.

    What the latest version says already stays that. With --url all are checked there, their scenarios are played here,
    and then all are deployed or none; without it, all that can be.
    """
    if url is not None:
        if not token:
            raise click.UsageError("A server wants a token: set TURNUP_TOKEN, or give --token.")
        plan = Plan(lambda: not scenarios or play_scenarios(find_scenarios(paths), Registry.scan()), reason, dry_run)
        if not deploy_to(Server(url, token), paths, plan):
            raise SystemExit(1)
        return
    if reason is not None or dry_run:
        raise click.UsageError("--reason and --dry-run are for a server: give --url, or use `turnup check`.")
    room = build_engine_room(read_settings(os.environ))
    try:
        migrate(room.database)
        if not deploy_files(room, files_in(paths)):
            raise SystemExit(1)
    finally:
        room.close()


@main.command("decide")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("decision")
@click.option("--input", "inputs", default="{}", help="The inputs as a JSON object; - reads them from standard input.")
def decide_command(file: Path, decision: str, inputs: str) -> None:
    """Evaluate a decision or decision service of a DMN file and print its value as JSON."""
    text = sys.stdin.read() if inputs == "-" else inputs
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise _no_object(text) from error
    if not isinstance(given, dict):
        raise _no_object(text)
    click.echo(json.dumps(decide_file(file, decision, given), ensure_ascii=False))


def _no_object(text: str) -> click.BadParameter:
    return click.BadParameter(f"Expected a JSON object, found {text[:60]!r}", param_hint="--input")


main.add_command(lab)
main.add_command(audit)
main.add_command(demo)
main.add_command(user)
main.add_command(token)
main.add_command(secret_commands)
main.add_command(templates)
main.add_command(convert)
