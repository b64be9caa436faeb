"""The host's and the profiles' patterns of summaries: whole texts, or ``/regular expression/``.

Expressions are searched for by RE2, in a time that grows with the summary alone: a summary comes from a portal, and an
engine that tries one way after the other can be made to try for ever. What RE2 does not know is refused with what it knows
instead; and `\\b`, `\\d`, `\\s` and `\\w` mean the letters, digits and spaces of ASCII there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from icalsyncd.calendars.expressions import UnknownExpression, expression
from icalsyncd.calendars.settings import Summaries

LONGEST: Final = 200


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
        found = expression(written[1:-1])
    except UnknownExpression as error:
        if ran_before:
            return
        raise ValueError(str(error)) from None
    if found.search(""):
        raise ValueError("this regular expression matches every summary")


def unusable(written: str) -> str | None:
    """Why *written* is an expression that matches nothing; None where it can be used."""
    if is_expression(written):
        try:
            expression(written[1:-1])
        except UnknownExpression as error:
            return str(error)
    return None


def any_unusable(written: Iterable[str]) -> bool:
    """Whether one of the patterns matches nothing, since the engine does not know it."""
    return any(unusable(text) is not None for text in written)


@cache
def compiled(written: tuple[str, ...]) -> Summaries:
    """The patterns as the reader wants them, one object for equal ones. They must have passed :func:`check`."""
    texts = frozenset(text.strip().casefold() for text in written if not is_expression(text))
    return Summaries(
        texts, tuple(expression(text[1:-1]) for text in written if is_expression(text) and not unusable(text))
    )
