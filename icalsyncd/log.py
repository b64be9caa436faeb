"""What the daemon tells its log: one line an event, a message and named fields, for people or for machines.

Every line passes the redaction, those of libraries and the tracebacks of bugs included.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Final, TextIO, TypeAlias

from icalsyncd.redaction import redacted

Field: TypeAlias = str | int | float | bool | None

_LOG: Final = logging.getLogger("icalsyncd")
_BARE: Final = re.compile(r"[^\s\"'=\\]+")
# sd-daemon(3): the severities of syslog
_SEVERITIES: Final = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class Style(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"
    LOGFMT = "logfmt"


def debug(message: str, /, **fields: Field) -> None:
    _say(logging.DEBUG, message, fields)


def info(message: str, /, **fields: Field) -> None:
    _say(logging.INFO, message, fields)


def warning(message: str, /, **fields: Field) -> None:
    _say(logging.WARNING, message, fields)


def error(message: str, /, **fields: Field) -> None:
    _say(logging.ERROR, message, fields)


def exception(message: str, /, **fields: Field) -> None:
    """An error with the traceback of the exception that is being handled: for bugs, not for what is expected."""
    _LOG.error(message, extra={"fields": fields}, exc_info=True)


def bug(message: str, problem: BaseException, /, **fields: Field) -> None:
    """The same for an exception that came out of a task."""
    _LOG.error(message, extra={"fields": fields}, exc_info=problem)


def configure(style: Style | None = None, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all of the process's log to *stream* (standard error) in *style* (text), from *level* on.

    Where *stream* goes to systemd's journal, which has a time of its own, text has none, and every line says its
    severity in the way the journal understands.
    """
    target = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Line(style or Style.TEXT, journal=_is_journal(target)))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    # what logging prints of its own failures would pass no redaction
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    # its lines are requests, and the path of a request is a link
    logging.getLogger("aiohttp.access").disabled = True
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


class _Line(logging.Formatter):
    def __init__(self, style: Style, *, journal: bool) -> None:
        super().__init__()
        self._layout = style
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        fields = self._fields(record)
        message, level = redacted(record.getMessage()), record.levelname.lower()
        moment = datetime.fromtimestamp(record.created, UTC)
        stamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        match self._layout:
            case Style.JSON:
                fixed: dict[str, Field] = {"time": stamp, "level": level, "message": message}
                line = json.dumps(fixed | fields | fixed, ensure_ascii=False)
                line = _escaped(line)
            case Style.LOGFMT:
                line = _pairs({"time": stamp, "level": level, "message": message} | fields)
            case Style.TEXT:
                told = " ".join(part for part in (_escaped(message), _pairs(fields)) if part)
                local = moment.astimezone().isoformat(" ", "seconds")
                line = told if self._journal else f"{local} {level:<7} {told}"
        return f"<{_SEVERITIES.get(record.levelno, 6)}>{line}" if self._journal else line

    def _fields(self, record: logging.LogRecord) -> dict[str, Field]:
        given: Mapping[str, Field] = getattr(record, "fields", {})
        fields = {name: redacted(value) if isinstance(value, str) else value for name, value in given.items()}
        if record.name != _LOG.name:
            fields["logger"] = record.name
        if record.exc_info:
            fields["traceback"] = redacted(self.formatException(record.exc_info))
        return fields


def _say(level: int, message: str, fields: Mapping[str, Field]) -> None:
    _LOG.log(level, message, extra={"fields": fields})


def _pairs(fields: Mapping[str, Field]) -> str:
    return " ".join(f"{name}={_written(value)}" for name, value in fields.items() if value is not None)


def _written(value: Field) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.3f}"
        case str() if not _BARE.fullmatch(value):
            return _escaped(json.dumps(value, ensure_ascii=False))
        case _:
            return _escaped(str(value))


def _escaped(text: str) -> str:
    """*text* without what could end the line, move the cursor or turn the reading direction."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _code(letter) for letter in text)


def _code(letter: str) -> str:
    return json.dumps(letter)[1:-1] if letter != "\x7f" else "\\u007f"


def _is_journal(stream: TextIO) -> bool:
    """Whether *stream* is the one that systemd named in JOURNAL_STREAM (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _uncaught(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _LOG.critical("ended by a bug", exc_info=(kind, problem, trace))
