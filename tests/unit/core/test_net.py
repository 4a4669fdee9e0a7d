"""Requests go where they may: tried with real sockets, and names whose answers the test decides."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest

from app.core import net
from app.core.net import AddressRefused, Network, read_networks
from tests.factories.labs import serving

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
INSIDE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255"),
    *("224.0.0.1", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "fd00:ec2::254"),
    *("64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::1"),
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.fixture
def visits() -> list[str]:
    return []


@pytest.fixture
def url(visits: list[str]) -> Iterator[str]:
    """Of a server on loopback that notes each path; `/away` sends on to another address of this machine."""

    def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        visits.append(environ["PATH_INFO"])
        away = ("Location", f"http://127.0.0.2:{environ['SERVER_PORT']}/secret")
        start("302 Found" if environ["PATH_INFO"] == "/away" else "200 OK", [away])
        return [b"here"]

    with serving(answer) as base_url:
        yield base_url


def allowing(networks: str) -> Network:
    return Network(read_networks(networks))


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_unless_its_network_is_allowed(address: str) -> None:
    assert not Network().permits(address)
    assert allowing("0.0.0.0/0, ::/0").permits(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_nothing_to_refuse(address: str) -> None:
    assert Network().permits(address)


def test_allowed_is_that_network_and_no_other() -> None:
    network = allowing("10.20.0.0/16, fd00:1::/32")
    assert network.permits("10.20.255.1")
    assert network.permits("::ffff:10.20.0.1")
    assert network.permits("fd00:1::7")
    assert not network.permits("10.21.0.1")
    assert not network.permits("fd00:2::7")


@pytest.mark.parametrize("spelt", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0", "[::ffff:127.0.0.1]"])
def test_however_an_address_inside_is_spelt_nothing_arrives_there(url: str, visits: list[str], spelt: str) -> None:
    port = url.rpartition(":")[2]
    with Network().client() as client, pytest.raises(AddressRefused, match="lies inside"):
        client.get(f"http://{spelt}:{port}/")
    assert visits == []


def test_what_a_setting_names_is_reached_and_no_other_port_of_it(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, Network().client(url, is_configured=True) as client:
        assert client.get("/").text == "here"
        with pytest.raises(AddressRefused):
            client.get(f"http://127.0.0.1:{other.getsockname()[1]}/")
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()


def test_a_redirect_is_not_followed_and_would_lead_no_further(url: str, visits: list[str]) -> None:
    with Network().client(url, is_configured=True) as client:
        assert client.get("/away").status_code == 302
        with pytest.raises(AddressRefused, match=r"127\.0\.0\.2"):
            client.get("/away", follow_redirects=True)
    assert visits == ["/away", "/away"]


def test_a_name_that_changes_its_mind_is_checked_at_every_connection(
    url: str, visits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["127.0.0.1", "169.254.169.254"]
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(net, "getaddrinfo", look_up)
    port = url.rpartition(":")[2]
    with allowing("127.0.0.1/32").client() as client:
        client.get(f"http://rebound.example:{port}/first", headers={"Connection": "close"})
        assert asked == ["rebound.example"]  # what was checked is what was connected to
        with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
            client.get(f"http://rebound.example:{port}/second")
    assert visits == ["/first"]


def test_a_name_with_one_address_inside_is_refused_whatever_its_others(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(net, "getaddrinfo", lambda *_, **__: both)
    with Network().client() as client, pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        client.get("http://both.example/")


def test_a_name_that_nobody_knows_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(net, "getaddrinfo", look_up)
    with Network().client() as client, pytest.raises(httpx.ConnectError, match="cannot be looked up"):
        client.get("http://nobody.invalid/")
