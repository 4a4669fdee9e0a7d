"""The empty application: its document, its limits, the kind of request it reads. Rooms are added by the factory."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import Response, redirect
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from pydantic import ValidationError
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core.settings import Settings
from app.web.errors import install_errors
from app.web.hosts import install_hosts
from app.web.problems import ErrorBody, refuse
from app.web.requests import JSON_LIMIT_BYTES, StrictRequest
from app.web.shield import install_shield

API_VERSION = "1.0.0"
DESCRIPTION = """Turnup fulfils telecom orders: each runs through a BPMN diagram, whose steps are Python handlers.

Deploy a diagram, start instances of it, send messages, complete user tasks, settle incidents. Every error has the shape
`ErrorBody`: a stable code, a message that says what to do, and the JSON path of the field at fault."""
_TOKENS = "Made on the page Account of the dashboard, or with `turnup token add`"


class Application(OpenAPI):
    """Flask with an OpenAPI 3.1 document at /openapi/openapi.json and a page to read it at /openapi."""

    request_class = StrictRequest

    def generate_spec_json(self) -> None:
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # the library's
        for path in self.spec_json["paths"].values():
            for operation in path.values():
                _tidy(operation)


def create_app_shell(settings: Settings) -> OpenAPI:
    """An application without a room in it.

    Nothing that is documented comes from elsewhere: the page's scripts are served from the installed package.
    """
    app = Application(
        "app",
        info=Info(title="Turnup", version=API_VERSION, description=DESCRIPTION),
        security_schemes={"bearer": {"type": "http", "scheme": "bearer", "description": _TOKENS}},
        servers=None,
        operation_id_callback=operation_id,
        validation_error_status=400,
        validation_error_model=ErrorBody,
        validation_error_callback=_refuse,
        static_folder=None,
    )
    app.config["DEBUG"] = False  # whatever FLASK_DEBUG says: that is a developer's
    app.config["MAX_CONTENT_LENGTH"] = JSON_LIMIT_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types the provider by its base class
    app.url_map.strict_slashes = False
    install_errors(app)
    install_shield(app)
    if settings.trusted_hosts:
        install_hosts(app, settings.trusted_hosts)
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask documents it
    app.add_url_rule("/openapi", "openapi_page", _to_page)
    return app


def operation_id(*, name: str, **_: Any) -> str:
    """The view's name in camelCase: names are unique over the whole API."""
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def _tidy(operation: dict[str, Any]) -> None:
    """Docstrings are Markdown, not HTML; and what takes no parameter refuses none."""
    if "description" in operation:
        operation["description"] = operation["description"].replace("<br/>", "\n").strip()
    if "parameters" not in operation and "requestBody" not in operation and "security" not in operation:
        del operation["responses"]["400"]


def _to_page() -> Response:
    return redirect("/openapi/swagger")  # type: ignore[return-value]  # werkzeug's response, which Flask passes on


def _refuse(error: ValidationError) -> NoReturn:
    raise refuse(error) from error
