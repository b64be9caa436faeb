"""The second line of defence against a secret in the log: what is registered here is blacked out wherever it appears.

The first is that nothing which knows a secret words a message with it.
"""

from __future__ import annotations

import re
from pathlib import Path
from traceback import extract_tb
from typing import Final
from urllib.parse import urlsplit

_BLACK: Final = "[redacted]"
# less would black out words that only look like it
_SHORTEST: Final = 6

# a link's token (see installation.py), whoever wrote it down and whatever stands around it
_LINK: Final = re.compile(r"[a-z2-7]{32,}")

_secrets: dict[str, tuple[str, ...]] = {}
# by their first letters and then by their length: a line is looked through once, however many secrets there are
_parts: dict[str, dict[int, set[str]]] = {}


def register(secret: str) -> None:
    """Black out *secret* from now on; of a URL also its path and query by themselves, since its key is there."""
    if secret not in _secrets:
        _secrets[secret] = tuple(part for part in (secret, _tail(secret)) if len(part) >= _SHORTEST)
        _index(_secrets[secret])


def forget(secret: str) -> None:
    """*secret* is none any more."""
    _secrets.pop(secret, None)
    _parts.clear()
    for parts in _secrets.values():
        _index(parts)


def redacted(text: str) -> str:
    """*text* with every registered secret, and every link's token, replaced."""
    return _LINK.sub(_BLACK, _without_secrets(text))


def _without_secrets(text: str) -> str:
    pieces: list[str] = []
    kept = at = 0
    while at <= len(text) - _SHORTEST:
        end = _end_of_secret(text, at)
        if end is None:
            at += 1
        else:
            pieces += (text[kept:at], _BLACK)
            kept = at = end
    return "".join((*pieces, text[kept:])) if pieces else text


def _end_of_secret(text: str, at: int) -> int | None:
    """Where the longest secret ends that begins *at*; None where none does."""
    by_length = _parts.get(text[at : at + _SHORTEST])
    if by_length is None:
        return None
    fitting = (length for length, parts in by_length.items() if text[at : at + length] in parts)
    longest = max(fitting, default=None)
    return at + longest if longest is not None else None


def _index(parts: tuple[str, ...]) -> None:
    for part in parts:
        _parts.setdefault(part[:_SHORTEST], {}).setdefault(len(part), set()).add(part)


def _tail(secret: str) -> str:
    try:
        parts = urlsplit(secret)
    except ValueError:
        return ""
    if not parts.netloc:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


class Wordless(Exception):
    """An exception that nobody expected, of which the kind and the place are told, and no more."""


def wordless(error: BaseException) -> Wordless:
    """*error* for the log."""
    return Wordless(type(error).__name__).with_traceback(error.__traceback__)


def told(error: BaseException) -> str:
    """*error* in a sentence for the host."""
    last = extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last)
    return f"this is a bug of icalsyncd: {type(error).__name__}{place}; please report it"
