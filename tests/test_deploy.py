"""What lies in deploy/ fits the house: its commands, settings and files exist. No container engine is needed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from app.cli.main import main
from app.cli.serve import KILL_AFTER_S
from app.core.settings import read_settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = ("turnup-serve.service", "turnup-work@.service")
HERE = "/opt/turnup"  # where the units and the image have the checkout

Unit = dict[str, list[str]]


def unit(name: str) -> Unit:
    """`Section.Key` -> its values, as systemd reads them: a key may be given again."""
    found: Unit = defaultdict(list)
    section = ""
    for line in (DEPLOY / name).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[f"{section}.{key}"].append(value)
    return found


@pytest.fixture(params=UNITS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def assert_command(words: list[str]) -> None:
    """`turnup <command> <options>` is one that this version has."""
    assert Path(words[0]).name == "turnup"
    command = main.commands.get(words[1])
    assert command is not None, f"there is no `turnup {words[1]}`"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[2:] if word.startswith("-")} <= known


@pytest.mark.parametrize(
    "name",
    [
        UNITS[0],
        pytest.param(
            UNITS[1], marks=pytest.mark.xfail("work" not in main.commands, reason="`turnup work` is still to come")
        ),
    ],
)
def test_the_command_of_a_unit_exists(name: str) -> None:
    (command,) = unit(name)["Service.ExecStart"]
    assert command.startswith(f"{HERE}/.venv/bin/turnup ")
    assert_command(shlex.split(command))


def test_a_unit_lets_handlers_finish_before_it_kills(name: str) -> None:
    found = unit(name)
    assert found["Service.KillMode"] == ["mixed"]
    assert int(found["Service.TimeoutStopSec"][0]) > KILL_AFTER_S
    assert found["Service.Restart"] == ["always"]
    assert found["Unit.StartLimitIntervalSec"] == ["0"]


def test_a_unit_may_write_its_state_and_nothing_else(name: str) -> None:
    found = unit(name)
    wanted = {
        "ProtectSystem": "strict",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectHome": "yes",
        "InaccessiblePaths": f"-{HERE}/.git",
        "PrivateTmp": "yes",
        "UMask": "0077",
    }
    assert {key: found[f"Service.{key}"] for key in wanted} == {key: [value] for key, value in wanted.items()}
    assert "Service.ReadWritePaths" not in found
    (state,) = found["Service.StateDirectory"]
    assert f"TURNUP_DATA_DIR=/var/lib/{state}" in found["Service.Environment"][0].split()


def test_a_unit_sets_only_what_the_house_reads(name: str) -> None:
    known = known_settings()
    for line in unit(name)["Service.Environment"]:
        for setting in line.split():
            assert setting.partition("=")[0] in known


def test_workers_of_one_host_have_ports_of_their_own() -> None:
    (environment,) = unit(UNITS[1])["Service.Environment"]
    ports = {environment.replace("%i", instance).split("TURNUP_METRICS_PORT=")[1] for instance in ("01", "02")}
    assert ports == {"9101", "9102"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_a_unit(name: str, tmp_path: Path) -> None:
    text = (DEPLOY / name).read_text().replace(f"{HERE}/.venv/bin/turnup", sys.executable)
    placed = tmp_path / name.replace("@", "@01")
    placed.write_text(text)
    run = subprocess.run(["systemd-analyze", "verify", placed], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def known_settings() -> set[str]:
    """Every variable of ours that the code names."""
    sources = [path.read_text() for path in (ROOT / "app").rglob("*.py")]
    return {found for source in sources for found in re.findall(r"TURNUP_[A-Z_]+[A-Z]", source)}


def test_the_example_of_settings_has_only_settings_that_exist_and_can_be_read() -> None:
    lines = (DEPLOY / "turnup.env.example").read_text().splitlines()
    given = dict(re.fullmatch(r"#?([A-Z_]+)=(.*)", line).groups() for line in lines if re.match(r"#?[A-Z_]+=", line))  # type: ignore[union-attr]  # it matches: the condition says so
    known = known_settings()
    for each in given:
        assert each in known or each.startswith(("TURNUP_SECRET_", "OTEL_")), each
    settings = read_settings(given)
    assert settings.database_url.startswith("postgresql+psycopg://")
    assert (settings.metrics, settings.traces) == ("open", "otlp")


# The image
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def last_stage() -> dict[str, str]:
    found = instructions()
    begin = max(n for n, (word, _) in enumerate(found) if word == "FROM")
    return dict(found[begin:])


def test_every_instruction_of_the_image_is_one() -> None:
    known = set("ARG FROM RUN WORKDIR COPY ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split())
    assert {word for word, _ in instructions()} <= known


def test_the_image_copies_only_what_there_is() -> None:
    stages = {rest.split()[-1] for word, rest in instructions() if word == "FROM" and " AS " in rest}
    copies = [rest.split() for word, rest in instructions() if word == "COPY"]
    assert len(copies) > 4
    for words in copies:
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), source
            assert subprocess.run(["git", "check-ignore", "-q", source], cwd=ROOT, check=False).returncode == 1, source


def test_what_the_image_needs_is_not_kept_from_it() -> None:
    ignored = {
        line.strip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    }
    copied = {source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]}
    assert not ignored & copied
    assert {"static/node_modules", ".venv", "var", ".git"} <= ignored
    assert not copied & {".", "./", ".git"}


def test_the_image_is_made_by_targets_that_exist() -> None:
    (run,) = [rest for word, rest in instructions() if word == "RUN" and "make venv" in rest]
    for command in re.findall(r"make (?:venv|parts)[^&]*", run):
        shown = subprocess.run(
            ["make", "--dry-run", "--always-make", *shlex.split(command)[1:]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "-e '.[otel]'" in shown.stdout


def test_the_image_serves_as_nobody_in_particular() -> None:
    stage = last_stage()
    assert stage["USER"].isdigit()
    assert int(stage["USER"]) > 0
    assert_command([*as_list(stage["ENTRYPOINT"]), *as_list(stage["CMD"])])
    assert "/healthz" in stage["HEALTHCHECK"]
    for setting in re.findall(r"TURNUP_[A-Z_]+", stage["ENV"]):
        assert setting in known_settings()
    assert f"TURNUP_DATA_DIR={stage['VOLUME']}" in stage["ENV"]
    assert f"TURNUP_PORT={stage['EXPOSE']}" in stage["ENV"]


def test_the_health_check_of_the_image_is_a_program() -> None:
    (command,) = re.findall(r"CMD (\[.*\])", last_stage()["HEALTHCHECK"])
    program = as_list(command)
    assert program[:2] == ["python", "-c"]
    compile(program[2], "the health check", "exec")


def as_list(text: str) -> list[str]:
    """A command in its exec form, which is JSON."""
    found = json.loads(text)
    assert isinstance(found, list)
    return found
