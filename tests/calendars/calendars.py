"""Calendars for the tests of the reader: the table of cases, shapes of real portals, and nights in plain form."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from icalsyncd.calendars.calendar import Event, Failed, Good, Partial, Reading, nights_in
from icalsyncd.calendars.nights import Night, Nights, date_of, night_of
from icalsyncd.calendars.settings import ReadSettings, Summaries

TODAY = night_of(date(2026, 7, 1))
SETTINGS = ReadSettings("Europe/Paris")
CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One row of ``cases.toml``, which says what its columns mean."""

    number: int
    file: str
    outcome: str
    nights: list[str]
    told: str = ""
    differs: str = ""
    same: str = ""
    settings: ReadSettings = SETTINGS

    @property
    def body(self) -> bytes:
        return (CASES / self.file).read_bytes()


def cases() -> list[Case]:
    """All rows, in order."""
    rows = tomllib.loads((CASES / "cases.toml").read_text())["case"]
    return [Case(**{**row, "settings": _settings(**row.get("settings", {}))}) for row in rows]


def _settings(timezone: str = "Europe/Paris", **given: Any) -> ReadSettings:
    for name in ("ignore", "reservation", "block"):
        if name in given:
            given[name] = Summaries(frozenset(given[name]))
    return ReadSettings(timezone, **given)


def outcome_of(reading: Reading) -> str:
    """The outcome as the table writes it: `good`, `partial`, or the reason of the failure."""
    match reading:
        case Good():
            return "good"
        case Partial():
            return "partial"
        case Failed(reason):
            return str(reason)


def runs_of(reading: Reading) -> list[str]:
    """The runs of taken nights, as the table writes them."""
    return [str(run) for run in nights_of(reading).stays()]


def nights_of(reading: Reading) -> Nights:
    """The nights that are taken; none after a failure."""
    return Nights() if isinstance(reading, Failed) else nights_in(reading.events)


def crlf(lines: Iterable[str]) -> bytes:
    """*lines* as RFC 5545 sends them."""
    return "".join(f"{line}\r\n" for line in lines).encode()


def plain_event(number: int, check_in: Night, check_out: Night) -> list[str]:
    """An event as the largest portals send it, folded lines and all."""
    return [
        "BEGIN:VEVENT",
        "DTSTAMP:20260701T081500Z",
        f"DTSTART;VALUE=DATE:{date_of(check_in):%Y%m%d}",
        f"DTEND;VALUE=DATE:{date_of(check_out):%Y%m%d}",
        "SUMMARY:Reserved",
        f"UID:1418fb94e984-{number:032x}@portal.example",
        "DESCRIPTION:Reservation URL: https://www.portal.example/hosting/reservations/",
        f" details/HM{number:08d}\\nPhone Number (Last 4 Digits): {number % 10_000:04d}",
        "END:VEVENT",
    ]


def plain_calendar(number: int, *, first: Night = TODAY, length: int = 3, gap: int = 1) -> list[str]:
    """*number* plain events, of *length* nights each, with *gap* free nights between them."""
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//portal.example//Hosting Calendar 1.0//EN",
        "CALSCALE:GREGORIAN",
        "VERSION:2.0",
    ]
    for index in range(number):
        start = first + index * (length + gap)
        lines += plain_event(index, start, start + length)
    return [*lines, "END:VCALENDAR"]


def rows(events: tuple[Event, ...]) -> list[tuple[str, str, str]]:
    """*events* without their UIDs, as they are compared from one fetch to the next."""
    return sorted((str(date_of(event.check_in)), str(date_of(event.check_out)), event.kind) for event in events)
