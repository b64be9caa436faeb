"""The calendar of nights that a portal must close, as bytes (RFC 5545).

A feed holds UID, DTSTAMP, DTSTART, DTEND and a constant summary, and nothing else of the world: the same nights always
give the same bytes. Each event is one maximal run of nights; its UID carries that run and a keyed mark of the
accommodation, so that an event that comes back from a portal is known as ours without any record of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from icalsyncd.calendars.nights import EMPTY, Nights, Stay, date_of, night_of

SUMMARY: Final = "Unavailable"
"""Of every event in every feed."""
_DOMAIN: Final = "icalsyncd"
_AT_DOMAIN: Final = f"@{_DOMAIN}".encode()
_UID_LENGTH: Final = 8 + 1 + 8 + 1 + 16 + len(_AT_DOMAIN)
_HEAD: Final = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//icalsyncd//icalsyncd//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
)
_TAIL: Final = b"END:VCALENDAR\r\n"
# DTSTAMP is required (RFC 5545 §3.6.1); an event never changes under its UID, so that one moment serves all
_EVENT: Final = (
    b"BEGIN:VEVENT\r\nUID:%b-%b"
    + _AT_DOMAIN
    + b"\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:%b\r\nDTEND;VALUE=DATE:%b\r\n"
    b"SUMMARY:" + SUMMARY.encode() + b"\r\nEND:VEVENT\r\n"
)
_LONG_PAST: Final = Stay(night_of(date(2000, 1, 1)), night_of(date(2000, 1, 2)))
"""What a feed without taken nights holds: RFC 5545 §3.6 wants a component, and some importers refuse one without."""
_UID: Final = re.compile(rf"([0-9]{{8}})-([0-9]{{8}})-[0-9a-f]{{16}}@{_DOMAIN}")

_DATES_KEPT: Final = 8192


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells the events of one accommodation of one installation from all others'."""

    key: bytes
    """Derived from the installation's secret, at most 64 bytes."""
    accommodation: str

    def uid(self, stay: Stay) -> str:
        """The UID under which the nights of *stay* are closed."""
        return self._uid(_basic(stay.check_in), _basic(stay.check_out)).decode()

    def nights(self, uid: str) -> Nights:
        """The nights that we put under *uid*; none where it is not ours."""
        uid = uid.strip()
        if len(uid) != _UID_LENGTH:
            return EMPTY
        # a UID may come back in capitals
        found = _UID.fullmatch(uid.lower())
        if found is None or self._uid(found[1].encode(), found[2].encode()) != found[0].encode():
            return EMPTY
        try:
            return Nights.between(night_of(_date(found[1])), night_of(_date(found[2])))
        except ValueError:
            return EMPTY

    def _uid(self, start: bytes, end: bytes) -> bytes:
        dates = start + b"-" + end
        return b"%b-%b%b" % (dates, self._mark(dates), _AT_DOMAIN)

    def _mark(self, dates: bytes) -> bytes:
        mark = _keyed(self.key).copy()
        mark.update(dates + self.accommodation.encode())
        return mark.hexdigest().encode()


def render(nights: Nights, signature: Signature) -> bytes:
    """The feed that closes *nights*."""
    parts = [_HEAD]
    for stay in nights.stays() or (_LONG_PAST,):
        start, end = _basic(stay.check_in), _basic(stay.check_out)
        dates = start + b"-" + end
        parts.append(_EVENT % (dates, signature._mark(dates), start, end))
    parts.append(_TAIL)
    return b"".join(parts)


@lru_cache(16)
def _keyed(key: bytes) -> blake2b:
    """To be copied: taking a key in costs as much as the rest of a mark."""
    return blake2b(key=key, digest_size=8)


@lru_cache(_DATES_KEPT)
def _basic(night: int) -> bytes:
    """A date in RFC 5545's form, `20260710`."""
    day = date_of(night)
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


def _date(basic: str) -> date:
    return date(int(basic[:4]), int(basic[4:6]), int(basic[6:]))
