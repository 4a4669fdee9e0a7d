"""What the commands say and how they end; `serve` and `demo` are under tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app.cli import main
from app.core.db import Database
from app.engine import queries
from app.factory import PROCESSES
from tests.factories.diagrams import Diagram

SHIPPED = PROCESSES / "service" / "ftth_activate.bpmn"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def turnup(data_dir: Path, *arguments: str, **settings: str) -> Result:
    environ = {"TURNUP_DATA_DIR": str(data_dir), "TURNUP_DATABASE_URL": None, **settings}
    return CliRunner().invoke(main, arguments, env=environ)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.bpmn"
    file.write_bytes(Diagram("broken").start("s").service("a", "nobody.does").end("e").chain("s", "a", "e").xml())
    return file


def test_check_passes_the_shipped_diagram_without_a_database(data_dir: Path) -> None:
    result = turnup(data_dir, "check", str(SHIPPED))
    assert result.exit_code == 0, result.output
    assert not data_dir.exists()


def test_check_says_what_is_wrong_and_where(data_dir: Path, broken: Path) -> None:
    result = turnup(data_dir, "check", str(SHIPPED), str(broken))
    assert result.exit_code == 1
    assert f"{broken}:" in result.output
    assert "nobody.does" in result.output


def test_deploy_stores_a_version_once(data_dir: Path) -> None:
    first, second = (turnup(data_dir, "deploy", str(SHIPPED)) for _ in range(2))
    assert "deployed as ftth_activate version 1" in first.output
    assert "is already ftth_activate version 1" in second.output
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_deploy_goes_on_after_a_diagram_that_is_refused(data_dir: Path, broken: Path) -> None:
    result = turnup(data_dir, "deploy", str(broken), str(SHIPPED))
    assert result.exit_code == 1
    database = Database(f"sqlite:///{data_dir / 'turnup.sqlite'}")
    with database.reading() as connection:
        assert [row.process_id for row in queries.list_definitions(connection)] == ["ftth_activate"]
    database.close()


def test_migrate_makes_the_tables(data_dir: Path) -> None:
    assert turnup(data_dir, "migrate").exit_code == 0
    database = Database(f"sqlite:///{data_dir / 'turnup.sqlite'}")
    assert "process_instance" in sa.inspect(database.engine).get_table_names()
    database.close()


def test_a_wrong_setting_is_a_sentence_and_no_traceback(data_dir: Path) -> None:
    result = turnup(data_dir, "migrate", TURNUP_PORT="eighty")
    assert result.exit_code == 1
    assert "TURNUP_PORT is 'eighty'" in result.output
    assert "Traceback" not in result.output


def test_files_that_need_each_other_are_deployed_without_a_warning_whatever_their_order(
    data_dir: Path, tmp_path: Path
) -> None:
    """As the server does with all that it comes with."""
    calls = Diagram("a_caller").start("s").call("c", "b_called").end("e").chain("s", "c", "e")
    (tmp_path / "a_caller.bpmn").write_bytes(calls.xml())
    (tmp_path / "b_called.bpmn").write_bytes(Diagram("b_called").start("s").end("e").chain("s", "e").xml())
    result = turnup(data_dir, "deploy", str(tmp_path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("deployed as") == 2
