"""Decisions as they are deployed."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.core.errors import NotFound
from app.engine.tables import decision, decision_model


@dataclass(frozen=True)
class DecisionView:
    """A decision in the latest version of its model."""

    decision_id: str
    name: str
    model_id: str
    version: int
    deployed_at: datetime
    model_row_id: str


def list_decisions(connection: sa.Connection) -> list[DecisionView]:
    """By id; of decisions with one id in two models, the one deployed last."""
    query = (
        sa.select(
            decision.c.decision_id,
            decision.c.name,
            decision_model.c.model_id,
            decision_model.c.version,
            decision_model.c.deployed_at,
            decision_model.c.id.label("model_row_id"),
        )
        .join(decision_model, decision_model.c.id == decision.c.decision_model_id)
        .order_by(decision.c.decision_id, decision_model.c.deployed_at, decision_model.c.version)
    )
    latest = {row.decision_id: DecisionView(**row._mapping) for row in connection.execute(query)}
    return list(latest.values())


def get_decision(connection: sa.Connection, decision_id: str) -> DecisionView:
    for view in list_decisions(connection):
        if view.decision_id == decision_id:
            return view
    raise NotFound(f"No decision '{decision_id}' is deployed.")


def decision_document(connection: sa.Connection, model_row_id: str) -> bytes:
    """The DMN as it was deployed."""
    found = connection.execute(sa.select(decision_model.c.document).where(decision_model.c.id == model_row_id)).first()
    if found is None:
        raise NotFound(f"There is no decision model '{model_row_id}'.")
    return bytes(found.document)
