"""The files that browsers need beside the pages: squeezed once per process, and not sent again while they are the same.

Pages themselves are not squeezed: they hold a proof and whatever was asked for, and their lengths would tell of it.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

# What else lies in the folder, such as the sources of the parts, is nobody's.
FOLDERS = ("css", "js", "img", "vendor")
SQUEEZED = frozenset({".css", ".js", ".svg"})


@dataclass(frozen=True)
class _Squeezed:
    content: bytes
    digest: str
    mimetype: str


class StaticFiles:
    """Those of one folder, under /static."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._squeezed: dict[tuple[str, int, int], _Squeezed] = {}

    def install(self, app: Flask) -> None:
        app.static_folder = str(self._folder)
        app.static_url_path = "/static"
        app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=self.send)

    def send(self, filename: str) -> Response:
        joined = safe_join(str(self._folder), filename)
        path = Path(joined or "")
        if joined is None or not path.is_file() or path.relative_to(self._folder).parts[0] not in FOLDERS:
            raise NotFound
        if path.suffix not in SQUEEZED:
            return send_file(path)
        response = self._squeezed_answer(path) if request.accept_encodings["gzip"] else send_file(path)
        response.vary.add("Accept-Encoding")
        return response

    def _squeezed_answer(self, path: Path) -> Response:
        found = self._squeeze(path)
        response = Response(found.content, mimetype=found.mimetype)
        response.content_encoding = "gzip"
        response.set_etag(found.digest)
        response.cache_control.no_cache = True
        response.make_conditional(request)
        return response

    def _squeeze(self, path: Path) -> _Squeezed:
        facts = path.stat()
        key = (str(path), facts.st_mtime_ns, facts.st_size)
        found = self._squeezed.get(key)
        if found is None:
            content = gzip.compress(path.read_bytes(), 9, mtime=0)
            mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found = _Squeezed(content, hashlib.sha256(content).hexdigest()[:32], mimetype)
            self._squeezed[key] = found
        return found
