"""The host's and the profiles' patterns of summaries: whole texts, or ``/regular expression/``."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from icalsyncd.calendars.settings import Summaries

LONGEST: Final = 200

# a repeated group that repeats or chooses inside can take longer than the universe has
_EXPLOSIVE: Final = re.compile(r"\((?:[^()\\]|\\.)*[*+|}](?:[^()\\]|\\.)*\)(?:[*+]|\{\d*,)")


def is_expression(written: str) -> bool:
    """Whether *written* is a ``/regular expression/`` and no text."""
    return len(written) > 2 and written.startswith("/") and written.endswith("/")


def check(written: str) -> None:
    """Raise ValueError, with words for the host, if *written* cannot be used as a pattern."""
    if not written.strip():
        raise ValueError("an empty pattern: write the whole summary, or a /regular expression/")
    if len(written) > LONGEST:
        raise ValueError(f"a pattern of more than {LONGEST} characters")
    if not is_expression(written):
        return
    try:
        expression = re.compile(written[1:-1])
    except (re.error, OverflowError, RecursionError):
        raise ValueError("not a regular expression of Python: look for brackets that are not closed") from None
    if expression.search("") is not None:
        raise ValueError("this regular expression matches every summary")
    if _EXPLOSIVE.search(written):
        raise ValueError("a repeated group that repeats or chooses inside can take for ever: write it without")


@cache
def compiled(written: tuple[str, ...]) -> Summaries:
    """The patterns as the reader wants them, one object for equal ones. They must have passed :func:`check`."""
    texts = frozenset(text.strip().casefold() for text in written if not is_expression(text))
    return Summaries(texts, tuple(re.compile(text[1:-1]) for text in written if is_expression(text)))
