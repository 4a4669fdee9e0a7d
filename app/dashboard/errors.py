"""Refusals and failures in the dashboard's style: beside the form that htmx sent, else as a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import TooMany, TurnupError
from app.core.ids import new_id
from app.core.log import get_logger
from app.identity.authority import MissingPermission

HEADINGS = {
    400: "Not accepted",
    403: "Not allowed",
    404: "There is nothing here",
    405: "Not this way",
    409: "Not as things stand now",
    413: "Too large",
    422: "That cannot be done",
    429: "Too often",
    500: "Something went wrong here",
}


def handle_errors(app: Flask, blueprint: Blueprint, managers: Callable[[], list[str]]) -> None:
    """For the dashboard's own pages, and for addresses that belong to nobody when a browser asks for a page.

    `managers` are those who can give what somebody may not do.
    """

    def turn_away(error: MissingPermission) -> Response:
        return answer(error.status, error.message, code=error.code, ask=managers())

    blueprint.register_error_handler(MissingPermission, turn_away)
    blueprint.register_error_handler(TurnupError, refuse)
    blueprint.register_error_handler(HTTPException, answer_http)
    blueprint.register_error_handler(Exception, break_down)
    app.register_error_handler(NotFound, answer_unknown)


def refuse(error: TurnupError) -> Response:
    if error.status >= 500:
        return break_down(error)
    response = answer(error.status, error.message, code=error.code, path=error.path)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def break_down(error: Exception) -> Response:
    """What nobody foresaw: told to the log in full, and to the operator by a number that finds it there."""
    error_id = new_id()
    get_logger(__name__).error(
        "request_failed", error_id=error_id, method=request.method, path=request.path, status=500, exc_info=error
    )
    return answer(500, f"What you asked for was not done. The server's log tells more under {error_id}.")


def answer_http(error: HTTPException) -> AnyResponse:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length is not None:
        return answer(error.code, f"At most {request.max_content_length:,} bytes are accepted here.")
    return answer(error.code, error.description or "")


def answer_unknown(error: NotFound) -> ResponseReturnValue:
    """A page for people. What asks for JSON, or lies under the API's paths, gets what the application answers else."""
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"], default="application/json")
    if wanted == "text/html" and not request.path.startswith(("/api/", "/static/")):
        return answer(404, "No page has this address.")
    general = current_app.error_handler_spec[None][None].get(HTTPException)
    if general is None:
        return error.get_response()
    return cast(ResponseReturnValue, general(error))


def answer(
    status: int, message: str, *, code: str | None = None, path: str | None = None, ask: Sequence[str] = ()
) -> Response:
    template = "refusal.html" if request.headers.get("HX-Request") else "error.html"
    heading = HEADINGS.get(status, HEADINGS[500] if status >= 500 else HEADINGS[400])
    field = path.removeprefix("$.") if path else None
    page = render_template(template, status=status, heading=heading, message=message, code=code, field=field, ask=ask)
    return Response(page, status)
