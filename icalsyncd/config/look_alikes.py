"""What looks right in a YAML text and is not: a colon without the space after it, and curly quotes."""

from __future__ import annotations

import re
from typing import Final

SPACE_MISSING: Final = "a space is missing after this colon: without it, `key:value` is one text and no key"
_GLUED: Final = re.compile(r"^[ ]*(?:- )*([a-z][a-z_0-9-]*):(?![ \t/]|$)", re.IGNORECASE)
"""A line that is one text for YAML, and a key with its value for whoever wrote it; no URL."""
GLUED_KEY: Final = re.compile(r"[a-z][a-z_0-9-]*:[^/]", re.IGNORECASE)
"""A key in braces that has swallowed its value: `{to:2026-12-27}`."""
_CURLY: Final = "“”„‟‘’‚‛«»"


def glued_before(text: str, index: int) -> int | None:
    """Where on the line of *index*, or on the nearest one before it, a colon lacks the space after it."""
    lines = text[: text.find("\n", index) if "\n" in text[index:] else len(text)].split("\n")
    start = sum(len(line) + 1 for line in lines)
    for near in range(2):
        while lines:
            line = lines.pop()
            start -= len(line) + 1
            if line.strip() and not line.lstrip().startswith("#"):
                break
        else:
            return None
        # the line that the parser stumbles over may be right in itself: the one before it is then the cause
        if (found := _GLUED.match(line)) and (near or start + found.end(1) <= index):
            return start + found.end(1)
    return None


def curly_at(text: str, index: int) -> str:
    """A hint where the value or key at *index* begins with a curly quote, else nothing."""
    if text[index : index + 1] in tuple(_CURLY):
        return "; it begins with a curly quote, which is part of the text: write straight ones, ' or \""
    return ""
