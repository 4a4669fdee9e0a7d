"""A house as `turnup serve` builds it lets in what it may, sends the rest away and takes it once there is room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from app.core.settings import read_settings
from app.factory import House, build_house
from tests.factories.diagrams import Diagram
from tests.factories.people import add_token
from tests.unit.dispatch.waiting import PATIENCE_S, no_look_runs, until

TOKEN = "let-me-in"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
LIMIT = 5


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Nobody works in it yet."""
    given = {
        "TURNUP_DATABASE_URL": database_url,
        "TURNUP_DATA_DIR": str(tmp_path / "data"),
        "TURNUP_INTAKE_LIMIT": str(LIMIT),
    }
    house = build_house(read_settings(given), given, too_many_strays=lambda: None)
    add_token(house.room.database, TOKEN)
    diagram = Diagram("p").start("s").user("u").end("e").chain("s", "u", "e").xml()
    client = house.app.test_client()
    client.post("/api/v1/process-definitions", data=diagram, content_type="application/xml", headers=HEADERS)
    yield house
    if house.dispatch.is_running:
        house.stop(PATIENCE_S)
    house.room.close()


def start(house: House) -> TestResponse:
    return house.app.test_client().post("/api/v1/process-instances", json={"processId": "p"}, headers=HEADERS)


def figures(house: House) -> dict[str, float]:
    text = house.app.test_client().get("/metrics").text
    until(no_look_runs)
    return {name: float(value) for name, value in re.findall(r"^(turnup_intake_\w+(?:\{.*\})?) (\S+)$", text, re.M)}


def test_a_wave_is_sent_away_and_taken_in_once_workers_have_come(house: House) -> None:
    assert [start(house).status_code for _ in range(LIMIT)] == [202] * LIMIT
    refused = start(house)
    assert (refused.status_code, refused.headers["Retry-After"].isdigit()) == (429, True)
    until(lambda: figures(house)["turnup_intake_backlog"] == LIMIT)
    assert figures(house)['turnup_intake_refused_total{priority="2"}'] >= 1
    house.start()
    until(lambda: start(house).status_code == 202)
    until(lambda: figures(house)["turnup_intake_backlog"] == 0)
