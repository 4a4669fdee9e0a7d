"""`turnup convert`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import layout
from app.cli.main import main
from app.conversion import convert
from tests.factories.dialects import camunda7

LISTENER = '<bpmn:extensionElements><camunda:executionListener class="a.Log" event="end" /></bpmn:extensionElements>'


def test_a_file_is_converted_and_what_was_lost_is_said_element_by_element(tmp_path: Path) -> None:
    file = tmp_path / "line.bpmn"
    file.write_bytes(camunda7(f'<bpmn:serviceTask id="x" camunda:topic="t">{LISTENER}</bpmn:serviceTask>'))
    done = CliRunner().invoke(main, ["convert", "--no-layout", "--to", str(tmp_path / "new"), str(file)])
    assert done.exit_code == 1  # something was lost
    assert (tmp_path / "new" / "line.bpmn").read_bytes() == convert(file.read_bytes()).document
    assert "from Camunda 7: 1 could not be converted, 0 to look at" in done.stderr
    assert (
        f"{file}:1: lost: x: camunda:executionListener class=a.Log event=end: A listener is not run here."
        in done.stderr
    )


def test_one_file_is_printed_and_nothing_lost_is_success(tmp_path: Path) -> None:
    file = tmp_path / "line.bpmn"
    file.write_bytes(camunda7('<bpmn:serviceTask id="x" camunda:topic="t" />'))
    done = CliRunner().invoke(main, ["convert", "--no-layout", str(file)])
    assert (done.exit_code, done.stdout_bytes) == (0, convert(file.read_bytes()).document)


def test_several_files_need_a_folder(tmp_path: Path) -> None:
    for name in ("a.bpmn", "b.bpmn"):
        (tmp_path / name).write_bytes(camunda7(""))
    done = CliRunner().invoke(main, ["convert", str(tmp_path / "a.bpmn"), str(tmp_path / "b.bpmn")])
    assert done.exit_code == 2
    assert "--to" in done.stderr


def test_without_node_a_diagram_stays_without_layout_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "SCRIPT", tmp_path / "none.js")
    file = tmp_path / "line.bpmn"
    file.write_bytes(camunda7('<bpmn:task id="x" />'))
    done = CliRunner().invoke(main, ["convert", str(file)])
    assert done.exit_code == 0
    assert "It was not laid out" in done.stderr


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (subprocess.TimeoutExpired("node", 60), "within 60 s"),
        (subprocess.CalledProcessError(1, "node", stderr=b"at x\nError: no plane\n"), "laid out: no plane"),
    ],
)
def test_a_layout_that_fails_says_why(
    failure: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "layout.js").touch()
    monkeypatch.setattr(layout, "SCRIPT", tmp_path / "layout.js")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/node")

    def fails(*args: object, **how: object) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(layout.NoLayout, match=said):
        layout.lay_out(b"<a/>")
