"""Headers of the present request as a model, and those of a download."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote

from flask import Response, request
from pydantic import ValidationError

from app.web.models import Headers
from app.web.problems import refuse

Model = TypeVar("Model", bound=Headers)


def read_headers(model: type[Model]) -> Model:
    """The headers that the model names; InvalidRequest for one that does not fit."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    try:
        return model.model_validate({name: request.headers[name] for name in names if name in request.headers})
    except ValidationError as error:
        raise refuse(error) from error


def download_as(name: str, response: Response) -> Response:
    """Have a browser save it under that name, whose characters need not be those that a header can carry."""
    named = {"filename": name} if name.isascii() else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **named)
    return response
