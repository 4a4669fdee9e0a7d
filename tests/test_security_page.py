"""docs/security.md names files and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/security.md").read_text()


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|cfg|txt|json))`", TEXT))
    assert len(named) > 50
    assert [each for each in sorted(named) if not (ROOT / each).is_file()] == []


def test_every_row_says_where_and_by_which_test() -> None:
    rows = [line.split("|")[1:-1] for line in TEXT.splitlines() if line.startswith("| ") and "there is none" not in line]
    for _, what, where, test in rows[1:]:
        assert what.strip(), what
        assert "`" in where, what
        assert "`tests/" in test, what


def test_every_chapter_is_there() -> None:
    assert [int(number) for number in re.findall(r"^\| V(\d+) ", TEXT, re.MULTILINE)] == list(range(1, 18))
