"""What is deployed, as the checks of diagrams see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from app.decisions.dmn import load
from app.decisions.dmn.asked import Asked, asked_by
from app.engine import definitions
from app.engine.kept import Kept
from app.engine.lint.house import House, Offer, offer_of
from app.engine.tables import decision, decision_model, form, process_definition
from app.handling.registry import Registry

# Decisions with the models that hold them, of each decision the newest last
_MODELS = (
    sa.select(decision.c.decision_id, decision_model.c.id)
    .join(decision_model, decision.c.decision_model_id == decision_model.c.id)
    .order_by(decision_model.c.deployed_at, decision_model.c.version)
)


class Houses:
    """What versions bring is kept by version, what decisions read by the model that holds them."""

    def __init__(self, registry: Registry, size: int = 1000) -> None:
        self._registry = registry
        self._kept: Kept[Offer] = Kept(size)
        self._asked: Kept[Mapping[str, Sequence[Asked]]] = Kept(size)

    def now(self, connection: sa.Connection) -> House:
        """What the latest versions bring; read while the connection is open, when something asks for it."""
        return House(lambda: self._offers(connection))

    def _offers(self, connection: sa.Connection) -> Iterator[Offer]:
        models = {row.decision_id: row.id for row in connection.execute(_MODELS)}
        asked = {name: partial(self._asked_by, connection, row_id, name) for name, row_id in models.items()}
        yield Offer(decisions=frozenset(models), asked=asked)
        yield Offer(forms=frozenset(connection.execute(sa.select(form.c.form_id).distinct()).scalars()))
        table = process_definition.c
        newest = sa.select(table.process_id, sa.func.max(table.version).label("version"))
        latest = newest.where(table.withdrawn_at.is_(None)).group_by(table.process_id).subquery()
        on = sa.and_(table.process_id == latest.c.process_id, table.version == latest.c.version)
        for (definition_id,) in connection.execute(sa.select(table.id).join_from(process_definition, latest, on)).all():
            yield self._kept.get(definition_id, partial(self._offer, connection, definition_id))

    def _offer(self, connection: sa.Connection, definition_id: str) -> Offer:
        query = sa.select(process_definition.c.document).where(process_definition.c.id == definition_id)
        return offer_of(definitions.read(connection.execute(query).scalar_one()), self._registry.get)

    def _asked_by(self, connection: sa.Connection, model_row_id: str, decision_id: str) -> Sequence[Asked]:
        """By a deployed decision; its model is loaded the first time."""
        kept = self._asked.get(model_row_id, partial(_asked_by_all, connection, model_row_id))
        return kept.get(decision_id, ())


def _asked_by_all(connection: sa.Connection, model_row_id: str) -> Mapping[str, Sequence[Asked]]:
    document = sa.select(decision_model.c.document).where(decision_model.c.id == model_row_id)
    model = load(connection.execute(document).scalar_one())
    return {decision_id: asked_by(model, decision_id) for decision_id in model.decisions}
