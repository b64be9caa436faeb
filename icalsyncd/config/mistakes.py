"""What is wrong in the host's config, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from icalsyncd.config.nodes import Path

_HARMLESS: Final = re.compile(r"[\w.-]{1,60}|<<")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong, or worth a warning, where it is written, and what would be right."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    path: str
    """Such as ``accommodations.casa-azul.blocks[0].to``; empty for the file as a whole."""
    message: str
    """Quotes no value of the file, since any of them may be a secret in the wrong place."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        return where + (f"{self.path}: {self.message}" if self.path else self.message)


@dataclass(frozen=True, slots=True)
class Remark:
    """A mistake or a warning before its place in the text is looked up."""

    path: Path
    message: str
    of_key: bool = False
    """It is the key that is wrong, not its value."""


def written(path: Path) -> str:
    """*path* for people. Keys that could hold more than a name are left out: somebody may have put a URL there."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if _HARMLESS.fullmatch(step) else "…"
            text += f".{name}" if text else name
    return text


def meant(word: object, known: Iterable[str], likeness: float = 0.6) -> str:
    """`` (did you mean `x`?)`` where *word* is nearly one of the *known* ones, else nothing.

    With a *likeness* of 1, only case and dashes may differ.
    """
    if not isinstance(word, str):
        return ""
    folded = {_folded(choice): choice for choice in known}
    near = get_close_matches(_folded(word), folded, n=1, cutoff=likeness)
    return f" (did you mean `{folded[near[0]]}`?)" if near else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``, each in backticks."""
    quoted = [f"`{word}`" for word in words]
    return f" {last} ".join(filter(None, (", ".join(quoted[:-1]), *quoted[-1:])))
