"""The line of a mistake with a caret under its place, for the terminal of whoever wrote it.

What may be a secret is dotted: any word that is long or holds what only addresses hold, and all behind a key that names one.
"""

from __future__ import annotations

import re
from typing import Final

from icalsyncd.config.mistakes import Mistake

_SECRET_KEY: Final = re.compile(
    r"\b(\w*url\w*|\w*password\w*|\w*secret\w*|\w*key\w*|\w*token\w*|dsn\w*|username)\b", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\s,{}\[\]]+")
_HARMLESS: Final = re.compile(r"""['"“”‘’]?[\w.:#-]{1,16}(?:/[\w.:#-]{1,16})?['"“”‘’]?""")
_LONGEST: Final = 100


def excerpt(text: str, mistake: Mistake) -> tuple[str, str] | None:
    """The line of *mistake* in *text*, and a line with a caret under its column; None where it has no line to show."""
    lines = text.split("\n")
    if not 0 < mistake.line <= len(lines):
        return None
    line = lines[mistake.line - 1].rstrip("\r")
    if not line.strip() or not line.isprintable():
        return None
    column = mistake.column - 1
    start = max(0, column - _LONGEST // 2) if len(line) > _LONGEST else 0
    return _dotted(line)[start : start + _LONGEST], " " * (column - start) + "^"


def _dotted(line: str) -> str:
    key = _SECRET_KEY.search(line)
    shown_to = key.end() if key else len(line)
    return _WORD.sub(lambda word: word[0] if _is_harmless(word, shown_to) else "·" * len(word[0]), line)


def _is_harmless(word: re.Match[str], shown_to: int) -> bool:
    return word.start() < shown_to and "://" not in word[0] and bool(_HARMLESS.fullmatch(word[0]))
