"""`turnup demo`: a laboratory network, a server, and a day of orders that run between them."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType
from typing import NoReturn

import click
import httpx

from app.cli.children import Child, children, free_port
from app.cli.day import Day, plan
from app.cli.director import Director
from app.cli.next_version import FLOW, NAME, next_version
from app.cli.samples import Order, read_samples
from app.core.settings import read_settings
from app.factory import PROCESSES, build_engine_room
from app.identity.authority import Grant
from app.identity.passwords import made_up
from app.identity.permissions import Role
from app.identity.tokens import NewToken
from app.migrations.run import migrate

SHOWN = 10  # completed orders, of which there are many
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Scene:
    """Where everything of one demo is."""

    data_dir: Path
    port: int
    lab_port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def lab_url(self) -> str:
        return f"http://{LOOPBACK}:{self.lab_port}"

    def environ(self) -> dict[str, str]:
        """The caller's, without settings that lead to another installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TURNUP_")}
        return {
            **kept,
            "TURNUP_DATA_DIR": str(self.data_dir),
            "TURNUP_HOST": LOOPBACK,
            "TURNUP_PORT": str(self.port),
            "TURNUP_LAB_URL": self.lab_url,
        }


@dataclass(frozen=True)
class Cast:
    """Who acts: a person, and programs with a token each."""

    admin_password: str
    portal_token: str  # who orders
    author_token: str  # who draws
    laboratory_token: str  # whose network calls back


