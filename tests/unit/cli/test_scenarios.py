"""`turnup check --scenarios`: what goes as it says, what does not, and what none of them comes to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from app.factory import PROCESSES

NAME = "ftth_cease_never_billed.yaml"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """One flow with one scenario."""
    (tmp_path / "scenarios").mkdir()
    shutil.copy(PROCESSES / "service/ftth_cease.bpmn", tmp_path)
    shutil.copy(PROCESSES / "scenarios" / NAME, tmp_path / "scenarios")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def spoil(house: Path) -> None:
    file = house / "scenarios" / NAME
    file.write_text(file.read_text().replace("state: completed", "state: active"))


@pytest.mark.parametrize("place", [".", "ftth_cease.bpmn", f"scenarios/{NAME}"])
def test_scenarios_that_go_as_they_say_are_no_finding(house: Path, place: str) -> None:
    done = run("check", house / place, "--scenarios")
    assert done.exit_code == 0, done.output
    assert f"{NAME}: as expected" in done.output
    assert "ftth_cease: 19 of 26 elements and 18 of 27 flows gone through; not reached: line_gone, " in done.output


def test_one_that_differs_says_how_and_ends_with_status_1(house: Path) -> None:
    spoil(house)
    done = run("check", house, "--scenarios")
    assert done.exit_code == 1
    assert f"{NAME}: it is completed, expected active" in done.output
    assert run("check", house).exit_code == 0


def test_what_is_no_scenario_and_what_has_no_diagram_is_said(house: Path) -> None:
    (house / "scenarios/broken.yaml").write_text("process: [")
    (house / "scenarios/other.yaml").write_text("process: other\ntitle: Nobody drew it\n")
    done = run("check", house, "--scenarios")
    assert done.exit_code == 1
    assert "broken.yaml: This is no YAML" in done.output
    assert "other.yaml: there is no other.bpmn" in done.output


def test_sarif_stays_alone_on_standard_output(house: Path) -> None:
    done = run("check", house, "--scenarios", "--format", "sarif")
    assert done.stdout.startswith("{")
    assert done.stdout.rstrip().endswith("}")
    assert "as expected" in done.stderr
