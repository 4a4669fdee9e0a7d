"""How the laboratory is broken: by the clock, by a scenario, by chance, from its pages; and what callers read of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.core.clock import FixedClock
from app.lab.chance import KINDS
from app.lab.command import lab
from app.lab.homes import HOMES
from app.lab.scenario import BadScenario, read_scenario
from app.lab.settings import Chance, LabSettings
from app.lab.systems import SYSTEMS
from app.lab.web import Lab

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOME = HOMES[0]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def client(tmp_path: Path, clock: FixedClock) -> Iterator[FlaskClient]:
    made = Lab(LabSettings(tmp_path / "lab.sqlite"), clock)
    yield made.app.test_client()
    made.close()


def read(client: FlaskClient, serial: str = HOME.serial) -> int:
    return client.get(f"/access/onts/{serial}").status_code


def fault(client: FlaskClient, **wanted: Any) -> None:
    assert client.post("/lab/faults", json=wanted).status_code == 201


# by the clock


def test_a_fault_begins_and_ends_by_the_clock(client: FlaskClient, clock: FixedClock) -> None:
    fault(client, kind="unavailable", match={"olt": HOME.olt}, after_s=60, for_s=30)
    assert read(client) == 200
    clock.advance(timedelta(seconds=60))
    assert read(client) == 503
    clock.advance(timedelta(seconds=29.9))
    assert read(client) == 503
    clock.advance(timedelta(seconds=0.1))
    assert read(client) == 200


def test_a_condition_holds_by_the_clock_too(client: FlaskClient, clock: FixedClock) -> None:
    fault(client, kind="low_light", match={"serial": HOME.serial}, after_s=60, for_s=30)
    levels = []
    for _ in range(3):
        levels.append(client.get(f"/access/onts/{HOME.serial}/optical-level").json["level_dbm"])
        clock.advance(timedelta(seconds=60))
    assert levels == [-19.4, -31.2, -19.4]


@pytest.mark.parametrize(
    "match",
    [{"system": "access"}, {"olt": HOME.olt}, {"port": HOME.port, "olt": HOME.olt}, {"splitter": "SPL-LON1-09"}],
)
def test_a_fault_of_a_node_meets_calls_that_name_only_the_ont(client: FlaskClient, match: dict[str, str]) -> None:
    fault(client, kind="unavailable", match=match)
    assert read(client) == 503
    elsewhere = HOMES[-1].serial
    assert read(client, elsewhere) == (503 if match == {"system": "access"} else 200)
    assert client.get(f"/aaa/subscribers/{HOME.subscriber}").status_code == 200


# by a scenario


def test_a_scenario_takes_a_node_down_and_brings_it_back(tmp_path: Path, clock: FixedClock) -> None:
    file = tmp_path / "day.json"
    file.write_text(json.dumps([{"kind": "unavailable", "match": {"olt": HOME.olt}, "after_s": 10, "for_s": 5}]))
    for _ in range(2):  # the second start plays it in place of the first, not beside it
        made = Lab(LabSettings(tmp_path / "lab.sqlite"), clock, read_scenario(file))
        made.close()
    made = Lab(LabSettings(tmp_path / "lab.sqlite"), clock)
    client = made.app.test_client()
    assert [each["origin"] for each in client.get("/lab/faults").json] == ["scenario"]
    found = []
    for _ in range(4):
        found.append(read(client))
        clock.advance(timedelta(seconds=5))
    made.close()
    assert found == [200, 200, 503, 200]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{", "cannot be read as JSON"),
        ('{"kind": "unavailable"}', "the file: Input should be a valid list"),
        ('[{"kind": "unavailable"}, {"kind": "earthquake"}]', "[1].kind: no fault 'earthquake'"),
        ('[{"kind": "unavailable", "after": 4}]', "[0].after: Extra inputs are not permitted"),
        ('[{"kind": "unavailable", "for_s": -1}]', "[0].for_s: Input should be greater than 0"),
    ],
)
def test_a_scenario_that_is_none_says_where_and_why(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "day.json"
    file.write_text(text)
    with pytest.raises(BadScenario) as caught:
        read_scenario(file)
    assert said in str(caught.value)
    result = CliRunner().invoke(lab, ["--scenario", str(file), "--data-dir", str(tmp_path)])
    assert (result.exit_code, said in result.output.replace("\n", " ")) == (2, True), result.output


def test_a_scenario_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match=r"missing\.json"):
        read_scenario(tmp_path / "missing.json")


# by chance


def met(folder: Path, clock: FixedClock, seed: int, order: list[int]) -> dict[int, list[str | None]]:
    """The faults that three calls about each of these homes met."""
    folder.mkdir()
    made = Lab(LabSettings(folder / "lab.sqlite", chance=Chance(0.2, seed)), clock)
    made.app.testing = True
    client = made.app.test_client()
    for number in order:
        client.get(f"/aaa/subscribers/{HOMES[number].subscriber}")
    found: dict[int, list[str | None]] = {}
    for call in client.get("/lab/calls").json:
        name = call["arguments"]["subscriber"]
        found.setdefault([home.subscriber for home in HOMES].index(name), []).append(call["fault"])
    made.close()
    return found


@pytest.fixture(autouse=True)
def no_holding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lab.chance.HOLD_S", {})


def test_the_same_seed_breaks_the_same_calls_whatever_their_order(tmp_path: Path, clock: FixedClock) -> None:
    homes = list(range(40)) * 3
    first = met(tmp_path / "a", clock, 7, homes)
    assert met(tmp_path / "b", clock, 7, sorted(homes, reverse=True)) == first
    assert met(tmp_path / "c", clock, 8, homes) != first
    kinds = [kind for each in first.values() for kind in each if kind]
    assert 10 < len(kinds) < 40, "a fifth of 120"
    assert set(kinds) == set(KINDS)
    assert any(len(set(each)) > 1 for each in first.values()), "a repeat is drawn for itself"


def test_without_chance_nothing_breaks(client: FlaskClient) -> None:
    assert {read(client) for _ in range(50)} == {200}


# in its own words


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/acs/devices/X",
            {"code": "unknown_device", "message": "No such device: X has never informed"},
        ),
        (
            "/aaa/subscribers/x",
            {
                "code": "unknown_subscriber",
                "message": 'Access-Reject, Reply-Message = "Unknown user x"',
                "packet": "Access-Reject",
                "replyMessage": "Unknown user x",
            },
        ),
        (
            "/ipam/addresses/10.0.0.1",
            {
                "code": "unknown_address",
                "message": "Not managed here: 10.0.0.1",
                "type": "https://ipam.example.net/problems/unknown-address",
                "title": "Not managed here",
            },
        ),
    ],
)
def test_a_system_refuses_in_its_own_form(client: FlaskClient, path: str, body: dict[str, str]) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json) == (404, body)


def test_an_injected_refusal_reads_as_the_systems_own(client: FlaskClient) -> None:
    fault(client, kind="refused", match={"system": "acs"}, code="cwmp_9002", calls=1)
    fault(client, kind="refused", match={"system": "acs"}, code="cwmp_9002", message="as told", status=422)
    path = f"/acs/devices/{HOME.serial}"
    first, second = client.get(path), client.get(path)
    assert (first.status_code, first.json["faultCode"], first.json["message"]) == (
        409,
        9002,
        "cwmp:Fault 9002: Internal error",
    )
    assert (second.status_code, second.json["message"]) == (422, "as told")


def test_a_nokia_node_speaks_another_language_than_a_huawei(client: FlaskClient) -> None:
    said = [client.get(f"/access/ports/{olt}/9/9/9").json["message"] for olt in ("lon-1", "man-1")]
    assert said == ["% Invalid slot or port: 9/9/9 on lon-1", "Error : instance does not exist: pon-port 9/9/9 (man-1)"]


def test_every_documented_refusal_can_be_injected(client: FlaskClient) -> None:
    for system in SYSTEMS:
        for code, failure in system.failures.items():
            operation = system.operations[0]
            fault(client, kind="refused", match={"operation": operation.name}, code=code, calls=1)
            path = operation.rule.partition("<")[0] + ("x/1/1/1" if "<" in operation.rule else "")
            answer = client.open(path, method=operation.method, json={} if operation.method != "GET" else None)
            assert (answer.status_code, answer.json["code"]) == (failure.status, code)


# from its pages


def test_the_front_page_leads_to_every_system(client: FlaskClient) -> None:
    page = client.get("/").text
    for system in SYSTEMS:
        assert f'href="/{system.name}"' in page
        assert client.get(f"/{system.name}").status_code == 200
    assert "Nobody has called it yet" in page


def test_a_systems_page_shows_its_state_its_calls_and_how_it_fails(client: FlaskClient) -> None:
    read(client, "<script>alert(1)")
    page = client.get("/access").text
    assert HOME.serial in page
    assert "SPL-LON1-09" in page
    assert "Failure: The ONT does not exist: {serial}" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert page.count('role="cell"') == 8 * 9 * 16


def test_a_fault_is_set_and_lifted_on_a_systems_page(client: FlaskClient) -> None:
    form = {"kind": "refused", "code": "unknown_ont", "operation": "access.read_ont", "calls": "3"}
    answer = client.post("/lab/pages/access/faults", data={**form, "subject": f"serial={HOME.serial}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/access#faults")
    assert read(client) == 404
    assert "for 2 more calls" in client.get("/access").text
    assert "unknown_ont" in client.get("/").text
    (held,) = client.get("/lab/faults").json
    assert client.post(f"/lab/pages/access/lift/{held['id']}").status_code == 303
    assert read(client) == 200
    assert "No fault holds" in client.get("/access").text


def test_a_fault_of_one_system_is_not_on_anothers_page(client: FlaskClient) -> None:
    fault(client, kind="unavailable", match={"operation": "aaa.read"})
    assert "No fault holds" in client.get("/access").text
    assert "No fault holds" not in client.get("/aaa").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "refused", "calls": "many"}, "calls: Input should be a valid integer"),
        ({"kind": "unavailable", "subject": "lon-3"}, "expected a name and a value, as serial=ALCL0000A001"),
        ({"kind": "earthquake"}, "no fault earthquake"),
    ],
)
def test_a_form_that_cannot_be_read_is_shown_again_with_what_is_wrong(
    client: FlaskClient, form: dict[str, str], said: str
) -> None:
    answer = client.post("/lab/pages/access/faults", data=form)
    assert answer.status_code == 400
    assert said in answer.text
    assert f'value="{form.get("subject", "")}"' in answer.text
    assert client.get("/lab/faults").json == []


def test_a_form_on_another_site_breaks_nothing(client: FlaskClient) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    answer = client.post("/lab/pages/access/faults", data={"kind": "unavailable"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "other_site")
    assert client.get("/lab/faults").json == []
    mine = client.post("/lab/pages/access/faults", data={"kind": "unavailable"}, headers={"Origin": "http://localhost"})
    assert mine.status_code == 303


def test_a_file_of_another_layout_begins_anew(tmp_path: Path, clock: FixedClock) -> None:
    settings = LabSettings(tmp_path / "lab.sqlite")
    first = Lab(settings, clock)
    with first.store.transaction() as connection:
        connection.execute("DROP TABLE ont")
        connection.execute("CREATE TABLE ont (other TEXT)")
    first.store._connection.execute("PRAGMA user_version = 1")
    first.close()
    second = Lab(settings, clock)
    assert read(second.app.test_client()) == 200
    second.close()
