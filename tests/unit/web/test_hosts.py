"""A server that was told its names answers by no other."""

from __future__ import annotations

from typing import Any

import pytest
from flask import jsonify

from app.core.settings import read_settings
from app.web.openapi import create_app_shell


def answered(
    host: str, path: str = "/seen", trusted: str = "Turnup.example.net, .apps.example.net, 127.0.0.1", **headers: str
) -> Any:
    app = create_app_shell(read_settings({"TURNUP_TRUSTED_HOSTS": trusted, "TURNUP_PROXIES": "1"}))
    app.add_url_rule(path, "seen", lambda: jsonify(ok=True))
    return app.test_client().get(path, headers={"Host": host, **headers})


@pytest.mark.parametrize(
    "host", ["turnup.example.net", "TURNUP.example.net:8443", "a.apps.example.net", "127.0.0.1:8080"]
)
def test_it_answers_by_the_names_that_it_was_told(host: str) -> None:
    assert answered(host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "turnup.example.net.evil.example", "xturnup.example.net", "", "a b", "127.0.0.2"]
)
def test_it_answers_by_no_other_and_says_what_to_do(host: str) -> None:
    refused = answered(host)
    assert refused.status_code == 400
    assert refused.json["code"] == "UnknownHost"
    assert "TURNUP_TRUSTED_HOSTS" in refused.json["message"]


def test_a_page_that_does_not_exist_is_refused_alike() -> None:
    assert answered("evil.example", "/other").json["code"] == "UnknownHost"


def test_what_a_proxy_says_it_was_asked_by_counts() -> None:
    assert answered("turnup.example.net", **{"X-Forwarded-Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_ask_by_any_name(path: str) -> None:
    assert answered("10.0.0.7:8080", path).status_code == 200


def test_a_server_that_was_told_no_name_answers_by_any() -> None:
    assert answered("anything.example", trusted="").status_code == 200
