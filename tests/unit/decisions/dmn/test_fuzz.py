"""Models broken by lot: whatever is left of them loads, is checked and evaluated, or is refused in words."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
from lxml import etree

from app.decisions.dmn import DmnRefused, lint, load
from app.decisions.feel import BudgetExceeded
from tests.factories.decisions import Dmn, child, context, function, invocation, literal, table

DRAWN = sorted((Path(__file__).parents[4] / "processes/decisions").glob("*.dmn"))
TEXTS = ["", "-", "1", "null", '"x"', "n", "l", "k(1, 2)", "? > 1", "not(1)", "[1..", "a(", "{a:1}", "function(x) x",
         "1e9999", "for i in 1..5 return i", "x y z", "if", '@"P1D"', "s", "k"]  # fmt: skip
VALUES = [
    "",
    "number",
    "tA",
    "tL",
    "UNIQUE",
    "COLLECT",
    "OUTPUT ORDER",
    "n",
    "#_a",
    "#_k",
    "#_s",
    "_a",
    "urn:x#y",
    "true",
]
GIVEN = [{}, {"n": 7, "l": [{"a b": 3, "c": "x"}], "speed_mbps": 400}, {"n": "x", "l": {"a": [1]}, "x": 1, "y": 2}]


def rich() -> bytes:
    model = Dmn().item("tA", parts=[("a b", "number"), ("c", "tB")]).item("tB", "string", allowed='"x", "y"')
    model.item("tL", "tA", collection=True, constraint="count(?) < 5").input("n", "number").input("l", "tL")
    body = context(("z", literal("x + y")), (None, literal("z * 2")))
    model.knowledge("k", ["x", ("y", "number")], body, knows=["k"], type_ref="number")
    outputs = [{"name": "p", "type_ref": "tB", "values": '"x", "y"'}, {"name": "q", "default": "1"}]
    rules = [["< 5", "-", '"x"', "2"], [">= 5", "count(?) > 0", '"y"', "3", "note"]]
    logic = table(["n", ("l", "-")], outputs, rules, hit_policy="PRIORITY", annotations=["why"])
    model.decision("a", logic, needs=["n", "l"])
    each = invocation("k", x=literal("i.a b"), y=literal("n"))
    loop = f'<for iteratorVariable="i">{child("in", literal("l"))}{child("return", each)}</for>'
    model.decision("b", loop, needs=["l", "n"], knows=["k"])
    match = f"<filter>{child('in', literal('b'))}{child('match', literal('item > 2'))}</filter>"
    model.decision("c", match, decisions=["b"])
    branches = (
        child("if", literal("n > 1")) + child("then", literal("s(n, l)")) + child("else", function(["q"], literal("q")))
    )
    model.decision("e", f"<conditional>{branches}</conditional>", needs=["n", "l"], knows=["s"])
    return model.service("s", outputs=["a", "c"], encapsulated=["b"], inputs=["n", "l"]).xml()


def broken(document: bytes, lot: random.Random) -> bytes:
    root = etree.fromstring(document)
    for _ in range(lot.randint(1, 4)):
        nodes = [node for node in root.iter() if node is not root and isinstance(node.tag, str)]
        node, other = lot.choice(nodes), lot.choice(nodes)
        way = lot.randrange(6)
        if way == 0:
            node.getparent().remove(node)
        elif way == 1:
            other.append(etree.fromstring(etree.tostring(node)))
        elif way == 2:
            node.text = lot.choice(TEXTS)
        elif way == 3 and node.attrib:
            node.set(lot.choice(list(node.attrib)), lot.choice(VALUES))
        elif way == 4 and node.attrib:
            del node.attrib[lot.choice(list(node.attrib))]
        elif other is not node and other not in list(node.iterancestors()) and node not in list(other.iterancestors()):
            node.append(other)
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(12))
def test_a_broken_model_breaks_nothing_else(seed: int) -> None:
    lot = random.Random(seed)
    sources = [rich(), *(path.read_bytes() for path in DRAWN)]
    loaded = 0
    for _ in range(25):
        try:
            model = load(broken(lot.choice(sources), lot))
        except DmnRefused:
            continue
        loaded += 1
        assert all(one.message and one.remedy for one in lint(model))
        for element in [*model.decisions, *model.services, *model.business_knowledge_models]:
            for given in GIVEN:
                with suppress(BudgetExceeded):
                    model.explain(element, given)
    assert loaded > 10
