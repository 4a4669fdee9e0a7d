"""Where secrets are looked for, in which order, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.secrecy import NoSecret, Scrubber
from app.identity.secrets.faults import BadSecretName, UnfitSecret, UnreadableSecret
from app.identity.secrets.lookup import KEPT_S, Secrets, Source
from app.identity.secrets.sources import Environment, Files


class Shelf:
    """A place that counts how often it is asked."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked = 0

    def find(self, name: str) -> str | None:
        self.asked += 1
        return self.values.get(name)

    def place(self, name: str) -> str:
        return "the shelf"


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def secrets(*sources: Source, watch: Watch | None = None, scrubber: Scrubber | None = None) -> Secrets:
    return Secrets(sources, scrubber or Scrubber(), watch or Watch())


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("acs_password", "TURNUP_SECRET_ACS_PASSWORD"),
        ("olt/lon-3", "TURNUP_SECRET_OLT_LON_3"),
        ("Acs.Key", "TURNUP_SECRET_ACS_KEY"),
    ],
)
def test_a_variable_of_the_environment_is_found_by_the_secrets_name(name: str, variable: str) -> None:
    assert secrets(Environment({variable: "from-the-environment"}))[name] == "from-the-environment"


def test_the_first_place_that_has_it_gives_it(tmp_path: Path) -> None:
    (tmp_path / "both").write_text("from-the-file")
    (tmp_path / "file").write_text("from-the-file")
    shelf = Shelf(both="from-the-shelf", file="from-the-shelf", shelf="from-the-shelf")
    found = secrets(Environment({"TURNUP_SECRET_BOTH": "from-the-environment"}), Files(tmp_path), shelf)
    assert [found[name].removeprefix("from-the-") for name in ("both", "file", "shelf")] == [
        "environment",
        "file",
        "shelf",
    ]


def test_one_that_is_nowhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoSecret) as missing:
        secrets(Environment({"TURNUP_SECRET_OLT_LON_3": ""}), Files(tmp_path), Shelf())["olt/lon-3"]
    assert missing.value.places == [
        "the variable TURNUP_SECRET_OLT_LON_3",
        f"the file {tmp_path}/olt/lon-3 or {tmp_path}/olt_lon-3",
        "the shelf",
    ]


def test_a_value_is_kept_for_some_seconds_and_then_looked_for_again() -> None:
    shelf, watch = Shelf(key="first-value"), Watch()
    found = secrets(shelf, watch=watch)
    assert found["key"] == "first-value"
    shelf.values["key"] = "second-value"
    watch.now = KEPT_S - 0.1
    assert (found["key"], shelf.asked) == ("first-value", 1)
    watch.now = KEPT_S
    assert (found["key"], shelf.asked) == ("second-value", 2)


def test_one_that_is_missing_is_found_as_soon_as_it_is_there() -> None:
    shelf = Shelf()
    found = secrets(shelf)
    with pytest.raises(NoSecret):
        found["key"]
    shelf.values["key"] = "here-it-is"
    assert found["key"] == "here-it-is"


def test_a_value_is_known_to_the_scrubber_before_anybody_has_it() -> None:
    scrubber = Scrubber()
    value = secrets(Shelf(key="here-it-is"), scrubber=scrubber)["key"]
    assert scrubber.text(value) == "[secret key]"


def test_a_short_one_is_not_given_out() -> None:
    with pytest.raises(UnfitSecret, match=r"'pin' has fewer than 6 characters.*Give the system a longer one"):
        secrets(Shelf(pin="12345"))["pin"]
    with pytest.raises(UnfitSecret):
        secrets(Shelf(pin="   12345   "))["pin"]


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.data", "a b", "a\n", "é", "-x", "x" * 201],
)
def test_a_name_that_could_lead_elsewhere_is_refused_before_any_place_is_asked(name: str) -> None:
    shelf = Shelf()
    with pytest.raises(BadSecretName, match="is no name of a secret"):
        secrets(shelf)[name]
    assert shelf.asked == 0


@pytest.mark.parametrize("written", [b"of-a-file\n", b"of-a-file\r\n", b"of-a-file"])
def test_the_end_of_a_files_line_is_no_part_of_it(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "key").write_bytes(written)
    assert secrets(Files(tmp_path))["key"] == "of-a-file"


def test_files_as_kubernetes_and_systemd_mount_them_are_found(tmp_path: Path) -> None:
    (tmp_path / "..2026_11").mkdir()
    (tmp_path / "..2026_11/lon-3").write_text("through-two-links")
    (tmp_path / "..data").symlink_to("..2026_11")
    (tmp_path / "lon-3").symlink_to("..data/lon-3")
    (tmp_path / "olt_lon-4").write_text("credential-of-a-unit")
    (tmp_path / "olt").mkdir()
    (tmp_path / "olt/lon-5").write_text("in-a-folder")
    found = secrets(Files(tmp_path))
    assert found["lon-3"] == "through-two-links"
    assert found["olt/lon-4"] == "credential-of-a-unit"
    assert found["olt/lon-5"] == "in-a-folder"


def test_a_link_out_of_the_directory_a_folder_and_no_text_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "secrets"
    inside.mkdir()
    (tmp_path / "elsewhere").write_text("not-to-be-read")
    (inside / "out").symlink_to("../elsewhere")
    (inside / "folder").mkdir()
    (inside / "binary").write_bytes(b"\xff" * 20)
    found = secrets(Files(inside))
    for name, why in (("out", "leads out of"), ("folder", "Is a directory"), ("binary", "no UTF-8")):
        with pytest.raises(UnreadableSecret, match=why) as refused:
            found[name]
        assert "not-to-be-read" not in str(refused.value)


def test_a_directory_that_is_not_there_has_no_secrets(tmp_path: Path) -> None:
    with pytest.raises(NoSecret):
        secrets(Files(tmp_path / "none"))["key"]
