"""The blocks of an accommodation, changed in the config's text: nights that the host takes, and gives back.

All else of the text stays as it is. What cannot be changed so is refused, with the line to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from icalsyncd.config.document import Document, read
from icalsyncd.config.edit import EditRefused, add_item, remove_item, set_value
from icalsyncd.config.nodes import Lines, Plain

_KNOWN: Final = "this accommodation is not in the file"


@dataclass(frozen=True, slots=True)
class WrittenBlock:
    """A block as the file has it: the nights from *first* up to, not including, *until*."""

    index: int
    """Its place in the list."""
    first: date
    until: date
    note: str


def add_block(text: str, accommodation: str, first: date, until: date, note: str = "") -> str:
    """*text* with the nights from *first* up to, not including, *until* taken by the host.

    Raises :class:`EditRefused` where the accommodation is not there, one block has all these nights already, or another
    value would change with it.
    """
    if first >= until:
        raise ValueError("a block has one night at least")
    document = _holding(text, accommodation)
    for block in _written(document, accommodation):
        if block.first <= first and until <= block.until:
            raise EditRefused(_line(document, accommodation, block.index), "a block has all these nights already")
    return add_item(text, _path(accommodation), block_entry(first, until, note))


def remove_block(text: str, accommodation: str, first: date, until: date) -> str:
    """*text* with the nights from *first* up to, not including, *until* given back by the host.

    A block that lies within them goes, one that reaches beyond is shortened, one around them becomes two, each with its
    note. Raises :class:`EditRefused` where no block has any of these nights, or another value would change with it.
    """
    document = _holding(text, accommodation)
    path = _path(accommodation)
    concerned = [block for block in _written(document, accommodation) if block.first < until and first < block.until]
    if not concerned:
        raise EditRefused(_line(document, accommodation), "no block has any of these nights")
    # from the last one on, so that those before it keep their place
    for block in reversed(concerned):
        if block.first < first:
            text = set_value(text, (*path, block.index, "to"), first.isoformat())
            if until < block.until:
                text = add_item(text, path, block_entry(until, block.until, block.note))
        elif until < block.until:
            text = set_value(text, (*path, block.index, "from"), until.isoformat())
        else:
            text = remove_item(text, path, block.index)
    return text


def block_entry(first: date, until: date, note: str = "") -> dict[str, Plain]:
    """A block as the file has it."""
    entry: dict[str, Plain] = {"from": first.isoformat(), "to": until.isoformat()}
    return entry | {"note": note} if note else entry


def _path(accommodation: str) -> tuple[str, str, str]:
    return ("accommodations", accommodation, "blocks")


def _holding(text: str, accommodation: str) -> Document:
    document = read(text)
    if not isinstance(document, Document):
        line = Lines(text).position(document[0].index).line
        raise EditRefused(line, f"the file cannot be read as it is: {document[0].message}")
    if document.entry(("accommodations", accommodation)) is None:
        raise EditRefused(Lines(text).position(document.index(("accommodations",))).line, _KNOWN)
    return document


def _line(document: Document, accommodation: str, *index: int) -> int:
    return Lines(document.text).position(document.index((*_path(accommodation), *index))).line


def _written(document: Document, accommodation: str) -> Iterator[WrittenBlock]:
    """The blocks that are written rightly."""
    value: Any = document.value
    for key in _path(accommodation):
        value = value.get(key) if isinstance(value, dict) else None
    for index, block in enumerate(value if isinstance(value, list) else ()):
        try:
            first, until = date.fromisoformat(block["from"]), date.fromisoformat(block["to"])
        except (KeyError, TypeError, ValueError):
            continue  # a mistake that the check of the whole file reports
        note = block.get("note", "")
        yield WrittenBlock(index, first, until, note if isinstance(note, str) else "")
