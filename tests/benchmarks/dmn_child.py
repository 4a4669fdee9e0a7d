"""Microseconds per evaluation of a decision, on stdout: `thousand` (a table of 1000 rules), `small`, `graph`."""

import sys
import time

from app.decisions.dmn import Model, load
from tests.factories.decisions import Dmn, literal, table

TECHNOLOGIES = ("fibre", "cable", "dsl", "radio")


def thousand() -> tuple[Model, dict[str, object], object]:
    """Of a node and a technology, and a speed that only comparison finds."""
    rules = [
        [f'"node-{n // 4}"', f'"{TECHNOLOGIES[n % 4]}"', f"[{n % 7}..{n + 1000})", f'"profile-{n}"']
        for n in range(1000)
    ]
    model = Dmn().input("node", "string").input("technology", "string").input("speed", "number")
    logic = table(["node", "technology", "speed"], ["profile"], rules)
    model.decision("d", logic, needs=["node", "technology", "speed"], type_ref="string")
    return load(model.xml()), {"node": "node-170", "technology": "dsl", "speed": 100}, "profile-682"


def small() -> tuple[Model, dict[str, object], object]:
    rules = [["< 100", '"basic"'], ["[100..500)", '"fast"'], [">= 500", '"gigabit"']]
    model = Dmn().input("speed", "number").decision("d", table(["speed"], ["profile"], rules), needs=["speed"])
    return load(model.xml()), {"speed": 300}, "fast"


def graph() -> tuple[Model, dict[str, object], object]:
    model = Dmn().input("n", "number").decision("d0", literal("n"), needs=["n"])
    for at in range(1, 10):
        model.decision(f"d{at}", literal(f"d{at - 1} + n"), decisions=[f"d{at - 1}"], needs=["n"])
    model.decision("d", literal("d9"), decisions=["d9"])
    return load(model.xml()), {"n": 2}, 20


def main(which: str, seconds: float = 0.5) -> None:
    model, given, expected = {"thousand": thousand, "small": small, "graph": graph}[which]()
    assert model.evaluate("d", given) == expected
    count = 0
    began = time.process_time()
    while time.process_time() - began < seconds:
        for _ in range(100):
            model.evaluate("d", given)
        count += 100
    print((time.process_time() - began) / count * 1e6)


if __name__ == "__main__":
    main(sys.argv[1])
