"""The floors hold, and what watches them can see a breach."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = "A room imports only rooms on floors below it"
ENGINE = "The engine knows neither catalog nor orders"
SPIFF = "SpiffWorkflow stays in app.engine.spiff"
HANDLERS = "Handlers stand on app.handling and the harmless part of app.core"


def lint_imports(root: Path) -> tuple[int, str]:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--config", "setup.cfg", "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    for room in ("app", "handlers"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_the_floors_hold() -> None:
    status, said = lint_imports(ROOT)
    assert status == 0, said
    for contract in (FLOORS, ENGINE, SPIFF, HANDLERS):
        assert f"{contract} KEPT" in said


@pytest.mark.parametrize(
    ("place", "planted", "contract"),
    [
        ("app/core/planted.py", "import app.engine.tables", FLOORS),
        ("app/handling/planted.py", "def later():\n    import app.engine.tables", FLOORS),
        ("app/attic/__init__.py", "", FLOORS),
        ("app/engine/planted.py", "import app.catalog", ENGINE),
        ("app/engine/planted.py", "from SpiffWorkflow import Task", SPIFF),
        ("handlers/planted.py", "from SpiffWorkflow import Task", SPIFF),
        ("handlers/planted.py", "from app.core.db import Database", HANDLERS),
        ("handlers/planted.py", "import app.engine.tables", HANDLERS),
    ],
)
def test_a_planted_breach_is_seen(copied_tree: Path, place: str, planted: str, contract: str) -> None:
    (copied_tree / "app/catalog").mkdir(exist_ok=True)
    (copied_tree / "app/catalog/__init__.py").touch()
    (copied_tree / place).parent.mkdir(exist_ok=True)
    (copied_tree / place).write_text(planted)
    status, said = lint_imports(copied_tree)
    assert status != 0
    assert f"{contract} BROKEN" in said


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ("app", "handlers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def calls_of(tree: ast.AST, *names: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def imports_inside_functions(tree: ast.AST) -> list[int]:
    return [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_only_core_db_commits_and_rolls_back() -> None:
    """The laboratory is another system with a database of its own."""
    elsewhere = {
        path: lines
        for path, tree in sources()
        if not path.startswith(("app/core/db.py", "app/lab/"))
        if (lines := calls_of(tree, "commit", "rollback"))
    }
    assert elsewhere == {}


def test_no_import_hides_inside_a_function() -> None:
    assert {path: lines for path, tree in sources() if (lines := imports_inside_functions(tree))} == {}


def test_the_watch_on_sources_sees_a_commit_and_a_hidden_import() -> None:
    tree = ast.parse("def f(tx):\n    import os\n    tx.commit()\n")
    assert (imports_inside_functions(tree), calls_of(tree, "commit")) == ([2], [3])
    assert len(list(sources())) > 20
