"""Where words about the work go: one line each on stderr, JSON for machines or text for people.

No name, phone, ID number or token is ever an argument of a log call; ids of fairs, jobs and people may be. At level
debug each hop of a sign-up is a line with the same `candidate`, from the request to the push.
"""

from __future__ import annotations

import logging
import platform
import re
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import orjson
import structlog

from livefair.config import Settings
from livefair.faults import text_of, told

REPEAT_S = 5.0
"""A library that says the same thing again within this time is not heard; aiokafka would write megabytes."""

# Their INFO is our DEBUG.
_ID = re.compile(rb'"(id|type|application|candidate|offer)":"([a-z0-9._~-]{1,90})"')
_CHATTY = ("aiokafka", "aiohttp", "asyncio", "websockets", "faust", "mode", "stamina")


class Detail:
    """Whether each hop of each sign-up is told. Hot paths ask this before they make a line that nobody wants."""

    on = False


detail = Detail()


def ids_in(event: bytes) -> dict[str, str]:
    """The ids that an event names, and its type: what a log may say of it, and all that it may."""
    found: dict[str, str] = {}
    for name, value in _ID.findall(event):
        found.setdefault(name.decode(), value.decode())
    if "id" in found:
        found["event_id"] = found.pop("id")
    return found


class NotAgain(logging.Filter):
    """Lets one message of a kind pass in REPEAT_S seconds; the next that passes says how many did not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it passes."""
        kind = (record.name, str(record.msg))
        now = self._clock()
        since, unheard = self._last.get(kind, (-REPEAT_S, 0))
        if now - since < REPEAT_S:
            self._last[kind] = (since, unheard + 1)
            return False
        if unheard:
            record.msg = f"{record.msg} (and {unheard} times more)"
        self._last[kind] = (now, 0)
        return True


def hush() -> None:
    """For commands that are no service: a failure is told in our own sentence, and stdout is for data alone."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    if not structlog.is_configured():
        structlog.configure(logger_factory=structlog.stdlib.LoggerFactory(), cache_logger_on_first_use=False)


def configure(settings: Settings, service: str) -> None:
    """Set up logging for this process: structlog, and what libraries say through logging. Call it once, first."""
    level = getattr(logging, settings.log_level.upper())
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(service, settings.slot),
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _traced]
    if settings.log_format == "json":
        last.append(structlog.processors.JSONRenderer(lambda event, **_: orjson.dumps(event, default=str).decode()))
    else:
        last += [_as_text, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=last))
    handler.addFilter(_heard)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    detail.on = level <= logging.DEBUG
    structlog.get_logger(__name__).info("starting", version=version("livefair"), python=platform.python_version())


def _named(service: str, slot: int) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        if slot:
            event.setdefault("slot", slot)
        return event

    return add


def _traced(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = told(error)
    return event


def _as_text(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if "exception" in event:
        event["exception"] = text_of(event["exception"])
    return event


_not_again = NotAgain()


def _heard(record: logging.LogRecord) -> bool:
    # Ours are never repeated without meaning it; only libraries' are held back.
    return not record.name.startswith(_CHATTY) or _not_again.filter(record)
