"""Whose address a request has: the neighbour's, unless so many proxies are said to stand before the server."""

from __future__ import annotations

import pytest
from flask import jsonify, request

from app.core.settings import read_settings
from app.web.openapi import create_app_shell

SENT = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("proxies", "address", "secure"),
    [("0", "127.0.0.1", False), ("1", "198.51.100.7", True), ("2", "203.0.113.9", False)],
)
def test_forwarded_headers_are_believed_of_as_many_proxies_as_there_are(
    proxies: str, address: str, secure: bool
) -> None:
    app = create_app_shell(read_settings({"TURNUP_PROXIES": proxies}))
    app.add_url_rule("/seen", "static", lambda: jsonify(address=request.remote_addr, secure=request.is_secure))
    seen = app.test_client().get("/seen", headers=SENT).json
    assert seen == {"address": address, "secure": secure}
