"""Handlers as element templates: what a modeler's picker offers, and what it writes into a diagram."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.handling import Done, Personal, Refused, System, Work, handles
from app.handling.faults import BadHandler
from app.handling.registry import Handler, Registry
from app.handling.templates import digest, element_template, element_templates
from app.handling.versions import FILE, VersionsKept, read_kept, with_current


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@handles("lamp.set_up", system=System("lamp={room}"))
def set_up(
    work: Work,
    room: Annotated[str, Personal],
    lux: int,
    colour: Colour,
    on_day: date | None = None,
    mode: Literal["bright", "dim"] = "dim",
    steps: Literal[1, 2] = 2,
    factor: float = 0.5,
    lasting: bool = False,
    wait: timedelta = timedelta(minutes=2),
    price: Decimal = Decimal("1.50"),
    extra: dict[str, Any] | None = None,
    also: list[str] = ["a"],  # noqa: B006  never changed: handlers get copies
    either: int | str = 3,
) -> Done | Refused:
    """Set up a lamp. It is dark before.

    Nobody may be in the room.

    Outputs  lamp_id (str)
             watt (int): what it draws
    Raises   Refused("no_socket") if the room has none
    """
    return Done(lamp_id="1", watt=1)


def fields(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        each["binding"].get("name") or each["binding"].get("source") or "type": each for each in template["properties"]
    }


MADE = element_template(Handler(set_up))
FIELDS = fields(MADE)


def test_a_template_is_called_as_the_docstring_begins_and_names_what_the_handler_refuses_with() -> None:
    assert (MADE["id"], MADE["name"]) == ("turnup.lamp.set_up", "Set up a lamp")
    assert MADE["description"] == (
        "Set up a lamp. It is dark before. Nobody may be in the room. Refuses with: no_socket (if the room has none). "
        "[lamp.set_up]"
    )
    assert MADE["metadata"]["turnup"]["refusals"] == {"no_socket": "if the room has none"}
    assert MADE["elementType"] == {"value": "bpmn:ServiceTask"}
    assert MADE["keywords"] == ["lamp.set_up", "lamp", "set", "up"]


def test_a_category_is_the_system_in_the_words_of_its_module() -> None:
    assert MADE["category"] == {"id": "turnup.lamp", "name": "Handlers as element templates"}


def test_what_is_needed_is_marked_and_is_the_variable_of_its_name_unless_the_author_says_otherwise() -> None:
    for name in ("room", "lux", "colour"):
        assert (FIELDS[name]["value"], FIELDS[name]["constraints"]) == (f"={name}", {"notEmpty": True})
        assert "optional" not in FIELDS[name]


@pytest.mark.parametrize(
    ("name", "type", "feel", "default"),
    [
        ("room", "String", "optional", "=room"),
        ("lux", "Number", "optional", "=lux"),
        ("on_day", "String", "optional", None),
        ("mode", "Dropdown", None, "dim"),
        ("steps", "Dropdown", None, "=2"),
        ("factor", "Number", "optional", 0.5),
        ("lasting", "Boolean", "optional", False),
        ("wait", "String", "optional", "PT120S"),
        ("price", "String", "optional", "1.50"),
        ("extra", "Text", "required", None),
        ("also", "Text", "required", '=["a"]'),
        ("either", "Text", "required", "=3"),
    ],
)
def test_a_field_is_of_its_parameters_type_and_begins_with_its_default(
    name: str, type: str, feel: str | None, default: object
) -> None:
    field = FIELDS[name]
    assert (field["type"], field.get("feel"), field.get("value")) == (type, feel, default)
    assert field.get("optional", False) == (field["value"] != f"={name}" if "value" in field else True)


def test_choices_come_from_literals_and_enumerations_and_a_variable_is_one_of_them() -> None:
    assert [choice["value"] for choice in FIELDS["colour"]["choices"]] == ["red", "green", "=colour"]
    assert [choice["value"] for choice in FIELDS["mode"]["choices"]] == ["bright", "dim", "=mode"]
    # A literal text would be no number.
    assert [choice["value"] for choice in FIELDS["steps"]["choices"]] == ["=1", "=2", "=steps"]


def test_what_concerns_a_person_is_said() -> None:
    assert FIELDS["room"]["description"] == "Text. It concerns a person, and is masked."


def test_each_output_has_a_variable_that_an_author_may_rename_or_empty() -> None:
    assert (FIELDS["=watt"]["value"], FIELDS["=watt"]["optional"]) == ("watt", True)
    assert FIELDS["=watt"]["description"].startswith("A whole number: what it draws.")


def test_an_icon_is_a_picture_with_the_systems_letters() -> None:
    kind, _, data = MADE["icon"]["contents"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    drawn = ElementTree.fromstring(base64.b64decode(data))
    assert [each.text for each in drawn if each.tag.endswith("text")] == ["LAMP"]


def test_a_version_is_raised_by_what_a_template_writes_and_not_by_its_words() -> None:
    reworded = json.loads(json.dumps(MADE))
    reworded["description"] = reworded["properties"][1]["label"] = "other words"
    assert digest(reworded) == digest(MADE)
    for change in ({"value": "=other"}, {"type": "Number"}, {"choices": [{"name": "a", "value": "a"}]}):
        changed = json.loads(json.dumps(MADE))
        changed["properties"][1] |= change
        assert digest(changed) != digest(MADE)


def test_every_earlier_version_is_offered_so_that_a_modeler_can_raise_an_element_from_it() -> None:
    now = digest(MADE)

    def versions(*digests: str) -> list[int]:
        kept = VersionsKept(lambda package: {"lamp.set_up": list(digests)})
        return [each["version"] for each in element_templates([Handler(set_up)], kept)]

    assert versions() == [1]
    assert versions(now) == [1]
    assert versions("old", now) == [2, 1]
    assert versions("old") == [2, 1]
    assert versions(now, "old") == [3, 2, 1]


def test_what_is_kept_grows_by_what_has_changed_and_loses_nothing() -> None:
    kept = {"a": ["1"], "gone": ["1"], "same": ["1", "2"]}
    assert with_current(kept, [("a", "2"), ("same", "2"), ("new", "1")]) == {
        "a": ["1", "2"],
        "gone": ["1"],
        "same": ["1", "2"],
        "new": ["1"],
    }


def test_a_file_of_versions_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lamps").mkdir()
    (tmp_path / "lamps" / "__init__.py").touch()
    (tmp_path / "lamps" / FILE).write_text("[1]")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadHandler, match="turnup templates --keep"):
        read_kept("lamps")


def test_the_shipped_handlers_versions_are_kept() -> None:
    kept = read_kept("handlers")
    changed = [each.type for each in Registry.scan() if kept.get(each.type, [""])[-1] != digest(element_template(each))]
    assert changed == [], "run `turnup templates --keep`"


def test_the_command_writes_a_file_for_the_desktops_modeler(tmp_path: Path) -> None:
    to = tmp_path / ".camunda" / "element-templates" / "turnup.json"
    done = CliRunner().invoke(main, ["templates", "--to", str(to)])
    assert done.exit_code == 0, done.output
    assert json.loads(to.read_text("utf-8")) == element_templates(Registry.scan(), VersionsKept())
