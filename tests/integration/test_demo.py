"""`turnup demo --exit`: its own laboratory and server, real orders, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.factory import PROCESSES
from tests.integration.test_serve import ROOT, free_port

SAMPLES = PROCESSES / "samples"


def run_demo(tmp_path: Path, *samples: dict[str, object], orders: int = 0) -> subprocess.CompletedProcess[str]:
    folder = tmp_path / "samples"
    folder.mkdir()
    for number, sample in enumerate(samples):
        (folder / f"{number}.json").write_text(json.dumps(sample))
    ports = ["--port", str(free_port()), "--lab-port", str(free_port())]
    day = ["--orders", str(orders or len(samples)), "--seconds", "6"]
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "demo", "--exit", "--samples", str(folder), *ports, *day],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture
def completes() -> dict[str, object]:
    return json.loads((SAMPLES / "01_basic.json").read_text())


def test_orders_where_they_should_be_end_it_well(tmp_path: Path, completes: dict[str, object]) -> None:
    falls_out = json.loads((SAMPLES / "16_unknown_serial.json").read_text())
    waits = json.loads((SAMPLES / "13_ont_in_the_post.json").read_text())
    result = run_demo(tmp_path, completes, falls_out, waits)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Completed (1)" in result.stdout
    assert "Waiting (1)" in result.stdout
    assert "Fallen out (1)" in result.stdout
    assert "unknown_serial" in result.stdout
    assert re.search(r"^Next       http://.*/modeler/drafts/\S+   \(the next version", result.stdout, re.MULTILINE)
    _assert_nothing_is_left(tmp_path)


def test_an_order_elsewhere_is_named_and_ends_it_badly(tmp_path: Path, completes: dict[str, object]) -> None:
    result = run_demo(tmp_path, {**completes, "expect": {"state": "fallen_out", "element": "activate_ont"}})
    assert result.returncode == 1, result.stdout + result.stderr
    assert "expected fallen_out at activate_ont, found completed" in result.stdout
    _assert_nothing_is_left(tmp_path)


def test_a_day_goes_by_with_what_happens_in_it_and_more_orders_than_samples(tmp_path: Path) -> None:
    names = (
        "01_basic",
        "08_port_taken_meanwhile",
        "43_telephone_in_london",
        "45_number_given_away",
        "49_area_of_others",
    )
    samples = [json.loads((SAMPLES / f"{name}.json").read_text()) for name in names]
    result = run_demo(tmp_path, *samples, orders=16)
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    told = [line for line in lines if "lon-3" in line]
    assert [line[5:] for line in told] == ["  OLT lon-3 is down", "  OLT lon-3 is back"]
    assert told[0].startswith("10:40")
    assert any(line.startswith("18:00  16 orders are in") for line in lines)
    assert sum(int(number) for number in re.findall(r"^[A-Z].* \((\d+)\)$", result.stdout, re.MULTILINE)) == 16
    _assert_nothing_is_left(tmp_path)


def _assert_nothing_is_left(tmp_path: Path) -> None:
    assert not list(tmp_path.glob("turnup-demo-*"))
    assert not [
        process.pid
        for process in psutil.process_iter(["environ"])
        if str(tmp_path) in str((process.info["environ"] or {}).get("TURNUP_DATA_DIR"))
    ]
