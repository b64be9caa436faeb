"""The host's and the profiles' patterns of summaries: whole texts, or ``/regular expression/``.

Expressions are searched for by RE2, in a time that grows with the summary alone: a summary comes from a portal, and an
engine that tries one way after the other can be made to try for ever. What RE2 does not know is refused with what it knows
instead; and `\\b`, `\\d`, `\\s` and `\\w` mean the letters, digits and spaces of ASCII there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

import re2

from icalsyncd.calendars.settings import Summaries

LONGEST: Final = 200
MAX_PROGRAM: Final = 1000
"""Steps that an expression may come to; what costs time on each letter of a summary."""

_TOO_MANY: Final = "a regular expression with too many repeats: write `+` or `*` for large numbers"
_NEAREST: Final = (
    (r"\(\?<?[=!]", "it cannot look ahead or behind: write what the summary holds, and list several patterns"),
    (r"\(\?P=|\\[1-9]", "it cannot refer back to a group: write what the group matches once more"),
    (r"\(\?>", "it has no atomic groups, and needs none: write `(?:` for `(?>`"),
    (r"[*+?}]\+", "it has no possessive repeats, and needs none: leave the second `+` out"),
    (r"\(\?\(", "it has no conditions: list several patterns"),
    (r"\(\?#", "it has no comments: write a comment of YAML"),
    (r"\(\?[a-zA-Z]*[xauL]", "of the flags it knows `i`, `m`, `s` and `U`, such as `(?i)`"),
    (r"\\Z", "write `\\z` for `\\Z`"),
    (r"\\[uUN]", "write the letter itself, or `\\x{20AC}` by its number"),
    (r"[*+?}][*{]", "one repeat follows the other: put the first in brackets"),
)
"""What is often written and RE2 does not know, and the nearest that it knows."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression that is ready to be searched for."""

    pattern: str
    engine: Any = field(compare=False, repr=False)

    def search(self, text: str) -> bool:
        """Whether *text* holds what the expression matches."""
        try:
            return self.engine.search(text) is not None
        except UnicodeEncodeError:
            # half of a surrogate pair is no letter
            return self.engine.search(text.encode("utf-8", "replace").decode()) is not None


class _Unknown(Exception):
    """The engine does not know an expression; its text says what to write."""


def is_expression(written: str) -> bool:
    """Whether *written* is a ``/regular expression/`` and no text."""
    return len(written) > 2 and written.startswith("/") and written.endswith("/")


def check(written: str, *, ran_before: bool = False) -> None:
    """Raise ValueError, with words for the host, if *written* cannot be used as a pattern.

    What *ran_before* may hold an expression that RE2 does not know: it will match nothing.
    """
    if not written.strip():
        raise ValueError("an empty pattern: write the whole summary, or a /regular expression/")
    if len(written) > LONGEST:
        raise ValueError(f"a pattern of more than {LONGEST} characters")
    if not is_expression(written):
        return
    try:
        expression = _expression(written)
    except _Unknown as error:
        if ran_before:
            return
        raise ValueError(str(error)) from None
    if expression.search(""):
        raise ValueError("this regular expression matches every summary")


def unusable(written: str) -> str | None:
    """Why *written* is an expression that matches nothing; None where it can be used."""
    if is_expression(written):
        try:
            _expression(written)
        except _Unknown as error:
            return str(error)
    return None


def any_unusable(written: Iterable[str]) -> bool:
    """Whether one of the patterns matches nothing, since the engine does not know it."""
    return any(unusable(text) is not None for text in written)


@cache
def compiled(written: tuple[str, ...]) -> Summaries:
    """The patterns as the reader wants them, one object for equal ones. They must have passed :func:`check`."""
    texts = frozenset(text.strip().casefold() for text in written if not is_expression(text))
    return Summaries(texts, tuple(_expression(text) for text in written if is_expression(text) and not unusable(text)))


@lru_cache(1024)
def _expression(written: str) -> Expression:
    """Raises _Unknown."""
    options = re2.Options()
    options.never_capture = True
    # it would write the pattern to standard error
    options.log_errors = False
    pattern = written[1:-1]
    try:
        engine = re2.compile(pattern, options)
        size = engine.programsize
    except re2.error as error:
        raise _Unknown(_words(pattern, error)) from None
    if size > MAX_PROGRAM:
        raise _Unknown(_TOO_MANY)
    return Expression(pattern, engine)


def _words(pattern: str, error: Exception) -> str:
    if "too large" in str(error) or "repetition size" in str(error):
        return _TOO_MANY
    # an escaped bracket is a letter; and what is between square brackets is none of these
    plain = re.sub(r"\\[^1-9ZuUN]|\[\^?\]?[^\]]*\]", ".", pattern)
    nearest = next((words for sign, words in _NEAREST if re.search(sign, plain)), None)
    if nearest is None:
        return "not a regular expression of RE2: look for brackets that are not closed"
    return f"not a regular expression of RE2: {nearest}"
