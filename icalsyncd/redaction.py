"""The second line of defence against a secret in the log: what is registered here is blacked out wherever it appears.

The first is that nothing which knows a secret words a message with it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_BLACK: Final = "[redacted]"
# less would black out words that only look like it
_SHORTEST: Final = 6

# a link's token, whoever wrote it down (see installation.py)
_LINK: Final = r"(?<![a-z2-7])[a-z2-7]{32}(?=\.ics)"

_secrets: dict[str, tuple[str, ...]] = {}
_pattern: re.Pattern[str] | None = None


def register(secret: str) -> None:
    """Black out *secret* from now on; of a URL also its path and query by themselves, since its key is there."""
    global _pattern
    _secrets[secret] = tuple(part for part in (secret, _tail(secret)) if len(part) >= _SHORTEST)
    _pattern = None


def forget(secret: str) -> None:
    """*secret* is none any more."""
    global _pattern
    _secrets.pop(secret, None)
    _pattern = None


def redacted(text: str) -> str:
    """*text* with every registered secret, and every link's token, replaced."""
    global _pattern
    if _pattern is None:
        # made when it is wanted: thousands of secrets may be registered in a row
        _pattern = _compile()
    return _pattern.sub(_BLACK, text)


def _tail(secret: str) -> str:
    try:
        parts = urlsplit(secret)
    except ValueError:
        return ""
    if not parts.netloc:
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _compile() -> re.Pattern[str]:
    parts = {part for parts in _secrets.values() for part in parts}
    longest_first = sorted(parts, key=lambda part: (-len(part), part))
    return re.compile("|".join((*map(re.escape, longest_first), _LINK)))
