"""What no source of ours uses: what would run a text, start a program, or make markup of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# `turnup demo` starts the server and the laboratory, by a list of its own; `turnup convert` a Node that lays diagrams out
STARTS_PROGRAMS = {"app/cli/children.py", "app/cli/layout.py"}
# Scenarios, by loaders that make plain values alone
READS_YAML = "app/trial/writing.py"
SAFE_YAML = {"SafeLoader", "SafeDumper", "load", "dump", "events", "YAMLError", "MarkedYAMLError"}
MODULES = {"subprocess", "pickle", "shelve", "marshal", "dill", "code", "codeop", "pty", "ctypes", "yaml", "xmlrpc"}
BUILT_IN = {"eval", "exec", "compile", "__import__"}
CALLED = {"render_template_string", "from_string", "system", "popen", "execv", "execve", "spawnv", "fork"}
WORDS = (
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "eval(", "new Function", "javascript:"),
    *("localStorage", "sessionStorage", "indexedDB", "document.cookie", "serviceWorker", "postMessage", '"message"', "onpaste", '"paste"'),
    *("__proto__", "Object.setPrototypeOf", "constructor"),
)
# htmx's word for putting an answer of our own in the place of what an element holds
SWAP = 'swap: "innerHTML"'


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ("app", "handlers"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def dangers(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, each.name) for each in node.names if each.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append((node.lineno, str(node.module)))
        elif isinstance(node, ast.Call):
            found += [(node.lineno, name) for name in [called(node.func)] if name]
    return found


def called(function: ast.expr) -> str:
    """What is called, if it should not be."""
    if isinstance(function, ast.Name):
        return function.id if function.id in BUILT_IN | CALLED else ""
    return function.attr if isinstance(function, ast.Attribute) and function.attr in CALLED else ""


def test_nothing_runs_code_that_comes_as_text() -> None:
    found = {path: told for path, tree in sources() if path not in STARTS_PROGRAMS and (told := dangers(tree))}
    assert {path: [name for _, name in told] for path, told in found.items()} == {READS_YAML: ["yaml"]}


def test_yaml_makes_plain_values_alone() -> None:
    tree = ast.parse((ROOT / READS_YAML).read_text())
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "yaml"}
    assert used <= SAFE_YAML
    bases = {each.name: [ast.unparse(base) for base in each.bases] for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
    assert bases == {"_Reader": ["yaml.SafeLoader"], "_Writer": ["yaml.SafeDumper"]}
    calls = [ast.unparse(each) for each in ast.walk(tree) if isinstance(each, ast.Call)]
    assert [each for each in calls if each.startswith("yaml.load")] == ["yaml.load(text, _Reader)"]


@pytest.mark.parametrize(
    "planted",
    ["eval(x)", "from pickle import loads", "import os\nos.system(x)", "flask.render_template_string(x)", "env.from_string(x)", "import subprocess"],
)
def test_the_watch_on_sources_sees_what_would(planted: str) -> None:
    assert len(dangers(ast.parse(planted))) == 1


def scripts() -> dict[str, str]:
    return {path.name: path.read_text().replace(SWAP, "") for path in (ROOT / "static/js").glob("*.js")}


def test_no_script_writes_markup_or_keeps_anything() -> None:
    """But for what a reader chose of the pages' looks and keys."""
    assert len(scripts()) > 3
    found = {(name, word) for name, text in scripts().items() for word in WORDS if word in text}
    assert found == {("theme.js", "localStorage"), ("keys.js", "localStorage")}
    kept = re.findall(r"localStorage\.(?:setItem|getItem|removeItem)\((\w+)", "".join(scripts().values()))
    assert len(kept) == sum(text.count("localStorage") for text in scripts().values())
    assert set(kept) == {"NAME", "OFF"}


def test_no_script_sets_a_property_whose_name_comes_from_elsewhere() -> None:
    """Such as `__proto__`."""
    set_by_name = {name: re.findall(r"\w\[([^\]\n]+)\]\s*=(?![=>])", text) for name, text in scripts().items()}
    assert {each for found in set_by_name.values() for each in found} == {'"X-CSRF-Token"'}
