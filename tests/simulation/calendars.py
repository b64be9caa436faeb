"""Calendars as portals write them, and feeds as they read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

Night = int
"""A date's ordinal number."""
Stay = tuple[Night, Night]
"""Half-open."""


def nights(stays: Iterable[Stay]) -> frozenset[Night]:
    """All nights of *stays*."""
    return frozenset(night for first, last in stays for night in range(first, last))


def write(events: Iterable[tuple[Stay, str, str]], stamp: str, more: str = "") -> bytes:
    """A calendar of *events*: the stay, the UID, the summary."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//portal//EN"]
    for (first, last), uid, summary in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{date.fromordinal(first):%Y%m%d}",
            f"DTEND;VALUE=DATE:{date.fromordinal(last):%Y%m%d}",
            f"SUMMARY:{summary}{more}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


_EVENT = re.compile(r"BEGIN:VEVENT(.*?)END:VEVENT", re.S)


def read(body: bytes) -> list[tuple[Stay, str]] | None:
    """The stays of a feed of ours and their UIDs; None where it is no whole calendar."""
    text = body.decode().replace("\r\n ", "")
    if not text.startswith("BEGIN:VCALENDAR") or not text.endswith("END:VCALENDAR\r\n"):
        return None
    found = []
    for event in _EVENT.findall(text):
        first, last = (_day(re.search(rf"{name};VALUE=DATE:(\d+)", event)) for name in ("DTSTART", "DTEND"))
        uid = re.search(r"UID:(.*?)\r\n", event)
        found.append(((first, last), uid[1] if uid else ""))
    return found


def _day(found: re.Match[str] | None) -> Night:
    if found is None:
        raise ValueError("a feed of ours has an event without a day")
    text = found[1]
    return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
