"""Dates as people type them: like 2026-12-24, or `tonight`, `tomorrow`, `friday`.

What puts the day first, or the month, is refused with what to type instead: 3/4 is April to one and March to another.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_AHEAD: Final = {"today": 0, "tonight": 0, "tomorrow": 1}
_LEAST: Final = 3
"""Letters of a weekday that tell it from the others."""
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_OTHER: Final = re.compile(r"(\d{1,4})([./ -])(\d{1,2})(?:\2(\d{4}|\d{1,2}))?\.?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """A day as it was typed: a date, days from today, or a weekday to come."""

    day: date | None = None
    ahead: int | None = None
    weekday: int | None = None

    def on(self, today: date, after: date | None = None) -> date:
        """The day that is meant on *today*; a weekday is the next one from today on, or the first after *after*."""
        if self.day is not None:
            return self.day
        if self.weekday is None:
            return today + timedelta(self.ahead or 0)
        least = today if after is None else after + timedelta(1)
        return least + timedelta((self.weekday - least.weekday()) % 7)


def said(text: str) -> Said:
    """What *text* says, for the parser of the command line. Raises ArgumentTypeError."""
    word = text.strip().lower()
    if word in _AHEAD:
        return Said(ahead=_AHEAD[word])
    for number, name in enumerate(WEEKDAYS):
        if len(word) >= _LEAST and name.startswith(word):
            return Said(weekday=number)
    return Said(_iso(text, "write it like 2026-12-24, or say tonight, tomorrow or a weekday such as friday"))


def iso_date(text: str) -> date:
    """The date that *text* is, for the parser of the command line. Raises ArgumentTypeError."""
    return _iso(text, "a date is written like 2026-12-24")


def _iso(text: str, advice: str) -> date:
    if _ISO.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
        raise ArgumentTypeError("there is no such day in the calendar")
    meant = " or ".join(f"{each.isoformat()} for {each.day} {each:%B %Y}" for each in _meant(text.strip()))
    raise ArgumentTypeError(f"write {meant}" if meant else advice)


def _meant(text: str) -> list[date]:
    """The days that *text* may mean where it is a date in another form."""
    found = _OTHER.fullmatch(text)
    if found is None:
        return []
    first, second, third = found[1], int(found[3]), found[4]
    if len(first) == len("2026"):
        return _days([(int(first), second, int(third))]) if third else []
    if len(first) > len("24"):
        return []
    if third is not None and len(third) == 1:
        return []
    this = date.today().year  # noqa: DTZ011  (it is only what to type)
    year = int(third or this) + (2000 if third is not None and len(third) == len("26") else 0)
    return _days([(year, second, int(first)), (year, int(first), second)])


def _days(wanted: list[tuple[int, int, int]]) -> list[date]:
    days: list[date] = []
    for each in wanted:
        with suppress(ValueError):
            days.append(date(*each))
    return list(dict.fromkeys(days))
