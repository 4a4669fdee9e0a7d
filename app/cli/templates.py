"""Element templates of the handlers, for Camunda's desktop modeler."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app.factory import ROOT
from app.handling.registry import Registry
from app.handling.templates import digest, element_template, element_templates
from app.handling.versions import VersionsKept, read_kept, with_current, write_kept

HANDLERS = "handlers"


@click.command()
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="A file; printed if none is given.")
@click.option(
    "--keep", is_flag=True, help="Also keep what has changed as the next versions, in handlers/versions.json."
)
def templates(to: Path | None, keep: bool) -> None:
    """Write the handlers as element templates for Camunda Modeler, the same that /api/v1/element-templates gives."""
    registry = Registry.scan(HANDLERS)
    if keep:
        own = [each for each in registry if each.module.partition(".")[0] == HANDLERS]
        current = [(each.type, digest(element_template(each))) for each in own]
        write_kept(ROOT / HANDLERS, with_current(read_kept(HANDLERS), current))
    made = element_templates(registry, VersionsKept())
    text = json.dumps(made, indent=2, ensure_ascii=False)
    if to is None:
        click.echo(text)
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text + "\n", "utf-8")
    click.echo(f"{to}: {len({each['id'] for each in made})} handlers")
