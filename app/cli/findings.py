"""Findings as they are written: a line each for people, SARIF for what reads it in a pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from app.decisions.dmn import Finding as DmnFinding
from app.decisions.feel import value_to_json
from app.engine.diagram import Finding
from app.engine.lint.catalogue import RULES

FORMATS = ("plain", "sarif")
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Checked:
    """One file, and what is to be said of it."""

    file: Path
    findings: Sequence[Finding | DmnFinding]

    def has(self, *severities: str) -> bool:
        return any(finding.severity in severities for finding in self.findings)


def show(checked: Sequence[Checked], *, err: bool = False) -> None:
    """A line for each finding, which begins with `file:element`."""
    for each in checked:
        for finding in each.findings:
            place = f"{each.file}:{finding.element_id}" if finding.element_id else str(each.file)
            line = f" (line {finding.line})" if finding.line else ""
            said = f"{finding.severity} {finding.code}: {finding.message} {finding.remedy}{line}"
            click.echo(f"{place}: {said}", err=err)
            example = getattr(finding, "example", None)
            if example:
                click.echo(f"{place}: for example {value_to_json(example)}", err=err)


def sarif(checked: Sequence[Checked]) -> str:
    """A SARIF 2.1.0 log, as code hosts show it beside a change."""
    results = [_result(each.file, finding) for each in checked for finding in each.findings]
    rules = [_rule(code) for code in sorted({result["ruleId"] for result in results})]
    driver = {"name": "turnup", "semanticVersion": version("turnup"), "rules": rules}
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {"id": code, "shortDescription": {"text": rule.means}, "help": {"text": rule.remedy}}


def _uri(file: Path) -> str:
    """Relative as it was given, which is what code hosts match with their tree."""
    return file.as_uri() if file.is_absolute() else quote(file.as_posix())


def _result(file: Path, finding: Finding | DmnFinding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
    if finding.line:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.element_id:
        location["logicalLocations"] = [{"name": finding.element_id, "kind": "element"}]
    return {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": f"{finding.message} {finding.remedy}"},
        "locations": [location],
    }
