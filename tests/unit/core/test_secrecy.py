"""A secret that was given out is in no text that passes, in whatever form texts carry it."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.log import get_logger
from app.core.secrecy import SHORTEST, Scrubber
from tests.factories.logs import captured

NASTY = 'P@ss/w"rd\\+é-9x'
MARK = "[secret olt/lon-3]"


def knowing(*values: str) -> Scrubber:
    scrubber = Scrubber()
    for value in values:
        scrubber.learn("olt/lon-3", value)
    return scrubber


@pytest.mark.parametrize(
    "text",
    [
        NASTY,
        f"refused: password={NASTY}!",
        repr({"password": NASTY}),
        json.dumps({"password": NASTY}),
        json.dumps({"password": NASTY}, ensure_ascii=False),
        json.dumps({"body": json.dumps({"password": NASTY})}),
        json.dumps({"error": repr({"password": NASTY})}),
        repr({"password": NASTY.encode()}),
        urlencode({"password": NASTY}),
        quote_plus(NASTY),
        "Basic " + base64.b64encode(NASTY.encode()).decode(),
        "Basic " + base64.b64encode(f"admin:{NASTY}".encode()).decode(),
        "Basic " + base64.b64encode(f"ad:{NASTY}".encode()).decode(),
        "Basic " + base64.urlsafe_b64encode(f"a:{NASTY}".encode()).decode(),
        NASTY.encode().hex(),
    ],
)
def test_every_form_of_a_secret_is_marked(text: str) -> None:
    clean = knowing(NASTY).text(text)
    assert MARK in clean
    assert "ss/w" not in clean


_OTHER = st.characters(exclude_characters=MARK, exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"])


@given(st.text(_OTHER, min_size=SHORTEST), st.text(), st.text())
def test_no_text_round_a_secret_hides_it(secret: str, before: str, after: str) -> None:
    assert secret not in knowing(secret).text(before + secret + after)


def test_all_of_a_value_is_gone_through_and_its_shape_stays() -> None:
    worst: dict[str, Any] = {
        "flat": NASTY,
        NASTY: 1,
        "deep": [{"in": (NASTY, 7, None, True)}],
        "bytes": NASTY.encode(),
        "number": 1.5,
        "fine": "olt/lon-3",
    }
    clean = knowing(NASTY).value(worst)
    assert NASTY not in str(clean)
    assert clean["deep"] == [{"in": [MARK, 7, None, True]}]
    assert clean[MARK] == 1
    assert (clean["number"], clean["fine"]) == (1.5, "olt/lon-3")
    assert worst["flat"] == NASTY  # a copy


def test_a_secret_of_digits_is_found_in_numbers() -> None:
    scrubber = knowing("73201948")
    assert scrubber.value({"pin": 73201948, "other": 12}) == {"pin": MARK, "other": 12}
    assert scrubber.value([Decimal("73201948.5")]) == [f"{MARK}.5"]


def test_lines_of_a_key_are_known_each_but_not_what_all_keys_have() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END PRIVATE KEY-----\n"
    scrubber = knowing(key)
    assert scrubber.text("found MIIEvQIBADANBgkqhkiG9w0BAQEFAASC there") == f"found {MARK} there"
    assert scrubber.text("-----BEGIN PRIVATE KEY----- is a short line") == "-----BEGIN PRIVATE KEY----- is a short line"


def test_one_secret_inside_another_leaves_nothing_of_the_longer() -> None:
    scrubber = Scrubber()
    scrubber.learn("short", "abcdef")
    scrubber.learn("long", "abcdef-123456")
    assert scrubber.text("abcdef-123456 and abcdef") == "[secret long] and [secret short]"


def test_a_changed_secret_is_still_known_and_not_for_ever() -> None:
    scrubber = knowing("value-of-yesterday", "value-of-today")
    assert scrubber.text("value-of-yesterday, value-of-today") == f"{MARK}, {MARK}"
    for number in range(8):
        scrubber.learn("olt/lon-3", f"next-value-{number}")
    assert scrubber.text("value-of-today") == "value-of-today"


@pytest.mark.parametrize("others", [0, 30, 500])
def test_however_many_are_known_each_is_found(others: int) -> None:
    scrubber = Scrubber()
    for number in range(others):
        scrubber.learn(f"olt/{number}", f"value-{number}-of-many")
    scrubber.learn("short", "abcdef")
    scrubber.learn("long", "abcdef-123456")
    scrubber.learn("olt/lon-3", NASTY)
    text = f"abcdef-123456abcdef, {NASTY}abcde" + "".join(f"value-{number}-of-many" for number in range(others))
    marks = "".join(f"[secret olt/{number}]" for number in range(others))
    assert scrubber.text(text) == f"[secret long][secret short], {MARK}abcde{marks}"
    for number in range(9):
        scrubber.learn("short", f"next-value-{number}")
    assert scrubber.text("next-value-8 next-value-0 value-3-of") == "[secret short] next-value-0 value-3-of"


def test_nothing_is_copied_while_no_secret_is_known() -> None:
    value = {"a": [1]}
    assert Scrubber().value(value) is value


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with captured("info", knowing(NASTY)) as stream:
        yield stream


@dataclass
class Held:
    shown: str
    hidden: str = field(repr=False)


class Odd:
    def __str__(self) -> str:
        return f"<odd {NASTY}>"


def fail() -> None:
    raise ValueError(f"cannot log in with {NASTY}")


def assert_clean(log: io.StringIO, lines: int) -> None:
    text = log.getvalue()
    assert len(text.splitlines()) == lines
    assert text.count(MARK) >= lines
    for line in text.splitlines():
        assert "ss/w" not in str(json.loads(line))


def test_no_line_of_the_log_holds_one(log: io.StringIO) -> None:
    logger = get_logger("turnup.worker").bind(password=NASTY)
    logger.info("said")
    get_logger("a").info(f"said {NASTY}", detail={"deep": [NASTY, Odd()]}, held=Held(NASTY, NASTY))
    logging.getLogger("a.library").error("library %s", NASTY)
    assert_clean(log, 3)


def test_no_traceback_holds_one(log: io.StringIO) -> None:
    for tell in (get_logger("a").exception, logging.getLogger("a.library").exception):
        try:
            fail()
        except ValueError:
            tell("it broke")
    assert_clean(log, 2)
    assert "cannot log in with" in log.getvalue()


def test_what_a_dataclass_hides_is_not_written_by_the_log_either(log: io.StringIO) -> None:
    get_logger("a").info("held", held=Held("this", "other-hidden-value"))
    assert "this" in log.getvalue()
    assert "other-hidden-value" not in log.getvalue()
