"""Every line of the log is one JSON object."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from app.core.log import get_logger
from tests.factories.logs import captured


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    with captured("info") as stream:
        yield stream


def only_line(stream: io.StringIO) -> dict[str, object]:
    [line] = stream.getvalue().splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_line_carries_what_was_bound_and_when_and_by_whom(stream: io.StringIO) -> None:
    logger = get_logger("engine.worker").bind(instance="42", business_key="ORD-1")
    logger.info("step done", element="Activate")
    line = only_line(stream)
    stamp = str(line.pop("timestamp"))
    assert stamp.endswith("Z")
    assert datetime.fromisoformat(stamp).utcoffset() == timedelta(0)
    assert line == {
        "event": "step done",
        "level": "info",
        "logger": "engine.worker",
        "instance": "42",
        "business_key": "ORD-1",
        "element": "Activate",
    }


def test_what_is_below_the_level_is_left_out(stream: io.StringIO) -> None:
    get_logger("a").debug("detail")
    logging.getLogger("a.library").info("chatter")
    assert stream.getvalue() == ""


def test_a_librarys_record_and_its_exception_fit_on_one_line(stream: io.StringIO) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("a.library").exception("it broke: %s", "badly")
    line = only_line(stream)
    assert (line["event"], line["level"], line["logger"]) == ("it broke: badly", "error", "a.library")
    assert "ZeroDivisionError" in str(line["exception"])


def test_a_value_that_is_no_json_is_written_as_text(stream: io.StringIO) -> None:
    get_logger("a").info("limits", within=timedelta(seconds=5), keys={1: "one"})
    assert only_line(stream)["within"] == "0:00:05"
