"""Chromium as the system has it, and a world served to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.factories.dashboards import World
from tests.factories.labs import serving
from tests.factories.people import PASSWORD
from tests.unit.dashboard.conftest import csrf_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def base_url() -> None:
    """Every test has a server of its own; pytest-base-url's fixture of this name warns on pytest 9."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": args}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def site(world: World) -> Iterator[str]:
    with serving(world.app) as url:
        yield url


@pytest.fixture
def complaints(page: Page, site: str) -> Iterator[list[str]]:
    """What the page complained of, and whatever it asked of anybody else; nothing may stay in it."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("console", lambda said: found.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((site, "data:")) else found.append(asked.url))
    yield found
    assert found == []


@pytest.fixture
def operator(page: Page, site: str, complaints: list[str]) -> Page:
    """Grace, logged in, looking at the first page. Without the form, which takes long to draw: test_design.py fills it in."""
    csrf = csrf_of(page.request.get(f"{site}/login").text())
    filled = {"csrf": csrf, "name": "Grace", "password": PASSWORD}
    page.request.post(f"{site}/login", form=filled, max_redirects=0)
    page.goto(f"{site}/")
    expect(page.get_by_role("heading", name="What needs you now")).to_be_visible()
    return page
