"""What evaluating rules costs: rows of (name, value, unit) for `make bench`."""

import subprocess
import sys

FEEL_KINDS = {
    "feel_compare_us": "compare",
    "feel_cell_us": "cell",
    "feel_function_us": "function",
    "feel_compile_us": "compile",
}

DMN_KINDS = {"dmn_1000_rules_us": "thousand", "dmn_small_table_us": "small", "dmn_graph_us": "graph"}


def rows() -> list[tuple[str, float, str]]:
    feel = [(name, _child("feel_child", kind), "us") for name, kind in FEEL_KINDS.items()]
    return feel + [(name, _child("dmn_child", kind), "us") for name, kind in DMN_KINDS.items()]


def _child(module: str, *arguments: str) -> float:
    """The figure that a process of its own prints."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout.split()[-1])
