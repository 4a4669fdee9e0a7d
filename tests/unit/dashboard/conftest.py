"""A world and a client of its dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.dashboards import World
from tests.factories.people import PASSWORD, add_user


@dataclass
class Operator:
    """A browser without scripts, logged in."""

    client: FlaskClient
    csrf: str

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, headers=headers)


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" (?:content|value)="([^"]+)"', page)
    assert found
    return found[1]


def log_in(client: FlaskClient, name: str = "Grace", password: str = PASSWORD, **more: str) -> TestResponse:
    csrf = csrf_of(client.get("/login").text)
    return client.post("/login", data={"csrf": csrf, "name": name, "password": password, **more})


def somebody(world: World, name: str, *grants: str) -> Operator:
    """Another one, with these grants, logged in."""
    add_user(world.identity, name, *grants)
    client = world.app.test_client()
    assert log_in(client, name).status_code == 303
    return Operator(client, csrf_of(client.get("/account").text))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def operator(world: World) -> Operator:
    client = world.app.test_client()
    assert log_in(client).status_code == 303
    return Operator(client, csrf_of(client.get("/").text))
