"""What a caller without the right to see personal data is shown: the same shape, with MASK in the place of values.

`PersonalData.may_see` is where the right is asked: given a process's id, whether the caller of this request has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from flask import Response

from app.core.jobs import ItemView
from app.core.personal import MASK, masked, masking, personal_values
from app.core.secrecy import Scrubber
from app.engine.queries import (
    ActedView,
    CauseView,
    HistoryView,
    IncidentView,
    StepView,
    TokenView,
    UserTaskView,
    VariableView,
    incidents_of,
)
from app.engine.queries.personal import personal_texts
from app.engine.rewind import RewindPlan
from app.identity.approvals import ApprovalView
from app.identity.audit.search import EntryView

NOTE_HEADER = "Turnup-Masked"
NOTE = "personal"
_VALUES = ("stored", "new")  # of a conflict about `variable`


@dataclass(frozen=True)
class Veil:
    """Over the values of one instance. With no names it lets everything through."""

    names: frozenset[str] = frozenset()
    texts: Scrubber = field(default_factory=Scrubber)

    @property
    def is_drawn(self) -> bool:
        return bool(self.names)

    def value(self, value: Any) -> Any:
        return self.texts.value(masked(value, self.names)) if self.names else value

    def variables(self, views: Iterable[VariableView]) -> list[VariableView]:
        return [
            replace(view, value=MASK if view.name in self.names and view.value is not None else self.value(view.value))
            for view in views
        ]

    def tokens(self, views: Iterable[TokenView]) -> list[TokenView]:
        return [
            replace(
                view,
                inputs=self.value(view.inputs),
                error=self.value(view.error),
                correlation=self.value(view.correlation),
            )
            for view in views
        ]

    def step(self, view: StepView) -> StepView:
        tries = [replace(each, message=self.value(each.message)) for each in view.tries]
        inputs, outputs, error = self.value(view.inputs), self.value(view.outputs), self.value(view.error)
        return replace(view, inputs=inputs, outputs=outputs, error=error, tries=tries)

    def acted(self, view: ActedView) -> ActedView:
        return replace(view, error=self.value(view.error), reason=self.value(view.reason))

    def history(self, views: Iterable[HistoryView]) -> list[HistoryView]:
        return [replace(view, detail=self._detail(view.detail)) for view in views]

    def incident(self, view: IncidentView) -> IncidentView:
        return replace(
            view,
            message=self.value(view.message),
            signature=self.value(view.signature),
            detail=self._detail(view.detail),
            action_detail=self.value(view.action_detail),
            outcome_detail=self.value(view.outcome_detail),
        )

    def task(self, view: UserTaskView) -> UserTaskView:
        return replace(view, inputs=self.value(view.inputs))

    def plan(self, plan: RewindPlan) -> RewindPlan:
        done = [
            replace(step, arguments=self.value(step.arguments), outputs=self.value(step.outputs)) for step in plan.done
        ]
        return replace(plan, done=done)

    def note(self, response: Response) -> Response:
        """Tells the reader, where something may have been masked."""
        if self.is_drawn:
            response.headers[NOTE_HEADER] = NOTE
        return response

    def _detail(self, detail: dict[str, Any]) -> dict[str, Any]:
        hidden = _VALUES if detail.get("variable") in self.names else ()
        shown: dict[str, Any] = self.value(detail)
        return {name: MASK if name in hidden else value for name, value in shown.items()}


OPEN = Veil()


def note(response: Response, veils: Mapping[str, Veil]) -> Response:
    """As `Veil.note`, for an answer about several instances."""
    return next((veil for veil in veils.values() if veil.is_drawn), OPEN).note(response)


@dataclass(frozen=True)
class PersonalData:
    """`fields` gives the names of personal fields; `may_see` says whether the caller may see them in a process, or for
    the empty id in what concerns no single one."""

    fields: Callable[[], frozenset[str]] = frozenset
    may_see: Callable[[str], bool] = lambda process_id: True

    def entry(self, view: EntryView) -> EntryView:
        """Of the audit."""
        hide = self._hides(view.process_id, [view.before, view.after])
        return replace(view, before=hide(view.before), after=hide(view.after), reason=hide(view.reason))

    def approval(self, view: ApprovalView) -> ApprovalView:
        hide = self._hides(view.process_id, [view.body])
        return replace(view, body=hide(view.body), reason=hide(view.reason))

    def _hides(self, process_id: str | None, asked: Any) -> Callable[[Any], Any]:
        """What was asked for is named as in the API, or as a form's fields, which begin with `input.`"""
        names = frozenset() if self.may_see(process_id or "") else self.fields()
        if not names:
            return OPEN.value
        both = frozenset((*names, *(f"input.{name}" for name in names)))
        return Veil(both, masking(personal_values(asked, both))).value

    def causes(
        self, connection: sa.Connection, views: Sequence[CauseView]
    ) -> tuple[list[CauseView], Mapping[str, Veil]]:
        """Each as the caller may see the incident that stands for it, and the veils that were put over them."""
        veils = self.veils(connection, [(view.oldest.instance_id, view.oldest.process_id) for view in views])
        return [replace(view, oldest=veils[view.oldest.instance_id].incident(view.oldest)) for view in views], veils

    def retries(
        self, connection: sa.Connection, items: Sequence[ItemView]
    ) -> tuple[list[ItemView], Mapping[str, Veil]]:
        """Of a job that retries incidents: what came of each, as the caller may see those, and the veils."""
        incidents = incidents_of(connection, [item.target for item in items])
        veils = self.veils(connection, [(each.instance_id, each.process_id) for each in incidents.values()])
        of_item = {target: veils[each.instance_id] for target, each in incidents.items()}
        veiled = [replace(item, outcome=of_item.get(item.target, OPEN).value(item.outcome)) for item in items]
        return veiled, veils

    def veil(self, connection: sa.Connection, instance_id: str, process_id: str) -> Veil:
        return self.veils(connection, [(instance_id, process_id)])[instance_id]

    def veils(self, connection: sa.Connection, instances: Sequence[tuple[str, str]]) -> dict[str, Veil]:
        """By instance, of each (instance id, process id)."""
        veils = dict.fromkeys((instance_id for instance_id, _ in instances), OPEN)
        hidden = {instance_id for instance_id, process_id in instances if not self.may_see(process_id)}
        names = self.fields() if hidden else frozenset()
        if names:
            texts = personal_texts(connection, hidden, names)
            veils |= {each: Veil(names, masking(texts.get(each, ()))) for each in hidden}
        return veils
