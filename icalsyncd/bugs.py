"""Exceptions that nobody expected, as they may be told: an exception's own words may quote what a host or a portal wrote."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb


class Wordless(Exception):
    """An exception of which the kind and the place are told, and no more."""


def wordless(error: BaseException) -> Wordless:
    """*error* for the log."""
    return Wordless(type(error).__name__).with_traceback(error.__traceback__)


def told(error: BaseException) -> str:
    """*error* in a sentence for the host."""
    last = extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last)
    return f"this is a bug of icalsyncd: {type(error).__name__}{place}; please report it"
