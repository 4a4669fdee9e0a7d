"""Every error becomes a JSON body; none shows a stack trace to a caller."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from app.core.errors import TooMany, TurnupError
from app.core.ids import new_id
from app.core.log import get_logger
from app.web.problems import ErrorBody, body_of, in_words
from app.web.watching import request_facts

_CODES = {400: "InvalidInput", 404: "NoSuchPage", 413: "TooLarge", 415: "UnsupportedMediaType"}
_RETRY_AFTER_S = "5"


def install_errors(app: Flask) -> None:
    """Answer every error of the application in JSON; a blueprint's own handlers come before these."""
    app.register_error_handler(TurnupError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(sa.exc.OperationalError, _store_silent)
    app.register_error_handler(sa.exc.TimeoutError, _store_silent)
    app.register_error_handler(TimeoutError, _store_silent)
    app.register_error_handler(Exception, _unforeseen)


def answer(body: ErrorBody) -> Response:
    """The response that carries an error."""
    text = body.model_dump_json(by_alias=True, exclude_none=False, exclude=_empty(body))
    response = Response(text + "\n", body.status, mimetype="application/json")
    if body.status == 401:
        response.headers["WWW-Authenticate"] = f'Bearer realm="turnup", error_description="{body.reason}"'
    return response


def _empty(body: ErrorBody) -> set[str]:
    return {name for name in ("findings", "facts", "error_id") if getattr(body, name) is None}


def _known(error: TurnupError) -> Response:
    if error.status >= 500:
        return _logged(error, error.status, error.code, error.message)
    response = answer(body_of(error))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _http(error: HTTPException) -> Response:
    made = error.get_response()
    status = error.code or made.status_code
    if error.response is not None or status < 400:
        return Response(made.get_data(), status, made.headers)  # a finished answer, or a redirect
    code = _CODES.get(status, type(error).__name__)
    message = _message(error, code)
    body = ErrorBody(code=code, reason=in_words(code), message=message, status=status)
    response = answer(body)
    for name in ("Allow", "Retry-After", "Accept"):
        if name in made.headers:
            response.headers[name] = made.headers[name]
    return response


def _message(error: HTTPException, code: str) -> str:
    if isinstance(error, RequestEntityTooLarge):
        found = f", found {request.content_length:,}" if request.content_length else ""
        return f"A body of at most {request.max_content_length:,} bytes is accepted here{found}. Send less at once."
    if isinstance(error, NotFound):
        return f"There is nothing at {request.path[:200]}. What there is, /openapi tells."
    if isinstance(error, MethodNotAllowed):
        methods = ", ".join(sorted(error.valid_methods or []))
        return f"{request.method} does nothing at {request.path[:200]}. Use {methods}."
    return error.description or in_words(code)


def _store_silent(error: Exception) -> Response:
    message = "The database did not answer in time. Nothing was stored; send the same request again in a few seconds."
    response = _logged(error, 503, "StoreUnavailable", message)
    response.headers["Retry-After"] = _RETRY_AFTER_S
    return response


def _unforeseen(error: Exception) -> Response:
    message = "The server met an error that nobody foresaw. Its log tells more under this id."
    return _logged(error, 500, "InternalError", message)


def _logged(error: Exception, status: int, code: str, message: str) -> Response:
    error_id = new_id()
    get_logger(__name__).error(
        "request_failed",
        error_id=error_id,
        method=request.method,
        path=request.path,
        status=status,
        exc_info=error,
        **request_facts(),
    )
    return answer(ErrorBody(code=code, reason=in_words(code), message=message, status=status, error_id=error_id))