@click.command("demo")
@click.option("--exit", "leave", is_flag=True, help="End when every order has settled; status 1 if one is elsewhere.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="An empty folder.")
@click.option("--port", default=8080, show_default=True, help="Another one if it is taken.")
@click.option("--lab-port", default=8090, show_default=True, help="Another one if it is taken.")
@click.option("--samples", default=PROCESSES / "samples", type=click.Path(path_type=Path), help="A folder of orders.")
@click.option(
    "--orders", default=150, show_default=True, type=click.IntRange(1, 300), help="The samples, and more like them."
)
@click.option("--seconds", default=120.0, show_default=True, type=click.FloatRange(1), help="How long the day lasts.")
@click.option("--seed", default=1, show_default=True, help="Another seed draws another day.")
def demo(
    leave: bool, data_dir: Path | None, port: int, lab_port: int, samples: Path, orders: int, seconds: float, seed: int
) -> None:
    """Play an operator's day, from 08:00 to 18:00, against a laboratory network, and show where each order ends up.

    Orders come by the minute, some of them with trouble of their own; systems and an OLT go away and come back.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with fresh_folder(data_dir) as folder, children() as started:
        scene = Scene(folder, free_port(port), free_port(lab_port))
        cast = hire(scene)
        raise_curtain(scene, cast, started)
        draft = leave_draft(scene, cast)
        played = play(scene, cast, plan(read_samples(samples), orders, seconds, seed))
        show_table(scene, played)
        lost = [order for order in played if not order.is_where_expected]
        for order in lost:
            sample = order.sample
            click.echo(f"NOT WHERE IT SHOULD BE: {sample.name}: expected {sample.expected}, found {order.found}")
        click.echo(f"\nDashboard  {scene.url}/\nLog in     admin, password {cast.admin_password}")
        click.echo(f"Next       {draft}   (the next version of a flow, waiting to be tried and deployed)")
        click.echo(f"API        {scene.url}/openapi\nToken      {cast.portal_token}   (may start flows and watch them)")
        if not leave:
            _wait_for_interrupt()
        elif lost:
            sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _wait_for_interrupt() -> None:
    try:
        click.echo("\nCtrl-C ends the demo.")
        Event().wait()
    except KeyboardInterrupt:
        click.echo("\nEnding.")


@contextmanager
def fresh_folder(wanted: Path | None) -> Iterator[Path]:
    """A folder with nothing in it; one that nobody asked for by name is removed again."""
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="turnup-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    if wanted.exists() and any(wanted.iterdir()):
        raise click.UsageError(f"{wanted} has something in it: the demo begins with an empty folder.")
    wanted.mkdir(parents=True, exist_ok=True)
    yield wanted


def hire(scene: Scene) -> Cast:
    """The database, with those who are known to it before the server starts."""
    room = build_engine_room(read_settings(scene.environ()))
    password, until = made_up(), room.clock.now() + timedelta(days=7)
    try:
        migrate(room.database)
        with room.database.transaction() as tx:
            room.identity.users.add_first(tx, password)
            made = [
                room.identity.tokens.issue(tx, NewToken(name, [Grant(role)], until), "demo")[1]
                for name, role in (
                    ("portal", Role.INTEGRATOR),
                    ("author", Role.AUTHOR),
                    ("laboratory", Role.INTEGRATOR),
                )
            ]
    finally:
        room.close()
    return Cast(password, *made)


def raise_curtain(scene: Scene, cast: Cast, started: list[Child]) -> None:
    """Lab and server, both ready when this returns."""
    lab_environ = {**scene.environ(), "TURNUP_CALLBACK_TOKEN": cast.laboratory_token}
    lab_arguments = ["lab", "--port", str(scene.lab_port), "--callback-url", scene.url]
    started.append(Child("laboratory", lab_arguments, lab_environ, scene.data_dir / "lab.log"))
    started.append(Child("server", ["serve"], scene.environ(), scene.data_dir / "server.log"))
    for child, url in zip(started, (f"{scene.lab_url}/lab/summary", f"{scene.url}/healthz"), strict=True):
        child.wait_until(partial(_answers, url))
    click.echo(f"Server {scene.url}, laboratory network {scene.lab_url}, logs in {scene.data_dir}")


def leave_draft(scene: Scene, cast: Cast) -> str:
    """Where the next version of a flow can be looked at, which its author has drawn and not deployed."""
    draft = {"kind": "process", "name": NAME, "document": next_version(FLOW.read_text("utf-8")), "baseVersion": 1}
    headers = {"Authorization": f"Bearer {cast.author_token}"}
    made = httpx.post(f"{scene.url}/api/v1/drafts", json=draft, headers=headers, timeout=30, trust_env=False)
    made.raise_for_status()
    return f"{scene.url}/modeler/drafts/{made.json()['id']}"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def play(scene: Scene, cast: Cast, day: Day) -> list[Order]:
    """The orders of the day, and where each was seen last."""
    headers = {"Authorization": f"Bearer {cast.portal_token}"}
    with (
        httpx.Client(base_url=scene.url, headers=headers, timeout=30, trust_env=False) as api,
        httpx.Client(base_url=scene.lab_url, timeout=30, trust_env=False) as lab,
    ):
        return Director(api, lab, day).play()


def show_table(scene: Scene, orders: list[Order]) -> None:
    """Completed, waiting, fallen out and why, with a link to each."""
    for state, heading in (("completed", "Completed"), ("waiting", "Waiting"), ("fallen_out", "Fallen out")):
        _show_group(scene, heading, [order for order in orders if order.state == state])
    known = {"completed", "waiting", "fallen_out"}
    _show_group(scene, "Still running", [order for order in orders if order.state not in known])


def _show_group(scene: Scene, heading: str, orders: list[Order]) -> None:
    if not orders:
        return
    click.echo(f"\n{click.style(heading, bold=True)} ({len(orders)})")
    for order in orders[:SHOWN] if heading == "Completed" else orders:
        why = ", ".join(f"{element}: {reason}" for element, reason in order.places.items())
        key = order.sample.request["businessKey"]
        click.echo(f"  {key}  {why or order.sample.title:<44.44}  {scene.url}/instances/{order.id}")
    if heading == "Completed" and len(orders) > SHOWN:
        click.echo(f"  ... and {len(orders) - SHOWN} more: {scene.url}/instances?state=completed")
