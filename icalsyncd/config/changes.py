"""What the host changes of the config without an editor: a sync's pause, and the nights that the host takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, assert_never

from icalsyncd.config.blocks import add_block, block_entry, remove_block
from icalsyncd.config.document import Document, read
from icalsyncd.config.edit import EditRefused, as_lines, set_value
from icalsyncd.config.nodes import Lines, Plain


@dataclass(frozen=True, slots=True)
class Pause:
    """A sync is taken out of play, or has its part again."""

    accommodation: str
    sync: str
    paused: bool | Literal["keep"]


@dataclass(frozen=True, slots=True)
class Block:
    """The host takes the nights from *first* up to, not including, *until*."""

    accommodation: str
    first: date
    until: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unblock:
    """The host gives the nights from *first* up to, not including, *until* back."""

    accommodation: str
    first: date
    until: date


Change: TypeAlias = Pause | Block | Unblock


def changed(text: str, change: Change) -> str:
    """The config's *text* with *change* in it and all else as it was. Raises EditRefused."""
    match change:
        case Pause(accommodation, sync, paused):
            _look_for(text, accommodation, sync)
            return set_value(text, _of_sync(accommodation, sync), paused)
        case Block(accommodation, first, until, note):
            return add_block(text, accommodation, first, until, note)
        case Unblock(accommodation, first, until):
            return remove_block(text, accommodation, first, until)
        case _:
            assert_never(change)


def to_paste(after: str, change: Change) -> str:
    """The lines that say *change*, for a host who writes them; *after* is the whole text with it.

    Only what changes stands in them: nothing of the file that could be a secret.
    """
    match change:
        case Pause(accommodation, sync, paused):
            return as_lines(_of_sync(accommodation, sync), paused)
        case Block(accommodation, first, until, note):
            return as_lines(_of_blocks(accommodation), [block_entry(first, until, note)])
        case Unblock(accommodation):
            return as_lines(_of_blocks(accommodation), _blocks_in(after, accommodation))
        case _:
            assert_never(change)


def _look_for(text: str, accommodation: str, sync: str) -> None:
    """Raises EditRefused where the file has no such sync: no edit makes one."""
    document = read(text)
    path = ("accommodations", accommodation, "syncs", sync)
    if isinstance(document, Document) and document.entry(path) is None:
        line = Lines(text).position(document.index(path)).line
        raise EditRefused(line, "this sync is not in the file")


def _of_sync(accommodation: str, sync: str) -> tuple[str, ...]:
    return ("accommodations", accommodation, "syncs", sync, "paused")


def _of_blocks(accommodation: str) -> tuple[str, ...]:
    return ("accommodations", accommodation, "blocks")


def _blocks_in(text: str, accommodation: str) -> Plain:
    document = read(text)
    found: Any = document.value if isinstance(document, Document) else {}
    for key in _of_blocks(accommodation):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []
