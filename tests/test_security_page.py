"""docs/security.md has every requirement of ASVS 5.0 of levels 1 and 2 once, and names files and tests that are there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/security.md").read_text()
# How many of each section's requirements are of level 1 or 2: always the first ones. Sections of level 3 alone are left out.
SECTIONS = {
    "1": {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    "2": {1: 3, 2: 3, 3: 4, 4: 1},
    "3": {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    "4": {1: 3, 2: 1, 3: 2, 4: 4},
    "5": {1: 1, 2: 3, 3: 2, 4: 3},
    "6": {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    "7": {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    "8": {1: 2, 2: 3, 3: 1, 4: 1},
    "9": {1: 3, 2: 4},
    "10": {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    "11": {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    "12": {1: 3, 2: 2, 3: 4},
    "13": {1: 1, 2: 5, 3: 2, 4: 5},
    "14": {1: 2, 2: 4, 3: 3},
    "15": {1: 3, 2: 3, 3: 7},
    "16": {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    "17": {1: 1, 2: 4, 3: 2},
}
ALL = [f"{chapter}.{section}.{n + 1}" for chapter, sections in SECTIONS.items() for section, count in sections.items() for n in range(count)]
KINDS = {"does not hold yet": "Does not hold yet", "the installation's": "The installation's", "does not apply": "Does not apply"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables below the headings that begin so."""
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    lines = [line for section in sections if section.startswith(heading) for line in section.splitlines() if re.match(r"\| \d", line)]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def numbers(cell: str) -> list[str]:
    """`1.2.3, 1.2.5 to 1.2.7` has four."""
    found: list[str] = []
    for part in cell.split(", "):
        first, _, last = part.partition(" to ")
        section, _, begin = first.rpartition(".")
        end = last.rpartition(".")[2] or begin
        assert last.rpartition(".")[0] in (section, ""), part
        found += [f"{section}.{n}" for n in range(int(begin), int(end) + 1)]
    return found


def told(heading: str) -> list[str]:
    return [number for row in rows(heading) for number in numbers(row[0])]


def test_every_requirement_stands_there_once() -> None:
    assert len(ALL) == 253
    found = Counter(number for heading in ("V", *KINDS.values()) for number in told(heading))
    assert {number for number, times in found.items() if times > 1} == set()
    assert (set(ALL) - set(found), set(found) - set(ALL)) == (set(), set())


def test_what_holds_stands_in_its_chapter() -> None:
    for chapter in SECTIONS:
        assert {number.partition(".")[0] for number in told(f"V{chapter} ")} <= {chapter}


def test_the_numbers_at_the_top_are_right() -> None:
    counts = {"hold": len(told("V")), **{words: len(told(heading)) for words, heading in KINDS.items()}}
    said = re.search(r"the 253 once, in our words: (\d+) hold, (\d+) do not hold yet, (\d+) are the\s+installation's, (\d+) do not apply", TEXT)
    assert said
    assert list(map(int, said.groups())) == list(counts.values())


def test_what_holds_says_where_and_by_which_test() -> None:
    unseen = 0
    for number, what, where, test in rows("V"):
        assert what, number
        assert re.search(r"`[\w./-]+`|this page", where), number
        assert test == "read" or re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`(, `tests/[\w/]+\.py::test_\w+`)*", test), number
        unseen += test == "read"
    assert unseen <= 6


@cache
def names_in(path: str) -> set[str]:
    return {each.name for each in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(each, ast.FunctionDef)}


def test_every_test_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)
    assert len(named) > 100
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:app|handlers|static|deploy|docs|tests|locks)(?:/[\w.@/-]+)?|[\w]+\.(?:md|cfg))`", TEXT))
    assert len(named) > 60
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


# The inventory of cryptography
CRYPTOGRAPHY = {"hashlib", "hmac", "secrets", "ssl", "cryptography", "argon2", "joserfc", "authlib"}
LABORATORY = "app/lab/"


def cryptographic(path: Path) -> set[str]:
    """Of the imports those by which something is encrypted, hashed or drawn by lot."""
    tree = ast.parse(path.read_text())
    modules = [each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names]
    modules += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {module.partition(".")[0] for module in modules} & CRYPTOGRAPHY


def test_every_use_of_cryptography_is_on_the_page() -> None:
    section = TEXT.split("## What is encrypted")[1].split("\n## ")[0]
    found = {str(path.relative_to(ROOT)) for room in ("app", "handlers") for path in (ROOT / room).rglob("*.py") if cryptographic(path)}
    assert {path for path in found if not path.startswith(LABORATORY)} == set(re.findall(r"`((?:app|handlers)/[\w/]+\.py)`", section))


def test_no_digest_is_used_but_sha_256() -> None:
    """`new` and `file_digest` take a name: they would hide which."""
    used: set[str] = set()
    for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hashlib":
                used.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and node.module == "hashlib":
                used |= {each.name for each in node.names}
    assert used == {"sha256"}


def test_times_are_promised_for_libraries_with_known_holes() -> None:
    policy = " ".join((ROOT / "SECURITY.md").read_text().split())
    promised = re.search(r"within (\d+) days for a critical or high one that concerns us, within (\d+) for others", policy)
    assert promised
    told_here = next(what for number, what, *_ in rows("V15") if number == "15.1.1")
    assert re.findall(r"\d+", told_here) == list(promised.groups())
