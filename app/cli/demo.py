"""`turnup demo`: a laboratory network, a server, and sample orders that run between them."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
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
from app.cli.samples import Order, Sample, read_samples
from app.core.settings import read_settings
from app.factory import PROCESSES, build_engine_room
from app.identity.authority import Grant
from app.identity.passwords import made_up
from app.identity.permissions import Role
from app.identity.tokens import NewToken
from app.migrations.run import migrate

SETTLE_WITHIN_S = 150
POLL_S = 0.3
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
    """Who acts: a person, and two programs with a token each."""

    admin_password: str
    portal_token: str  # who orders
    laboratory_token: str  # whose network calls back


@click.command("demo")
@click.option("--exit", "leave", is_flag=True, help="End when every order has settled; status 1 if one is elsewhere.")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="An empty folder.")
@click.option("--port", default=8080, show_default=True, help="Another one if it is taken.")
@click.option("--lab-port", default=8090, show_default=True, help="Another one if it is taken.")
@click.option("--samples", default=PROCESSES / "samples", type=click.Path(path_type=Path), help="A folder of orders.")
def demo(leave: bool, data_dir: Path | None, port: int, lab_port: int, samples: Path) -> None:
    """Run the sample orders against a laboratory network and show where each of them ends up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    with fresh_folder(data_dir) as folder, children() as started:
        scene = Scene(folder, free_port(port), free_port(lab_port))
        cast = hire(scene)
        raise_curtain(scene, cast, started)
        orders = play(scene, cast, read_samples(samples))
        show_table(scene, orders)
        lost = [order for order in orders if not order.is_where_expected]
        for order in lost:
            sample = order.sample
            click.echo(f"NOT WHERE IT SHOULD BE: {sample.name}: expected {sample.expected}, found {order.found}")
        click.echo(f"\nDashboard  {scene.url}/\nLog in     admin, password {cast.admin_password}")
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
                room.identity.tokens.issue(tx, NewToken(name, [Grant(Role.INTEGRATOR)], until), "demo")[1]
                for name in ("portal", "laboratory")
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


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def play(scene: Scene, cast: Cast, samples: list[Sample]) -> list[Order]:
    """Submit the samples and follow them until each is where it should be, or has had its time."""
    headers = {"Authorization": f"Bearer {cast.portal_token}"}
    with (
        httpx.Client(base_url=scene.url, headers=headers, timeout=30, trust_env=False) as api,
        httpx.Client(base_url=scene.lab_url, timeout=30, trust_env=False) as lab,
    ):
        orders = [_submit(api, lab, sample) for sample in samples]
        click.echo(f"{len(orders)} orders submitted.")
        _follow(api, orders)
    return orders


def _submit(api: httpx.Client, lab: httpx.Client, sample: Sample) -> Order:
    for call in sample.before:
        _checked(lab.post(call["path"], json=call["body"]))
    for fault in sample.faults:
        _checked(lab.post("/lab/faults", json=fault))
    answer = _checked(
        api.post("/api/v1/process-instances", json=sample.request, headers={"Idempotency-Key": f"demo-{sample.name}"})
    )
    return Order(sample, answer.json()["id"])


def _follow(api: httpx.Client, orders: list[Order]) -> None:
    pause, until = Event(), time.monotonic() + SETTLE_WITHIN_S
    open_orders = list(orders)
    is_terminal = sys.stdout.isatty()
    with click.progressbar(length=len(orders), label="Orders settled", hidden=not is_terminal) as bar:
        while open_orders and time.monotonic() < until:
            pause.wait(POLL_S)
            for order in tuple(open_orders):
                order.seen = _checked(api.get(f"/api/v1/process-instances/{order.id}")).json()
                if not order.is_where_expected and order.state != "completed":
                    continue
                open_orders.remove(order)
                bar.update(1)
                if not is_terminal:
                    done = len(orders) - len(open_orders)
                    click.echo(f"[{done}/{len(orders)}] {order.sample.request['businessKey']} {order.found}")


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        asked = answer.request
        raise click.ClickException(f"{asked.method} {asked.url} answered {answer.status_code}: {answer.text[:2000]}")
    return answer


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
    for order in orders:
        why = ", ".join(f"{element}: {reason}" for element, reason in order.places.items())
        key = order.sample.request["businessKey"]
        click.echo(f"  {key}  {why or order.sample.title:<44.44}  {scene.url}/instances/{order.id}")
