"""Decision models as they are deployed: checked, numbered, kept as they came, evaluated for flows and for the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import NotFound
from app.core.ids import new_id
from app.decisions.dmn import DmnRefused, Finding, Model, lint, load
from app.decisions.feel import value_to_json
from app.engine.kept import Kept
from app.engine.tables import decision, decision_model


class UnknownDecision(NotFound):
    """No decision with that id, or not in that version, is deployed."""


@dataclass(frozen=True)
class DecisionDeployment:
    """`created` is False when the latest version already has this content."""

    id: str
    model_id: str
    version: int
    name: str
    created: bool
    decisions: list[str]
    findings: list[Finding]


@dataclass(frozen=True)
class Decided:
    """What a decision came to, and why: `matched` holds a row for each rule that matched."""

    decision_id: str
    version: int
    value: Any
    matched: list[dict[str, Any]]
    errors: list[str]


_FIND = Prepared(
    sa.select(decision_model.c.id, decision_model.c.version)
    .join(decision, decision.c.decision_model_id == decision_model.c.id)
    .where(decision.c.decision_id == sa.bindparam("decision_id_"))
    .order_by(decision_model.c.deployed_at.desc(), decision_model.c.version.desc())
    .limit(sa.literal_column("1"))
)


def examine(document: bytes) -> tuple[Model, list[Finding]]:
    """A model and everything wrong with it; DmnRefused only when it cannot even be read."""
    model = load(document)
    return model, lint(model)


@dataclass(frozen=True)
class Accepted:
    """A model without errors, ready to be stored."""

    document: bytes
    model: Model
    findings: list[Finding]


def accept(document: bytes) -> Accepted:
    """Read and lint a model, with no transaction open: a large one takes seconds. DmnRefused lists every error."""
    model, findings = examine(document)
    if any(finding.severity == "error" for finding in findings):
        raise DmnRefused(findings)
    return Accepted(document, model, findings)


def deploy(tx: Transaction, accepted: Accepted, clock: Clock) -> DecisionDeployment:
    """Store a model as its next version, unless the latest one is the same."""
    model, findings = accepted.model, accepted.findings
    known = decision_model.c
    latest = tx.connection.execute(
        sa.select(known.id, known.version, known.digest)
        .where(known.model_id == model.id)
        .order_by(known.version.desc())
        .limit(1)
    ).first()
    ids = sorted(model.decisions)
    if latest is not None and latest.digest == model.digest:
        return DecisionDeployment(latest.id, model.id, latest.version, model.name, False, ids, findings)
    row_id, version = new_id(), 1 if latest is None else latest.version + 1
    tx.connection.execute(
        sa.insert(decision_model).values(
            id=row_id,
            model_id=model.id,
            version=version,
            name=model.name,
            digest=model.digest,
            document=accepted.document,
            deployed_at=clock.now(),
        )
    )
    rows = [{"decision_model_id": row_id, "decision_id": one, "name": model.decisions[one].name} for one in ids]
    if rows:
        tx.connection.execute(sa.insert(decision), rows)
    return DecisionDeployment(row_id, model.id, version, model.name, True, ids, findings)


class Decisions:
    """Loaded models by id, kept for this process; safe to use from many threads."""

    def __init__(self, size: int = 64) -> None:
        self._kept: Kept[Model] = Kept(size)

    def model(self, connection: sa.Connection, model_row_id: str) -> Model:
        """A deployed model; loaded from its document the first time."""
        query = sa.select(decision_model.c.document).where(decision_model.c.id == model_row_id)
        return self._kept.get(model_row_id, lambda: load(connection.execute(query).scalar_one()))

    def evaluate(self, connection: sa.Connection, decision_id: str, inputs: Mapping[str, Any], clock: Clock) -> Decided:
        """The latest version of a decision, evaluated; UnknownDecision."""
        rows = _FIND.rows(connection, {"decision_id_": decision_id})
        if not rows:
            raise UnknownDecision(f"No decision '{decision_id}' is deployed. Deploy the .dmn file that holds it.")
        model_row_id, version = rows[0]
        outcome = self.model(connection, model_row_id).explain(decision_id, inputs, clock=clock)
        matched = [
            {
                "decision": rule.decision_name,
                "rule": rule.rule_index,
                "rule_id": rule.rule_id,
                "inputs": value_to_json(dict(rule.inputs)),
                "outputs": value_to_json(dict(rule.outputs)),
                "annotations": list(rule.annotations),
            }
            for rule in outcome.matched
        ]
        return Decided(decision_id, version, value_to_json(outcome.value), matched, list(outcome.errors))
