"""Reading what portals sent: on the event loop where that costs next to nothing, and on threads where it may cost much."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import urlsplit

from icalsyncd.calendars.calendar import Reading
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.reading import read
from icalsyncd.config.resolved import Sync
from icalsyncd.pulling.readers import Readers

MAX_INLINE: Final = 12 * 1024
"""Bytes that are read on the loop, in about a quarter of a millisecond; larger bodies are read on a thread."""

T = TypeVar("T")

_COSTLY: Final = (b"RRULE", b"RDATE", b"MEZONE")
"""What makes a calendar costly to read: it recurs, or brings a zone of its own. The end of VTIMEZONE alone, since some
letters that are not ASCII become its first ones in capitals."""


class Bodies:
    """Reads the bodies of calendars, new and stored."""

    def __init__(self) -> None:
        self._readers = Readers()
        self.max_size = 5 * 2**20
        """Bytes to which a compressed body may grow (`pull.max_size`)."""

    async def read(self, body: bytes, sync: Sync, today: Night) -> Reading:
        """What *body*, the calendar of *sync*, says on *today*."""
        max_size = self.max_size
        if len(body) <= MAX_INLINE and is_cheap(body):
            return read(body, sync.read, today, max_size=max_size)
        return await self.aside(sync, lambda: read(body, sync.read, today, max_size=max_size))

    async def aside(self, sync: Sync, work: Callable[[], T]) -> T:
        """Do *work* on a calendar of *sync* beside the event loop; those of other portals need not wait for it."""
        return await self._readers.do(_portal_of(sync), work)

    def close(self) -> None:
        """Read no more."""
        self._readers.close()


def is_cheap(body: bytes) -> bool:
    """Whether nothing in *body* can make it costly to read for its size.

    Folds, blanks and NULs may stand in the middle of a word, and are no part of it once it is read. What is compressed,
    or has a byte order mark, is not looked into.
    """
    if body.startswith((b"\x1f\x8b", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    words = body.translate(None, b"\r\n\t \0").upper()
    return not any(word in words for word in _COSTLY)


def _portal_of(sync: Sync) -> str:
    """Whose turn it is: one for all calendars of a host, so that a portal with many has no more turns than another."""
    return (urlsplit(sync.url.reveal()).hostname if sync.url is not None else None) or sync.name
