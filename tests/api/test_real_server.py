"""What only the real server can show: large bodies on their way in, and an expired token from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from tests.factories import wires
from tests.factories.diagrams import Diagram
from tests.factories.servers import TOKEN, Server

GROWTH_LIMIT_KB = 25_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


def peak_kb(server: Server) -> int:
    """The most memory that a process of the server has held."""
    mark = f"TURNUP_PORT={server.port}\0".encode()
    processes = [each.parent for each in Path("/proc").glob("[0-9]*/environ") if mark in read(each)]
    lines = [line for process in processes for line in read(process / "status").splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith(b"VmHWM"))


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile, or is somebody else's
        return b""


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
@pytest.mark.parametrize(
    ("path", "kind", "size"),
    [("process-definitions", "application/xml", 50_000_000), ("process-instances", "application/json", 10_000_000)],
)
def test_a_body_that_is_too_large_is_refused_without_being_held(
    server: Server, path: str, kind: str, size: int, announced: bool
) -> None:
    before = peak_kb(server)
    body = b"<" + b"a" * size
    content = body if announced else (body[at : at + 65536] for at in range(0, size, 65536))
    answer = wires.post(
        f"{server.url}/api/v1/{path}", headers={**server.headers, "Content-Type": kind}, content=content, timeout=30
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")
    assert peak_kb(server) - before < GROWTH_LIMIT_KB
    assert wires.get(f"{server.url}/healthz").status_code == 200


def test_the_server_still_does_its_work_after_them(server: Server) -> None:
    server.deploy(Diagram("after").start().end().chain("s", "e").xml())
    started = wires.post(f"{server.url}/api/v1/process-instances", headers=server.headers, json={"processId": "after"})
    assert started.status_code == 202


def test_a_folder_is_deployed_from_a_pipeline_all_or_none(server: Server, tmp_path: Path) -> None:
    def deploy(*more: str) -> Result:
        arguments = ["deploy", str(tmp_path), "--url", server.url, *more]
        return CliRunner().invoke(main, arguments, env={"TURNUP_TOKEN": TOKEN})

    for name in ("first", "second"):
        (tmp_path / f"{name}.bpmn").write_bytes(Diagram(name).start().end().chain("s", "e").xml())
    assert deploy("--dry-run").stdout == "2 files could be deployed.\n"
    done = deploy("--reason", "release 7")
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'second.bpmn'}: deployed as second version 1" in done.stdout
    assert "is already first version 1" in deploy().stdout
    (tmp_path / "first.bpmn").write_bytes(Diagram("first").start().manual("m").end().chain("s", "m", "e").xml())
    (tmp_path / "second.bpmn").write_bytes(
        Diagram("second").start().service("a", "no.one").end().chain("s", "a", "e").xml()
    )
    refused = deploy()
    assert refused.exit_code == 1
    assert f"{tmp_path / 'second.bpmn'}:a: error unknown_handler" in refused.stderr
    assert "Nothing was deployed" in refused.stderr
    (tmp_path / "second.bpmn").write_bytes(Diagram("second").start().manual("m").end().chain("s", "m", "e").xml())
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "second_at_once.yaml").write_text(
        "process: second\ntitle: It is done at once\nexpect: {path: [s, e]}\n"
    )
    differs = deploy()
    assert differs.exit_code == 1
    assert "second_at_once.yaml: differs" in differs.output
    assert "Nothing was deployed" in differs.stderr
    known = wires.get(f"{server.url}/api/v1/process-definitions/first", headers=server.headers).json()
    assert known["version"] == 1
    assert deploy("--no-scenarios").exit_code == 0


@pytest.mark.parametrize(
    ("url", "token", "words"),
    [(None, "wrong", "answered 401"), ("http://127.0.0.1:9", "any", "did not answer"), (None, "", "wants a token")],
    ids=["a wrong token", "no server", "no token"],
)
def test_a_deployment_that_cannot_be_is_a_sentence(
    server: Server, tmp_path: Path, url: str | None, token: str, words: str
) -> None:
    (tmp_path / "p.bpmn").write_bytes(Diagram("p").start().end().chain("s", "e").xml())
    arguments = ["deploy", str(tmp_path), "--url", url or server.url]
    result = CliRunner().invoke(main, arguments, env={"TURNUP_TOKEN": token})
    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output
