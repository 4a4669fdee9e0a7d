"""Logs: one JSON object a line, of our own records and the libraries' alike.

Context is bound, never ambient: `logger.bind(instance=..., business_key=...)` returns the logger to pass on.
"""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from app.core.personal import PersonalInputs
from app.core.secrecy import Scrubber

Logger = FilteringBoundLogger


class _Scrubbing:
    """Takes out what no line may hold. One for the process, as its log is."""

    scrubber = Scrubber()

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        personal: PersonalInputs | None = line.pop(PERSONAL, None)
        clean: EventDict = self.scrubber.value(line if personal is None else personal.value(line))
        return clean


PERSONAL = "personal"  # what is bound under that name masks its logger's lines, and is not shown itself
_scrubbing = _Scrubbing()


def get_logger(name: str, **context: Any) -> Logger:
    """A logger of that name whose every line carries `context`."""
    logger: Logger = structlog.get_logger(logger_name=name, **context)
    return logger


def scrub_with(scrubber: Scrubber) -> None:
    """Let no line of this process hold what the scrubber knows."""
    _scrubbing.scrubber = scrubber


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every record of at least `level` to `stream` (standard error by default). For the command line to call."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    out = stream or sys.stderr
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _name_our_logger,
            stamp,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _scrubbing,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, stamp, _name_a_librarys_logger],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _scrubbing,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))  # libraries speak up only when something is wrong


def _name_our_logger(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """structlog keeps the keyword `logger` to itself, so get_logger() takes a detour."""
    line["logger"] = line.pop("logger_name", None)
    return line


def _name_a_librarys_logger(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line["logger"] = line["_record"].name
    return line


def _dumps(line: EventDict, **_: Any) -> str:
    # A dataclass is shown as its repr, which leaves out what it hides; orjson itself would write every field.
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
