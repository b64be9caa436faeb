"""The copies of portals' calendars: read off the event loop where they are large, and found again where they lie."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from icalsyncd import log
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.calendars.calendar import Event, Failed, Reading
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.reading import read
from icalsyncd.config.resolved import Sync
from icalsyncd.pulling.readers import Readers
from icalsyncd.state.database import StoreFailed
from icalsyncd.state.journal import Journal
from icalsyncd.state.state import Validators
from icalsyncd.state.store import Role

MAX_INLINE: Final = 12 * 1024
"""Bytes that are read on the loop, in about a quarter of a millisecond; larger bodies are read on a thread."""

T = TypeVar("T")

_COSTLY: Final = (b"RRULE", b"RDATE", b"MEZONE")
"""What makes a calendar costly to read: it recurs, or brings a zone of its own. The end of VTIMEZONE alone, since some
letters that are not ASCII become its first ones in capitals."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A portal's calendar as it came, and what the portal calls this very body. It is replaced whole."""

    body: bytes = field(repr=False)
    validators: Validators | None


class Copies:
    """Reads copies, new and stored."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._readers = Readers()
        self.max_size = 5 * 2**20
        """Bytes to which a compressed body may grow (`pull.max_size`)."""

    async def read(self, body: bytes, sync: Sync, today: Night) -> Reading:
        """What *body*, the calendar of *sync*, says on *today*."""
        max_size = self.max_size
        if len(body) <= MAX_INLINE and _is_plain(body):
            return read(body, sync.read, today, max_size=max_size)
        return await self.aside(sync, lambda: read(body, sync.read, today, max_size=max_size))

    async def aside(self, sync: Sync, work: Callable[[], T]) -> T:
        """Do *work* on a calendar of *sync* beside the event loop; those of other portals need not wait for it."""
        return await self._readers.do(_portal_of(sync), work)

    async def stored(self, sync: SyncLedger, role: Role) -> bytes | None:
        """The stored body of a sync's copy; None where there is none, or the disk does not give it."""
        try:
            return await self._journal.body((sync.link.first_name, role))
        except StoreFailed as error:
            log.error("a stored copy could not be read", why=str(error))
            return None

    async def last_read(self, ledger: SyncLedger, sync: Sync, today: Night) -> tuple[Event, ...]:
        """The events of a sync's snapshot."""
        body = await self.stored(ledger, Role.SNAPSHOT)
        if body is None:
            return ()
        reading = await self.read(body, sync, today)
        return () if isinstance(reading, Failed) else reading.events

    def close(self) -> None:
        """Read no more."""
        self._readers.close()


def _portal_of(sync: Sync) -> str:
    """Whose turn it is: one for all calendars of a host, so that a portal with many has no more turns than another."""
    return (urlsplit(sync.url.reveal()).hostname if sync.url is not None else None) or sync.name


def _is_plain(body: bytes) -> bool:
    """Whether nothing in *body* can make it costly to read.

    Folds, blanks and NULs may stand in the middle of a word, and are no part of it once it is read. What is compressed,
    or has a byte order mark, is not looked into.
    """
    if body.startswith((b"\x1f\x8b", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    words = body.translate(None, b"\r\n\t \0").upper()
    return not any(word in words for word in _COSTLY)
