"""Regular expressions that search summaries, on RE2: in a time that grows with the summary alone.

A summary comes from a portal, and an engine that tries one way after the other can be made to try for ever. `\\b`, `\\d`,
`\\s` and `\\w` mean the letters, digits and spaces of ASCII here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import re2

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


class UnknownExpression(Exception):
    """The engine does not know an expression; its text says what to write."""


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


@lru_cache(1024)
def expression(pattern: str) -> Expression:
    """The expression *pattern*, as it is written without slashes. Raises UnknownExpression."""
    options = re2.Options()
    options.never_capture = True
    # it would write the pattern to standard error
    options.log_errors = False
    try:
        engine = re2.compile(pattern, options)
        size = engine.programsize
    except re2.error as error:
        raise UnknownExpression(_words(pattern, error)) from None
    if size > MAX_PROGRAM:
        raise UnknownExpression(_TOO_MANY)
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
