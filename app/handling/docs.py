"""A handler's docstring as data, for the modeler's list and for the pages of operators.

The form: a summary, text, then sections that start at the line's beginning, with an entry on each line:

    Outputs  ont_id (str)
             level_dbm (float): what the node measures
    Raises   SystemSilent if the node does not answer in time
             Refused("port_taken") if another ONT holds the port
    Repeats  safe: ...
    Messages  ont_online when the ONT is first seen: what the system sends later, because of this call
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

_SECTION = re.compile(r"^(Outputs|Raises|Repeats|Messages)(?:\s+|:\s*|$)(.*)$")
_OUTPUT = re.compile(r"^(\w+)\s*\(([^)]*)\)\s*:?\s*(.*)$")
_REFUSAL = re.compile(r"""^Refused\(["'](\w+)["']\)\s*:?\s*(.*)$""")


@dataclass(frozen=True)
class OutputDoc:
    name: str
    type: str
    text: str


@dataclass(frozen=True)
class HandlerDoc:
    summary: str
    text: str
    outputs: tuple[OutputDoc, ...]
    faults: tuple[str, ...]  # lines such as "SystemSilent if the node does not answer"
    refusals: dict[str, str]  # code -> when; what a diagram may catch with an error boundary
    repeats: str
    messages: tuple[str, ...] = ()  # names of messages that the system sends because of the call


def read_doc(docstring: str | None) -> HandlerDoc:
    """Reads what is there; a docstring without sections gives a summary and nothing else."""
    head, sections = _split(inspect.cleandoc(docstring or ""))
    raised = _entries(sections.get("Raises", []))
    return HandlerDoc(
        summary=head[0] if head else "",
        text="\n".join(head[1:]).strip(),
        outputs=tuple(
            OutputDoc(*match.groups())
            for line in _entries(sections.get("Outputs", []))
            if (match := _OUTPUT.match(line))
        ),
        faults=tuple(line for line in raised if not _REFUSAL.match(line)),
        refusals={match[1]: match[2] for line in raised if (match := _REFUSAL.match(line))},
        repeats=" ".join(line.strip() for line in sections.get("Repeats", [])).strip(),
        messages=tuple(line.split()[0] for line in _entries(sections.get("Messages", []))),
    )


def _split(text: str) -> tuple[list[str], dict[str, list[str]]]:
    head: list[str] = []
    sections: dict[str, list[str]] = {}
    current = head
    for line in text.splitlines():
        if match := _SECTION.match(line):
            # The entry keeps its column, so that a line indented deeper continues the one above it.
            current = sections.setdefault(match[1], [])
            current.append(" " * match.start(2) + match[2])
        else:
            current.append(line)
    return head, sections


def _entries(lines: list[str]) -> list[str]:
    filled = [line for line in lines if line.strip()]
    column = min((_indent(line) for line in filled), default=0)
    entries: list[str] = []
    for line in filled:
        if entries and _indent(line) > column:
            entries[-1] += " " + line.strip()
        else:
            entries.append(line.strip())
    return entries


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
