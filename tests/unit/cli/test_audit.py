"""`turnup audit`."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from app.core.db import Database
from app.identity.audit import seal
from tests.unit.cli.test_people import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Three things were done on it, and sealed as a server does."""
    made = Machine(tmp_path / "data")
    for name in ("ada", "bob", "eve"):
        made.do("user", "add", name, "--role", "viewer", "--password-stdin", stdin=f"the long password of {name}\n")
    database = Database(f"sqlite:///{tmp_path}/data/turnup.sqlite")
    with database.transaction() as tx:
        assert seal.seal(tx) == 3
    database.close()
    return made


def behind_its_back(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "data" / "turnup.sqlite") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    connection.close()


def test_what_the_command_line_does_is_on_record_without_passwords(machine: Machine) -> None:
    exported = machine.do("audit", "export")
    entries = [json.loads(line) for line in exported.splitlines()]
    assert [(each["door"], each["target"], each["via"]) for each in entries] == [
        ("turnup user add", name, "command") for name in ("ada", "bob", "eve")
    ]
    assert "at the command line" in entries[0]["by"]
    assert "the long password" not in exported


def test_a_chain_that_is_whole_says_its_head_which_a_later_run_expects(machine: Machine) -> None:
    said = machine.do("audit", "verify")
    found = re.search(r"3 entries sealed, 0 findings\. Head: (3:[0-9a-f]{64})", said)
    assert found
    machine.do("audit", "verify", "--expect", found[1])


def test_what_was_changed_is_said_and_the_status_is_1(machine: Machine, tmp_path: Path) -> None:
    behind_its_back(tmp_path, "UPDATE audit_entry SET target = 'mallory' WHERE position = 2")
    result = machine.say("audit", "verify")
    assert result.exit_code == 1
    assert "changed: entry 2" in result.stdout
    assert "3 entries sealed, 1 findings" in result.stdout


def test_an_end_that_was_cut_off_shows_against_a_head_that_was_kept(machine: Machine, tmp_path: Path) -> None:
    head = machine.do("audit", "verify").split("Head: ")[1].strip()
    behind_its_back(tmp_path, "DELETE FROM audit_entry WHERE position = 3")
    last = "SELECT chain FROM audit_entry WHERE position = 2"
    behind_its_back(tmp_path, f"UPDATE audit_head SET position = 2, chain = ({last})")
    assert machine.say("audit", "verify").exit_code == 0
    result = machine.say("audit", "verify", "--expect", head)
    assert (result.exit_code, "missing: entry 3" in result.stdout) == (1, True)


def test_what_is_no_head_is_refused(machine: Machine) -> None:
    result = machine.say("audit", "verify", "--expect", "3:abc")
    assert result.exit_code == 2
    assert "64 hexadecimal digits" in result.output
