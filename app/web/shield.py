"""What every answer tells a browser: what it may do with it, which is as little as possible."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from flask import Flask, Response, request

# A sandbox: what is no page runs nothing, even where a browser shows it by itself, as it does XML.
NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
# Nothing is fetched from elsewhere and no script stands in a page. bpmn-js draws with style attributes and embeds its
# watermark's logo.
PAGES: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_DOCUMENTATION: Final = "swagger.swagger"
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def install_shield(app: Flask) -> None:
    """For every answer; what a room says itself stands."""
    app.after_request(_shield)


def _shield(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == _DOCUMENTATION:
        response.headers["Content-Security-Policy"] = _policy_of_documentation(response)
    response.headers.setdefault("Content-Security-Policy", PAGES if response.mimetype == "text/html" else NOTHING)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _policy_of_documentation(response: Response) -> str:
    """The page is a library's and has a script in it: that one is allowed by its digest, and no other."""
    scripts = _INLINE.findall(response.get_data(as_text=True))
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
