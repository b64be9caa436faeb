"""A calendar for people, as bytes (RFC 5545): all-day events with a title each, and nothing of any guest.

Portals get the nights that they must close (:mod:`~icalsyncd.calendars.feed`); people want to know what these nights are.
An event keeps its UID through each change of it, and tells by SEQUENCE and LAST-MODIFIED that it has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Final

from icalsyncd.calendars.nights import Stay, date_of, night_of

_HEAD: Final = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//icalsyncd//icalsyncd//EN",
    "CALSCALE:GREGORIAN",
)
_FRESH: Final = ("REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H")
_LONGEST: Final = 75
"""Bytes of a line, without its end (RFC 5545 §3.1)."""
_SEQUENCE_ZERO: Final = 1_577_836_800
"""2020-01-01: a SEQUENCE is the seconds from then to the change, so that it stays below 2**31 until 2088."""
_LONG_PAST: Final = Stay(night_of(date(2000, 1, 1)), night_of(date(2000, 1, 2)))
"""What a calendar without events holds: RFC 5545 §3.6 wants a component, and some importers refuse one without."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: all days from the first of ``days`` up to, not including, the last."""

    uid: str
    days: Stay
    title: str
    changed: int = 0
    """When its days or its title last changed, in seconds since 1970."""


def uid_of(key: bytes, *parts: str) -> str:
    """The UID of the event that *parts* tell from all others. It is none of those under which nights are closed."""
    return f"{blake2b(chr(0).join(parts).encode(), key=key, digest_size=16).hexdigest()}@people.icalsyncd"


def render_agenda(name: str, entries: Iterable[Entry]) -> bytes:
    """The calendar called *name* with *entries*, in the order of their days."""
    lines = [*_HEAD, f"X-WR-CALNAME:{_escaped(name)}", f"NAME:{_escaped(name)}", *_FRESH]
    listed = sorted(entries, key=lambda entry: (entry.days, entry.uid))
    for entry in listed or (Entry(f"none@{_escaped(name)}.people.icalsyncd", _LONG_PAST, name, _SEQUENCE_ZERO),):
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return b"".join(map(_folded, lines))


def _event(entry: Entry) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(entry.changed, UTC).strftime("%Y%m%dT%H%M%SZ")
    start, end = (date_of(day).strftime("%Y%m%d") for day in entry.days)
    return (
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"DTSTAMP:{moment}",
        f"LAST-MODIFIED:{moment}",
        f"SEQUENCE:{max(0, entry.changed - _SEQUENCE_ZERO)}",
        f"DTSTART;VALUE=DATE:{start}",
        f"DTEND;VALUE=DATE:{end}",
        f"SUMMARY:{_escaped(entry.title)}",
        # a guest in the house makes its owner no less free
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _escaped(text: str) -> str:
    """*text* as a value of the type TEXT (RFC 5545 §3.3.11)."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, written)
    return text


def _folded(line: str) -> bytes:
    """*line* in lines that are not too long, no letter cut."""
    left = line.encode()
    parts: list[bytes] = []
    room = _LONGEST
    while len(left) > room:
        cut = room
        while left[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(left[:cut])
        left, room = left[cut:], _LONGEST - 1
    return b"\r\n ".join((*parts, left)) + b"\r\n"
