"""URLs that come with an order: public addresses, or what is allowed; looked at where they are connected to."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.core.errors import InvalidSetting
from app.core.settings import read_settings
from app.handling import SystemSilent
from app.handling.faults import AddressRefused, BadParameter, is_retried
from app.handling.net import GuardedTransport, is_allowed, origin, read_networks
from handlers.clients.http import call, close_clients
from tests.factories.labs import serving
from tests.factories.works import a_work

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
SEEN: list[str] = []


def answering(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    SEEN.append(environ["HTTP_HOST"])
    if environ["PATH_INFO"] == "/elsewhere":
        start("302 Found", [("Location", "/here"), ("Content-Type", "application/json")])
        return [b"{}"]
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"host": environ["HTTP_HOST"]}).encode()]


@pytest.fixture
def port() -> Iterator[int]:
    SEEN.clear()
    with serving(answering) as base_url:
        yield int(base_url.rpartition(":")[2])
    close_clients()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "64:ff9b::a9fe:a9fe",
        "2001:0:7f00:1::",
    ],
)
def test_an_address_inside_is_not_allowed_unless_its_network_is(address: str) -> None:
    assert not is_allowed(ip_address(address), ())
    assert not is_allowed(ip_address(address), read_networks("198.51.100.0/24, 2001:db8::/32"))
    assert is_allowed(ip_address(address), read_networks("0.0.0.0/0, ::/0"))


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(ip_address(address), ())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"])
def test_nothing_is_sent_to_an_address_inside_however_it_is_written(port: int, host: str) -> None:
    with pytest.raises(AddressRefused, match="TURNUP_ALLOWED_NETWORKS") as refused:
        call(a_work(), f"http://{host}:{port}", "GET", "/here")
    assert not is_retried(refused.value)
    assert SEEN == []


def test_what_is_allowed_is_reached_under_its_name(port: int) -> None:
    work = a_work(settings={"allowed_networks": "127.0.0.0/8, ::1/128"})
    assert call(work, f"http://localhost:{port}", "GET", "/here") == {"host": f"localhost:{port}"}


def test_what_is_configured_is_trusted(port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    assert call(a_work(settings={"crm_url": url}), url, "GET", "/here") == {"host": f"127.0.0.1:{port}"}


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that says something public at first, and something inside when it is asked again."""
    answers = iter(["127.0.0.2", "127.0.0.1"])
    looked_up: list[str] = []

    def look_up(host: str, port: int, *given: Any, **more: Any) -> list[Any]:
        looked_up.append(host)
        address = next(answers) if host == "rebinding.example" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    work = a_work(settings={"allowed_networks": "127.0.0.2/32"})
    with suppress(SystemSilent):  # nobody listens at 127.0.0.2
        call(work, f"http://rebinding.example:{port}", "GET", "/here")
    assert looked_up.count("rebinding.example") == 1
    assert all(host.startswith("rebinding.example") for host in SEEN)


def test_every_connection_is_looked_at_anew(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254"])

    def look_up(host: str, port: int, *given: Any, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers) if host == "rebinding.example" else host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    work = a_work(settings={"allowed_networks": "127.0.0.1/32"})
    call(work, f"http://rebinding.example:{port}", "GET", "/here")
    close_clients()
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
        call(work, f"http://rebinding.example:{port}", "GET", "/here")
    assert [f"rebinding.example:{port}"] == SEEN


def test_a_name_with_one_address_inside_is_refused_whatever_its_others(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("9.9.9.9", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        call(a_work(), "http://both.example", "GET", "/")


@pytest.mark.parametrize("settings", [{}, {"allowed_networks": ""}, {"lab_url": "http://127.0.0.2:1"}])
def test_a_path_that_is_a_whole_address_leads_no_further(port: int, settings: dict[str, str]) -> None:
    """Neither after nothing, which an empty setting is too, nor after a system that is trusted."""
    with pytest.raises(AddressRefused):
        call(a_work(settings=settings), settings.get("lab_url", ""), "GET", f"http://127.0.0.1:{port}/here")
    assert SEEN == []


def test_another_port_of_a_system_that_is_trusted_is_not(port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(AddressRefused):
        call(a_work(settings={"crm_url": url}), url, "GET", f"http://127.0.0.1:{other.getsockname()[1]}/here")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1:70", "http://[::1", "127.0.0.1:80", "http://a\nb"])
def test_what_is_no_address_over_http_is_an_input_to_correct(url: str) -> None:
    with pytest.raises(BadParameter, match="Correct the input") as caught:
        call(a_work(), url, "GET", "/")
    assert not is_retried(caught.value)


def test_a_client_that_follows_redirects_is_led_no_further(port: int) -> None:
    def away(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        start("302 Found", [("Location", f"http://127.0.0.1:{port}/here")])
        return []

    with serving(away) as url, httpx.Client(transport=GuardedTransport(trusted=origin(url)), trust_env=False) as client:
        assert client.get(url).status_code == 302
        with pytest.raises(AddressRefused):
            client.get(url, follow_redirects=True)
    assert SEEN == []


def test_nobody_is_followed_elsewhere(port: int) -> None:
    work = a_work(settings={"allowed_networks": "127.0.0.0/8"})
    with pytest.raises(Exception, match="302"):
        call(work, f"http://127.0.0.1:{port}", "GET", "/elsewhere")
    assert len(SEEN) == 1


def test_a_name_that_nobody_knows_is_silence() -> None:
    with pytest.raises(SystemSilent, match="no address is known"):
        call(a_work(), "http://nobody.invalid", "GET", "/")
    close_clients()


def test_networks_that_are_none_end_the_process_with_a_sentence() -> None:
    with pytest.raises(InvalidSetting, match="TURNUP_ALLOWED_NETWORKS"):
        read_settings({"TURNUP_ALLOWED_NETWORKS": "10.0.0.0/8, 300.1.1.1/24"})
    assert read_settings({"TURNUP_ALLOWED_NETWORKS": "10.0.0.0/8"}).allowed_networks == "10.0.0.0/8"


def certificate(folder: Path, name: str) -> Path:
    """Nobody but itself vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    made = x509.CertificateBuilder(whose, whose, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
    written = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    written += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(written)
    return path


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A system with a certificate of its own making: its address, and the certificate."""
    SEEN.clear()
    context, path = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate(tmp_path, "127.0.0.1")
    context.load_cert_chain(path)
    with serving(answering, ssl_context=context) as url:
        yield url.replace("http:", "https:"), path
    close_clients()


def test_a_certificate_that_nobody_vouches_for_is_refused(own: tuple[str, Path]) -> None:
    url, _ = own
    with pytest.raises(SystemSilent, match="CERTIFICATE_VERIFY_FAILED"):
        call(a_work(settings={"crm_url": url}), url, "GET", "/here")
    assert SEEN == []


def test_an_authority_of_ones_own_may_vouch_for_it(own: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, path = own
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert call(a_work(settings={"crm_url": url}), url, "GET", "/here") == {"host": url.removeprefix("https://")}
    close_clients()
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(SystemSilent, match="CERTIFICATE_VERIFY_FAILED"):
        call(a_work(settings={"crm_url": url}), url, "GET", "/here")
