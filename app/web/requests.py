"""A request whose JSON is read strictly and whose body has a limit before it is read."""

from __future__ import annotations

from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.core.errors import InvalidInput
from app.web.json_in import read_object

JSON_LIMIT_BYTES = 1_500_000


class EncodedBody(InvalidInput):
    """The body is compressed."""

    status = 415


class StrictRequest(Request):
    """Flask's request; its JSON is an object read by `app.web.json_in`, once."""

    _read: dict[str, Any] | None = None

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body's object. Raises whatever is wrong with it, also where a caller asked for silence."""
        if self._read is None:
            if not self.is_json:
                found = self.mimetype or "none"
                raise UnsupportedMediaType(f"Expected a body of Content-Type application/json, found {found}.")
            self._read = read_object(self.whole_body())
        return self._read

    def whole_body(self) -> bytes:
        """The body as it came; 413 as soon as it is known to be larger than `max_content_length`."""
        encoding = self.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            raise EncodedBody(f"The body has Content-Encoding {encoding[:40]!r}. Send it uncompressed.")
        body = self.get_data(cache=True)
        # Of a body whose length was not announced, werkzeug reads up to the limit and drops the rest in silence.
        if self.content_length is None and len(body) >= (self.max_content_length or JSON_LIMIT_BYTES):
            raise RequestEntityTooLarge
        return body
