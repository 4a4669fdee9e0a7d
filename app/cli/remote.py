"""`turnup deploy --url`: files of a folder to a server, over its API, all or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click
import httpx

from app.cli.diagrams import files_in, said
from app.cli.findings import Checked, show
from app.engine.diagram import Finding

TIMEOUT_S = 120


@dataclass(frozen=True)
class Server:
    """Where to, as whom."""

    url: str
    token: str

    def post(self, door: str, files: Sequence[Path], reason: str | None = None) -> httpx.Response:
        """The answer, if the server has given one that is about the files. ClickException says what else happened."""
        parts = [("file", (file.name, file.read_bytes(), "application/xml")) for file in files]
        address = f"{self.url.rstrip('/')}/api/v1/deployments{door}"
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.post(
                address, files=parts, data={"reason": reason} if reason else {}, headers=headers, timeout=TIMEOUT_S
            )
        except httpx.HTTPError as error:
            told = f"{address} did not answer: {error}. Look whether it deployed anything."
            raise click.ClickException(told) from error
        if answer.status_code not in (200, 201, 422):
            raise click.ClickException(f"{address} answered {answer.status_code}: {_message(answer)}")
        return answer


@dataclass(frozen=True)
class Sent:
    """Files, and what a server says of them."""

    files: Sequence[Path]
    body: Mapping[str, Any]

    @classmethod
    def of(cls, files: Sequence[Path], answer: httpx.Response) -> Self:
        return cls(files, answer.json())

    def findings(self) -> list[Checked]:
        """Of each file, in the order in which they were sent."""
        told: dict[str, list[Finding]] = {file.name: [] for file in self.files}
        for row in self.body["findings"]:
            place = (row["severity"], row["elementId"], row["code"], row["message"], row["remedy"], row["line"])
            told[row["file"]].append(Finding(*place))
        return [Checked(file, told[file.name]) for file in self.files]


@dataclass(frozen=True)
class Plan:
    """`rehearse` says whether they do what they should, once the server has found nothing wrong with them."""

    rehearse: Callable[[], bool]
    reason: str | None = None
    dry_run: bool = False


def deploy_to(server: Server, paths: Sequence[Path], plan: Plan) -> bool:
    """Checked by the server first, beside what is deployed there; whether all are deployed (or could be) now."""
    files = files_in(paths)
    _refuse_twins(files)
    checked = Sent.of(files, server.post("/check", files))
    show(checked.findings(), err=True)
    if not checked.body["deployable"] or not plan.rehearse():
        click.echo("Nothing was deployed.", err=True)
        return False
    if plan.dry_run:
        click.echo(f"{len(files)} files could be deployed.")
        return True
    answer = server.post("", files, plan.reason)
    sent = Sent.of(files, answer)
    if answer.status_code == 422:
        show(sent.findings(), err=True)
        raise click.ClickException(str(sent.body["message"]))
    by_name = {file.name: file for file in files}
    for row in sent.body["files"]:
        click.echo(f"{by_name[row['file']]}: {said(row['created'], row['id'], row['version'])}")
    return True


def _refuse_twins(files: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for file in files:
        first = seen.setdefault(file.name, file)
        if first is not file:
            raise click.UsageError(f"{first} and {file} have one name. Rename one: a file is called as its process.")


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
