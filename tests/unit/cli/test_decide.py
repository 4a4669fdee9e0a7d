"""`turnup decide`, and decision models under `check` and `deploy`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from tests.factories.flows import DECISIONS


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "profiles.dmn"
    file.write_bytes(DECISIONS)
    return file


def turnup(*arguments: str, stdin: str | None = None, data_dir: Path | None = None) -> Result:
    environ = {"TURNUP_DATA_DIR": str(data_dir), "TURNUP_DATABASE_URL": None} if data_dir else {}
    return CliRunner().invoke(main, arguments, env=environ, input=stdin)


@pytest.mark.parametrize("name", ["profile", "Profile"])
def test_decide_prints_the_value_as_json(model: Path, name: str) -> None:
    result = turnup("decide", str(model), name, "--input", '{"speed": 500}')
    assert (result.exit_code, json.loads(result.stdout)) == (0, "fast")


def test_decide_reads_its_inputs_from_standard_input(model: Path) -> None:
    assert json.loads(turnup("decide", str(model), "profile", "--input", "-", stdin='{"speed": 1}').stdout) == "basic"


@pytest.mark.parametrize(("inputs", "words"), [("{", "JSON object"), ("[1]", "JSON object"), ("7", "JSON object")])
def test_inputs_that_are_no_object_are_a_sentence(model: Path, inputs: str, words: str) -> None:
    result = turnup("decide", str(model), "profile", "--input", inputs)
    assert result.exit_code == 2
    assert words in result.output


def test_an_unknown_decision_is_a_sentence(model: Path) -> None:
    result = turnup("decide", str(model), "nothing")
    assert result.exit_code == 1
    assert "nothing" in result.output
    assert "Traceback" not in result.output


def test_check_and_deploy_take_models_too(model: Path, tmp_path: Path) -> None:
    assert turnup("check", str(model)).exit_code == 0
    deployed = turnup("deploy", str(model), data_dir=tmp_path / "data")
    assert "profiles version 1" in deployed.output
    model.write_bytes(DECISIONS.replace(b"&gt;= 300", b"&gt;= ("))
    refused = turnup("check", str(model))
    assert refused.exit_code == 1
    assert f"{model}:" in refused.output
