"""docs/security.md names files and tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMED = re.findall(r"`((?:app|tests|deploy|locks)/[^`]+)`", (ROOT / "docs" / "security.md").read_text())


def test_every_file_that_the_page_names_exists() -> None:
    assert len(NAMED) > 50
    assert [each for each in NAMED if not (ROOT / each.partition("::")[0]).exists()] == []


def test_every_test_that_the_page_names_exists() -> None:
    tests = [each.split("::") for each in NAMED if "::" in each]
    assert len(tests) > 25
    for path, name in tests:
        tree = ast.parse((ROOT / path).read_text())
        assert name in {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}, f"{path}::{name}"
