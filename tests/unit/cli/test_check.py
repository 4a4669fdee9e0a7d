"""`turnup check`: files and folders, findings for people and for pipelines, and how it ends."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema.validators import validator_for

from app.cli.main import main
from app.factory import PROCESSES
from tests.factories.diagrams import Diagram
from tests.factories.flows import DECISIONS

SARIF = Path(__file__).parents[2] / "sarif" / "sarif-2.1.0-rtm.5.json"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flow that asks a decision of another file, deeper down."""
    asks = Diagram("asks").start().decision("d", "profile", "r").end().chain("s", "d", "e")
    (tmp_path / "deep").mkdir()
    (tmp_path / "asks.bpmn").write_bytes(asks.xml())
    (tmp_path / "deep" / "profiles.dmn").write_bytes(DECISIONS)
    (tmp_path / "notes.txt").write_text("no diagram")
    return tmp_path


@pytest.fixture
def broken(folder: Path) -> Path:
    file = folder / "broken.bpmn"
    file.write_bytes(Diagram("broken").start().service("a", "nobody.does").end().chain("s", "a", "e").xml())
    return file


def test_everything_shipped_passes_without_a_word() -> None:
    result = check(PROCESSES, "--strict")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_folder_is_looked_through_and_its_files_are_one_house(folder: Path) -> None:
    result = check(folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 files, no findings" in result.stderr


def test_a_line_begins_with_file_and_element_and_names_code_and_line(broken: Path) -> None:
    result = check(broken.parent)
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{broken}:a: error unknown_handler: No handler is known as 'nobody.does'.")
    assert line.endswith(")")


def test_warnings_end_well_unless_asked_to_be_strict(folder: Path) -> None:
    alone = folder / "asks.bpmn"
    assert check(alone).exit_code == 0
    assert f"{alone}:d: warning unknown_decision" in check(alone).stdout
    assert check(alone, "--strict").exit_code == 1


def test_sarif_names_rule_level_file_line_and_element(broken: Path, folder: Path) -> None:
    result = check(folder / "asks.bpmn", broken, "--format", "sarif")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    told = [(each["ruleId"], each["level"]) for each in run["results"]]
    assert told == [("unknown_decision", "warning"), ("unknown_handler", "error")]
    (location,) = run["results"][1]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == broken.as_uri()
    assert location["physicalLocation"]["region"]["startLine"] > 1
    assert location["logicalLocations"] == [{"name": "a", "kind": "element"}]
    rules = {each["id"] for each in run["tool"]["driver"]["rules"]}
    assert rules == {rule for rule, _ in told}


def test_sarif_of_what_is_right_has_no_results(folder: Path) -> None:
    result = check(folder, "--format", "sarif")
    assert json.loads(result.stdout)["runs"][0]["results"] == []


def schema_problems(log: str) -> list[str]:
    """Of the standard's own schema; see tests/sarif/README.md."""
    text = SARIF.read_bytes()
    assert hashlib.sha256(text).hexdigest() in (SARIF.parent / "README.md").read_text()
    schema = json.loads(text)
    return [error.message for error in validator_for(schema)(schema).iter_errors(json.loads(log))]


def test_sarif_is_what_its_schema_says(broken: Path, tmp_path: Path) -> None:
    """With and without findings, for an element, for a whole file, for a decision, and for a name that needs quoting."""
    (tmp_path / "torn file.bpmn").write_text("<")
    (tmp_path / "wrong.dmn").write_bytes(DECISIONS.replace(b'"FIRST"', b'"NONE"'))
    log = check(tmp_path, "--format", "sarif").stdout
    assert {result["ruleId"] for result in json.loads(log)["runs"][0]["results"]} >= {
        "not_xml",
        "unknown_handler",
        "hit_policy",
    }
    assert schema_problems(log) == []
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "profiles.dmn").write_bytes(DECISIONS)
    assert schema_problems(check(tmp_path / "alone", "--format", "sarif").stdout) == []
    assert schema_problems(log.replace('"level"', '"severity"')) != []


def test_a_file_that_is_no_xml_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "torn.bpmn"
    file.write_text("<")
    result = check(file)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{file}: error not_xml: ")


def test_a_folder_without_diagrams_is_a_mistake(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 2
    assert "no .bpmn, .dmn or .form file" in result.output
