"""One instance: its diagram, what it waits for, its incidents, variables and history."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request

from app.core.personal import MASK
from app.dashboard.diagrams import Drawing, Elements, name_of
from app.dashboard.fields import fields_of
from app.dashboard.happenings import tell
from app.dashboard.marks import marks
from app.dashboard.pages import Pages
from app.dashboard.timeline import draw
from app.dashboard.times import iso
from app.dashboard.words import SECONDARY_WAITS, as_json
from app.engine import queries
from app.engine.moves import BY_HAND
from app.engine.queries import CallView, HistoryView, IncidentView, InstanceRow, TokenView, VariableView
from app.identity.audit import search
from app.web.personal import Veil

HISTORY_SHOWN = 60
VISITS_SHOWN = 8
AUDIT_SHOWN = 20
# What a token waits for that may be moved elsewhere: what stands beside the flow is not
MOVABLE = BY_HAND | {"incident", "join", "child"}
HISTORY_MOST = 1000


@dataclass(frozen=True)
class Origin:
    """Where a variable was set."""

    said: str
    element_id: str | None
    at: datetime | None


class InstancePage(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        base = "/instances/<instance_id>"
        blueprint.add_url_rule(base, "instance", self.show, methods=["GET"])
        blueprint.add_url_rule(f"{base}/live", "instance_live", self.live, methods=["GET"])
        blueprint.add_url_rule(f"{base}/elements/<element_id>", "instance_element", self.element, methods=["GET"])
        blueprint.add_url_rule(f"{base}/facts.json", "instance_json", self.raw, methods=["GET"])
        blueprint.add_url_rule(f"{base}/audit", "instance_audit", self.audit, methods=["GET"])

    def show(self, instance_id: str) -> str:
        with self.parts.database.reading() as connection:
            return self.page(connection, "instance.html", **self.facts(connection, instance_id))

    def live(self, instance_id: str, *, moved: bool = False) -> str:
        """The parts of the page that change, each on its own; open forms are outside them, unless one has done it."""
        with self.parts.database.reading() as connection:
            return self.update(connection, "instance_live.html", moved=moved, **self.facts(connection, instance_id))

    def audit(self, instance_id: str) -> str:
        """Who did what to the instance, its incidents and its tasks, refused or done."""
        with self.parts.database.reading() as connection:
            queries.get_instance(connection, instance_id, waits=False)
            incidents = [each.id for each in _incidents(connection, instance_id)]
            entries = search.find_about(connection, [instance_id, *incidents], f"{instance_id}:", AUDIT_SHOWN)
            return self.fragment("instance_audit.html", entries=[self.parts.personal.entry(each) for each in entries])

    def elements_shown(self, connection: sa.Connection, instance: InstanceRow) -> Elements:
        """Those of the process that is looked at."""
        return self._drawing(connection, self._shown(connection, instance.id, _call())).elements

    def element(self, instance_id: str, element_id: str) -> str:
        """What is known of one element of the diagram in this instance."""
        with self.parts.database.reading() as connection:
            instance, call = queries.get_instance(connection, instance_id), _call()
            veil = self.veil(connection, instance)
            elements = self._drawing(connection, self._shown(connection, instance_id, call)).elements
            here = [t for t in veil.tokens(queries.open_tokens(connection, instance_id)) if t.call == call]
            visits = queries.list_steps(connection, instance_id, call=call, element_id=element_id, limit=VISITS_SHOWN)
            calls = queries.list_calls(connection, instance_id, call)
            return self.fragment(
                "instance_element.html",
                instance=instance,
                call=call or None,
                elements=elements,
                drawn=elements.get(element_id),
                element_id=element_id,
                tokens=[token for token in here if token.element_id == element_id],
                movable=[token for token in here if token.element_id != element_id and token.kind in MOVABLE][:4],
                by_hand=BY_HAND,
                visits=[veil.step(step) for step in visits],
                called_here=[each for each in calls if each.element_id == element_id],
                passed=queries.passed_elements(connection, instance_id, call).get(element_id),
            )

    def raw(self, instance_id: str) -> Response:
        """Everything the page is made of, as JSON."""
        with self.parts.database.reading() as connection:
            instance = queries.get_instance(connection, instance_id)
            veil = self.veil(connection, instance)
            facts = {
                "instance": instance,
                "open_tokens": veil.tokens(queries.open_tokens(connection, instance_id)),
                "incidents": [veil.incident(each) for each in _incidents(connection, instance_id)],
                "variables": veil.variables(queries.variables(connection, instance_id)),
                "history": veil.history(queries.history(connection, instance_id, HISTORY_MOST, 0)),
            }
        return veil.note(Response(as_json(_plain(facts)), mimetype="application/json"))

    def veil(self, connection: sa.Connection, instance: InstanceRow) -> Veil:
        return self.parts.personal.veil(connection, instance.id, instance.process_id)

    def facts(self, connection: sa.Connection, instance_id: str) -> dict[str, Any]:
        instance, call = queries.get_instance(connection, instance_id), _call()
        called = queries.get_call(connection, instance_id, call) if call else None
        drawing = self._drawing(connection, called or instance)
        elements = drawing.elements
        veil = self.veil(connection, instance)
        tokens = veil.tokens(queries.open_tokens(connection, instance_id))
        here = [token for token in tokens if token.call == call]
        incidents = [veil.incident(each) for each in _incidents(connection, instance_id)]
        limit = _history_limit()
        history = veil.history(queries.history(connection, instance_id, limit + 1, 0, call=call))
        steps = queries.list_steps(connection, instance_id, call=call)
        return {
            "instance": instance,
            "call": call or None,
            "called": called,
            "calls": queries.list_calls(connection, instance_id, call),
            "elements": elements,
            "ratio": drawing.ratio,
            "tokens": sorted(here, key=lambda token: token.kind in SECONDARY_WAITS),
            "incidents": [incident for incident in incidents if incident.state != "resolved"],
            "settled": [incident for incident in incidents if incident.state == "resolved" and incident.action],
            "forms": {i.id: self._fields(i, tokens, veil) for i in incidents if _can_be_settled(i, instance)},
            "masked": veil.is_drawn,
            "standing": {token.number: token for token in tokens},
            "elsewhere": {i.id: self._place(connection, i) for i in incidents if i.call != call},
            "acted": [veil.acted(each) for each in queries.list_acted(connection, instance_id)],
            "timeline": draw(steps, elements, incidents, self.parts.clock.now(), queries.MOST_STEPS),
            "origins": self._origins(connection, instance_id, call, elements),
            "scopes": _by_scope(veil.variables(queries.variables(connection, instance_id)), called),
            "history": tell(history[:limit], elements, _decision_names(connection, history)),
            "history_limit": limit,
            "history_more": len(history) > limit and limit < HISTORY_MOST,
            "marks": marks(here, queries.passed_elements(connection, instance_id, call)),
        }

    def _origins(
        self, connection: sa.Connection, instance_id: str, call: int, elements: Elements
    ) -> dict[tuple[str, str], Origin]:
        """Where each variable was set, by its whole scope and name."""
        found = queries.origins(connection, instance_id)
        numbers = {number for number, _ in found.values() if number is not None}
        places = queries.elements_of(connection, instance_id, numbers)
        return {key: _origin(places, number, at, call, elements) for key, (number, at) in found.items()}

    def _drawing(self, connection: sa.Connection, shown: InstanceRow | CallView) -> Drawing:
        return self.diagrams.drawing(connection, shown.process_id, shown.version)

    def _place(self, connection: sa.Connection, incident: IncidentView) -> dict[str, Any]:
        """Where an incident lies that is not in the process shown."""
        shown = self._shown(connection, incident.instance_id, incident.call)
        name = name_of(self._drawing(connection, shown).elements, incident.element_id)
        return {"call": incident.call or None, "process_id": shown.process_id, "element": name}

    def _shown(self, connection: sa.Connection, instance_id: str, call: int) -> InstanceRow | CallView:
        if call:
            return queries.get_call(connection, instance_id, call)
        return queries.get_instance(connection, instance_id, waits=False)

    def _fields(self, incident: IncidentView, tokens: Sequence[TokenView], veil: Veil) -> dict[str, Any]:
        """The inputs that the failed attempt had, and a form field for each parameter of its handler.

        None for what holds something masked: the form would give the mask back as the value.
        """
        inputs = inputs_of(incident, tokens)
        handler = self.parts.registry.get(incident.handler) if incident.handler else None
        if handler is None:
            return {"inputs": inputs, "fields": None, "hidden": []}
        fields = fields_of(handler.parameters, inputs)
        hidden = [each.name for each in fields if veil.is_drawn and MASK in each.shown]
        return {"inputs": inputs, "fields": [each for each in fields if each.name not in hidden], "hidden": hidden}


def _origin(
    places: Mapping[int, tuple[str, int]], number: int | None, at: datetime | None, call: int, elements: Elements
) -> Origin:
    """What is shown beside a variable: a step of the process that is looked at has a name and can be chosen."""
    if number is None:
        return Origin("the start", None, at)
    element_id, of = places.get(number, ("", call))
    return Origin(name_of(elements, element_id), element_id, at) if of == call else Origin("another process", None, at)


def _can_be_settled(incident: IncidentView, instance: queries.InstanceRow) -> bool:
    return incident.state == "open" and bool(incident.number) and instance.state != "suspended"


def inputs_of(incident: IncidentView, tokens: Sequence[TokenView]) -> dict[str, Any]:
    for token in tokens:
        if token.number == incident.number and token.inputs:
            return dict(token.inputs)
    return dict(incident.detail.get("inputs") or {})


def _incidents(connection: sa.Connection, instance_id: str) -> list[IncidentView]:
    """Newest first."""
    return list(queries.list_incidents(connection, state=None, instance_id=instance_id, limit=100, offset=0).items)


def _decision_names(connection: sa.Connection, history: Sequence[HistoryView]) -> dict[str, str]:
    """By id, when the history speaks of any."""
    if not any(row.kind == "decision" for row in history):
        return {}
    return {view.decision_id: view.name for view in queries.list_decisions(connection)}


def _by_scope(variables: Sequence[VariableView], called: CallView | None) -> dict[str, list[VariableView]]:
    """Those of the process shown and of what is inside it, by scope: its own first, under ''."""
    own = "" if called is None else called.scope
    scopes: dict[str, list[VariableView]] = defaultdict(list)
    for variable in sorted(variables, key=lambda variable: (variable.scope, variable.name)):
        if own is not None and (variable.scope + "/").startswith(own + "/"):
            inner = variable.scope[len(own) :]
            if "/!" not in inner:  # that is another process's
                scopes[inner].append(variable)
    return scopes


def _call() -> int:
    """The called process that is shown; 0: the instance's own."""
    text = request.args.get("call", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _history_limit() -> int:
    text = request.args.get("history", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else HISTORY_SHOWN
    return min(max(wanted, HISTORY_SHOWN), HISTORY_MOST)


def _plain(value: Any) -> Any:
    """Dataclasses and instants as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return iso(value) if isinstance(value, datetime) else value
