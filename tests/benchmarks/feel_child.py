"""Microseconds of CPU for one evaluation: `compare` a path, `cell` of a table, a `function` with a loop, `compile` anew.

The best of many rounds, as other work shares the machine.
"""

import sys
import time
from collections import ChainMap
from collections.abc import Callable
from typing import Any

from app.decisions.feel import compile_feel, compile_unary_tests

ROUNDS, TURNS = 40, 500
SCOPE = ChainMap(
    {}, {"order": {"speed_mbps": 250, "kind": "fibre", "lines": [{"qty": n, "price": 9.9} for n in range(20)]}}
)


def compare() -> Callable[[], Any]:
    expression = compile_feel("order.speed_mbps > 100")
    return lambda: expression.evaluate(SCOPE)


def cell() -> Callable[[], Any]:
    tests = compile_unary_tests('"cable", "fibre"')
    return lambda: tests.matches("fibre", SCOPE)


def function() -> Callable[[], Any]:
    expression = compile_feel("sum(for line in order.lines[qty > 9] return line.qty * line.price)")
    return lambda: expression.evaluate(SCOPE)


def compile_anew() -> Callable[[], Any]:
    texts = iter(range(10_000_000))
    return lambda: compile_feel(f'order.kind = "fibre" and order.speed_mbps > {next(texts)}')


KINDS = {"compare": (compare, TURNS), "cell": (cell, TURNS), "function": (function, 20), "compile": (compile_anew, 5)}


def main() -> None:
    make, turns = KINDS[sys.argv[1]]
    run = make()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(turns):
            run()
        best = min(best, (time.process_time() - began) / turns * 1e6)
    print(best)


if __name__ == "__main__":
    main()
