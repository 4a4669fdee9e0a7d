"""The list of codes is whole: whatever a check gives stands in it, and docs/lint.md shows it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.decisions.dmn.catalogue import MODELS
from app.engine.lint.catalogue import RULES, SUBJECTS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "lint.md"
# What makes a finding, and which of its arguments is the code
MAKERS = {
    **dict.fromkeys(("Finding.error", "Finding.warning", "report", "XmlRefused"), (0, 1)),
    **dict.fromkeys(("Finding",), (2,)),
    **dict.fromkeys(("fault", "_finding", "self._finding", "_refusal", "self._refuse"), (0,)),
    **dict.fromkeys(("self._find_fault",), (1,)),
    **dict.fromkeys(("parts.Unreadable",), (2,)),
}
KINDS = ("error", "escalation")  # what f-strings of codes are filled with


def sources() -> Iterator[Path]:
    for room in ("engine/lint", "engine/spiff/dialect", "decisions/dmn"):
        yield from (ROOT / "app" / room).rglob("*.py")
    yield from (ROOT / "app" / name for name in ("engine/definitions.py", "engine/diagram.py", "engine/triggers.py"))
    yield ROOT / "app/engine/form_versions.py"
    yield ROOT / "app/core/xml.py"


def codes_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            places = MAKERS.get(name, MAKERS.get(name.rpartition(".")[2], ()))
            for argument in (node.args[place] for place in places if place < len(node.args)):
                yield from _codes(argument)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":
            yield from _codes(node.value)


def _codes(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _codes(node.body)
        yield from _codes(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        pattern = "".join(each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
        yield from (pattern.replace("{}", kind) for kind in KINDS)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[a-z_0-9]+", node.value):
        yield node.value


def given() -> set[str]:
    return {code for file in sources() for code in codes_in(file)} - {"error", "warning"}


def test_every_code_that_is_given_is_in_the_catalogue_and_the_other_way_round() -> None:
    assert given() == RULES.keys()


def test_a_code_has_one_meaning() -> None:
    assert sum(map(len, SUBJECTS.values())) == len(RULES)
    assert MODELS.items() <= {code: (rule.means, rule.remedy) for code, rule in RULES.items()}.items()


def test_every_rule_is_two_sentences() -> None:
    for code, rule in RULES.items():
        assert (rule.means[-1], rule.remedy[-1]) == (".", "."), code


def test_the_page_shows_the_whole_catalogue() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(code, rule.means, rule.remedy) for code, rule in RULES.items()]
    assert re.findall(r"^## (.*)$", PAGE.read_text(), re.MULTILINE)[-len(SUBJECTS) :] == list(SUBJECTS)
