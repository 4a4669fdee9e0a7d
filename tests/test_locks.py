"""The locks pin everything that setup.cfg and pyproject.toml ask for, each file by its hash."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ("dev", "otel", "bom", "node")
ALONE = ("bom", "node")  # they are installed without the project


def locked(name: str) -> dict[str, tuple[str, list[str]]]:
    """Of each package: its version and the hashes of its files."""
    text = (ROOT / "locks" / f"{name}.lock").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        pin, *hashes = line.split("--hash=")
        package = re.fullmatch(r"([a-z0-9-]+)==(\S+)(?: ; .+)?", pin.strip())
        assert package is not None, line
        found[package[1]] = (package[2], [each.strip() for each in hashes])
    return found


def asked(extra: str) -> list[Requirement]:
    """What an extra brings, those that it names included, and what building ourselves takes."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg")
    if extra in ALONE:
        return [Requirement(setup["options.extras_require"][extra].strip())]
    lines = setup["options"]["install_requires"].split("\n")
    more = [extra]
    while more:
        for line in setup["options.extras_require"][more.pop()].split("\n"):
            named = re.fullmatch(r"turnup\[(\w+)\]", line)
            if named:
                more.append(named[1])
            else:
                lines.append(line)
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    return [Requirement(line) for line in [*lines, *build] if line.strip()]


@pytest.mark.parametrize("lock", LOCKS)
def test_whatever_is_asked_for_is_locked_in_a_version_that_will_do(lock: str) -> None:
    pins = locked(lock)
    wanted = asked(lock)
    assert wanted
    for each in wanted:
        version, _ = pins[canonicalize_name(each.name)]
        assert each.specifier.contains(version, prereleases=True), f"{each}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_that_is_installed_has_its_hash(lock: str) -> None:
    for package, (_, hashes) in locked(lock).items():
        assert hashes, package
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), package


def test_servers_run_the_versions_that_were_tested() -> None:
    tested = locked("dev")
    for package, pin in locked("otel").items():
        assert tested[package] == pin


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_says_nothing_of_where_it_was_made(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.lock").read_text()
    assert "://" not in text
    assert "index-url" not in text
