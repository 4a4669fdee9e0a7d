"""`turnup lab`: the laboratory network on loopback."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from app.lab.faults import FaultRequest
from app.lab.scenario import BadScenario, read_scenario
from app.lab.settings import Chance, LabSettings
from app.lab.web import create_lab

# Calls that a fault holds back each keep one thread.
THREADS = 64


def serve_lab(host: str, port: int, settings: LabSettings, played: Sequence[FaultRequest] | None = None) -> None:
    """Serves until it is interrupted. Kill its process group, not its supervisor alone: the worker would serve on."""
    server = Server(
        "app.lab.web:create_lab",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        # At "warning" it would remark on the number of threads, which wait rather than work.
        log_level=LogLevels.error,
    )
    server.serve(target_loader=partial(create_lab, settings, played), wrap_loader=False)


@click.command("lab")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, type=int)
@click.option("--data-dir", default="var", show_default=True, envvar="TURNUP_DATA_DIR", type=click.Path(path_type=Path))
@click.option("--latency-ms", default=(20, 60), show_default=True, nargs=2, type=int, help="Shortest and longest.")
@click.option("--online-after-s", default=1.0, show_default=True, help="From activation until the ONT reports online.")
@click.option("--visit-after-s", default=3.0, show_default=True, help="From the booking of a visit to its outcome.")
@click.option("--porting-answer-s", default=2.0, show_default=True, help="From a porting request to its answer.")
@click.option("--porting-day-s", default=4.0, show_default=True, help="From that answer to the day of porting.")
@click.option("--payment-after-s", default=3.0, show_default=True, help="From a notice of debt to the payment.")
@click.option("--scenario", type=click.Path(path_type=Path), help="A JSON file of faults, with after_s and for_s.")
@click.option(
    "--chance", default=0.0, type=click.FloatRange(0, 1), help="The part of calls that meets a fault by chance."
)
@click.option("--seed", default=1, show_default=True, help="The same seed: the same faults for the same calls.")
@click.option("--callback-url", envvar="TURNUP_CALLBACK_URL", help="Turnup's base URL, told what comes of things.")
@click.option("--callback-token", default="", envvar="TURNUP_CALLBACK_TOKEN", help="API token for the call back.")
def lab(
    host: str,
    port: int,
    data_dir: Path,
    latency_ms: tuple[int, int],
    online_after_s: float,
    visit_after_s: float,
    porting_answer_s: float,
    porting_day_s: float,
    payment_after_s: float,
    scenario: Path | None,
    chance: float,
    seed: int,
    callback_url: str | None,
    callback_token: str,
) -> None:
    """Serve a laboratory network: a regional fibre operator's systems; faults on demand, by a file, by chance."""
    try:
        played = None if scenario is None else read_scenario(scenario)
    except BadScenario as error:
        raise click.UsageError(str(error)) from error
    settings = LabSettings(
        path=data_dir / "lab.sqlite",
        latency_ms=latency_ms,
        online_after_s=online_after_s,
        visit_after_s=visit_after_s,
        porting_answer_s=porting_answer_s,
        porting_day_s=porting_day_s,
        payment_after_s=payment_after_s,
        callback_url=callback_url.rstrip("/") if callback_url else None,
        callback_token=callback_token,
        chance=Chance(chance, seed),
    )
    click.echo(f"Laboratory network at http://{host}:{port} (its systems and their faults are pages there)")
    serve_lab(host, port, settings, played)
