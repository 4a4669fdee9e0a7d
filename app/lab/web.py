"""The lab over HTTP: each system's operations, and `/lab/...` to break the network and to see what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, jsonify, request
from pydantic import ValidationError

from app.core.clock import Clock, SystemClock
from app.lab import callers, faults, ledger, notices, scenario
from app.lab.callbacks import CallbackSender
from app.lab.desk import Desk
from app.lab.faults import FaultRequest
from app.lab.operations import LabRefusal, Operation
from app.lab.pages import mount_pages
from app.lab.settings import LabSettings
from app.lab.store import LabStore
from app.lab.systems import SYSTEMS


class Lab:
    """One laboratory: its WSGI `app`, and `close` for tests that open many."""

    def __init__(self, settings: LabSettings, clock: Clock, played: Sequence[FaultRequest] | None = None) -> None:
        self.store = LabStore(settings.path)
        if played is not None:
            scenario.play(self.store, played, clock.now().timestamp())
        self.app = Flask(__name__)
        _mount_operations(self.app, Desk(self.store, settings, clock))
        _mount_faults(self.app, self.store, clock)
        _mount_ledger(self.app, self.store, clock)
        _mount_callers(self.app, self.store, clock)
        mount_pages(self.app, self.store, clock)
        self.app.register_error_handler(LabRefusal, _refused)
        self._sender = CallbackSender(self.store, settings, clock) if settings.callback_url else None
        if self._sender:
            self._sender.start()

    def close(self) -> None:
        if self._sender:
            self._sender.stop()
        self.store.close()


def create_lab(settings: LabSettings, played: Sequence[FaultRequest] | None = None) -> Flask:
    """The WSGI app for a server process, which ends with it; `played` is a scenario, which begins now."""
    return Lab(settings, SystemClock(), played).app


def _mount_operations(app: Flask, desk: Desk) -> None:
    def view_of(operation: Operation) -> Any:
        def view(**in_path: str) -> tuple[Response, int]:
            in_body = request.get_json(silent=True) if request.data else None
            if in_body is not None and not isinstance(in_body, dict):
                raise LabRefusal(400, "bad_request", "the body must be a JSON object")
            arguments = {**request.args.to_dict(), **(in_body or {}), **in_path}
            reply = desk.serve(operation, request.headers.get("Idempotency-Key"), arguments)
            return jsonify(reply.body), reply.status

        return view

    for system in SYSTEMS:
        for operation in system.operations:
            name = operation.name.replace(".", "_")
            app.add_url_rule(operation.rule, name, view_of(operation), methods=[operation.method])


def _mount_faults(app: Flask, store: LabStore, clock: Clock) -> None:
    @app.post("/lab/faults")
    def add_fault() -> tuple[Response, int]:
        try:
            wanted = FaultRequest.model_validate(request.get_json(silent=True))
        except ValidationError as error:
            raise LabRefusal(400, "bad_fault", str(error)) from error
        with store.transaction() as connection:
            return jsonify(id=faults.add(connection, wanted, clock.now().timestamp())), 201

    @app.get("/lab/faults")
    def list_faults() -> Response:
        with store.transaction() as connection:
            return jsonify(faults.listed(connection))

    @app.delete("/lab/faults")
    def lift_all() -> Response:
        with store.transaction() as connection:
            return jsonify(lifted=faults.lift(connection))

    @app.delete("/lab/faults/<int:fault_id>")
    def lift_one(fault_id: int) -> Response:
        with store.transaction() as connection:
            if not faults.lift(connection, fault_id):
                raise LabRefusal(404, "unknown_fault", f"no fault {fault_id}")
            return jsonify(lifted=1)


def _mount_ledger(app: Flask, store: LabStore, clock: Clock) -> None:
    def asked() -> tuple[str | None, str | None, int]:
        return request.args.get("key"), request.args.get("operation"), request.args.get("after", 0, int)

    @app.get("/lab/calls")
    def list_calls() -> Response:
        with store.transaction() as connection:
            return jsonify(ledger.calls(connection, *asked()))

    @app.get("/lab/effects")
    def list_effects() -> Response:
        with store.transaction() as connection:
            return jsonify(ledger.effects(connection, *asked()))

    @app.get("/lab/notices")
    def list_notices() -> Response:
        with store.transaction() as connection:
            return jsonify(notices.listed(connection, request.args.get("after", 0, int), clock.now().timestamp()))

    @app.get("/lab/summary")
    def show_summary() -> Response:
        with store.transaction() as connection:
            return jsonify(ledger.summary(connection))

    @app.post("/lab/reset")
    def reset() -> Response:
        store.reset()
        return jsonify(reset=True)

    @app.get("/lab/health")
    def health() -> Response:
        return jsonify(ok=True)


def _mount_callers(app: Flask, store: LabStore, clock: Clock) -> None:
    @app.put("/lab/callers/<name>")
    def declare_caller(name: str) -> Response:
        body = request.get_json(silent=True)
        at = body.get("at") if isinstance(body, dict) else None
        if not isinstance(at, int | float) or isinstance(at, bool):
            raise LabRefusal(400, "bad_request", "say `at`: what the caller's clock says, in seconds since the epoch")
        with store.transaction() as connection:
            callers.declare(connection, callers.Caller(name, float(at)))
        return jsonify(name=name, at=at)

    @app.get("/lab/callers/<name>/notices")
    def list_kept(name: str) -> Response:
        with store.transaction() as connection:
            return jsonify(notices.kept_for(connection, name, clock.now().timestamp()))


def _refused(refusal: LabRefusal) -> tuple[Response, int]:
    return jsonify(refusal.body), refusal.status
