"""The lab's pages: all systems at `/`, and one page for each at its prefix, with its state and its faults."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, redirect, render_template, request
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.core.clock import Clock
from app.lab import faults, show
from app.lab.faults import KINDS, FaultRequest
from app.lab.operations import LabRefusal
from app.lab.store import LabStore
from app.lab.systems import BY_NAME, SYSTEMS, LabSystem

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NUMBERS = ("calls", "after_s", "for_s")


def mount_pages(app: Flask, store: LabStore, clock: Clock) -> None:
    pages = Pages(store, clock)
    app.add_url_rule("/", "page_home", pages.home)
    for system in SYSTEMS:
        app.add_url_rule(f"/{system.name}", f"page_{system.name}", pages.system, defaults={"name": system.name})
    app.add_url_rule("/lab/pages/<name>/faults", "page_set_fault", pages.set_fault, methods=["POST"])
    app.add_url_rule("/lab/pages/<name>/lift/<int:fault_id>", "page_lift", pages.lift, methods=["POST"])


class Pages:
    def __init__(self, store: LabStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def home(self) -> Response:
        with self._store.transaction() as connection:
            facts = {"sums": show.sums(connection), "faults": self._faults(connection, None)}
        return _page("lab_home.html", systems=SYSTEMS, **facts)

    def system(self, name: str) -> Response:
        return self._show(BY_NAME[name], request.args.to_dict())

    def set_fault(self, name: str) -> AnyResponse:
        system, form = _known(name), request.form.to_dict()
        _refuse_other_sites()
        try:
            wanted = _read_form(system, form)
            with self._store.transaction() as connection:
                faults.add(connection, wanted, self._clock.now().timestamp(), "page")
        except LabRefusal as refusal:
            return self._show(system, form, refusal.message, 400)
        return redirect(f"/{system.name}#faults", 303)

    def lift(self, name: str, fault_id: int) -> AnyResponse:
        _refuse_other_sites()
        with self._store.transaction() as connection:
            faults.lift(connection, fault_id)
        return redirect(f"/{_known(name).name}#faults", 303)

    def _show(self, system: LabSystem, form: dict[str, str], problem: str = "", status: int = 200) -> Response:
        with self._store.transaction() as connection:
            facts: dict[str, Any] = {
                "panels": show.panels(connection, system),
                "shelves": show.shelves(connection) if system.name == "access" else [],
                "calls": show.last_calls(connection, system),
                "faults": self._faults(connection, system),
            }
        kinds = {name: kind for name, kind in KINDS.items() if kind.system in (None, system.name)}
        page = _page(
            "lab_system.html", systems=SYSTEMS, system=system, kinds=kinds, form=form, problem=problem, **facts
        )
        page.status_code = status
        return page

    def _faults(self, connection: sqlite3.Connection, system: LabSystem | None) -> list[dict[str, Any]]:
        """Those that are still to be met; a system's own, or all."""
        at = self._clock.now().timestamp()
        return [
            {**fault, "state": _state(fault, at), "of": _concerns(fault)}
            for fault in faults.listed(connection)
            if not faults.is_over(fault, at) and (system is None or _concerns(fault) in (None, system.name))
        ]


def _concerns(fault: dict[str, Any]) -> str | None:
    """The name of the only system that the fault can meet."""
    match = fault["match"]
    named = match.get("system") or match.get("operation", "").partition(".")[0] or KINDS[fault["kind"]].system
    return str(named) if named else None


def _state(fault: dict[str, Any], at: float) -> str:
    if at < fault["starts_at"]:
        return f"begins at {show.time_of_day(fault['starts_at'])}"
    if fault["ends_at"] is not None:
        return f"holds until {show.time_of_day(fault['ends_at'])}"
    if fault["calls"] is not None:
        return f"for {fault['calls'] - fault['hits']} more calls"
    return "holds"


def _read_form(system: LabSystem, form: dict[str, str]) -> FaultRequest:
    match = {"operation": form["operation"]} if form.get("operation") else {"system": system.name}
    name, equals, value = form.get("subject", "").strip().partition("=")
    if name:
        if not (equals and value.strip()):
            raise LabRefusal(400, "bad_fault", "Only for: expected a name and a value, as serial=ALCL0000A001.")
        match[name.strip()] = value.strip()
    filled = {field: form[field].strip() for field in (*NUMBERS, "code") if form.get(field, "").strip()}
    try:
        return FaultRequest.model_validate({"kind": form.get("kind", ""), "match": match, **filled})
    except ValidationError as error:
        first = error.errors()[0]
        raise LabRefusal(400, "bad_fault", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _known(name: str) -> LabSystem:
    if name not in BY_NAME:
        raise LabRefusal(404, "unknown_system", f"no system {name}; there are {', '.join(BY_NAME)}")
    return BY_NAME[name]


def _refuse_other_sites() -> None:
    """A form on somebody else's page is not to break a network on this machine."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise LabRefusal(403, "other_site", "this form is sent from the lab's own pages only")


def _page(template: str, **facts: Any) -> Response:
    answer = make_response(render_template(template, **facts))
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer
