"""The values of DTSTART, DTEND, DURATION and their like, as they are written: RFC 5545 sections 3.3.4 to 3.3.9."""

from __future__ import annotations

import re
from datetime import UTC, date, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from icalsyncd.calendars.components import Property
from icalsyncd.calendars.nights import Night
from icalsyncd.calendars.zones import Zones

DAY: Final = 86_400
ALMOST_MIDNIGHT: Final = DAY - 60
"""An end at 23:59 or later means the midnight after it."""
_LONGEST: Final = 4_000_000
"""In days: longer than the calendar of dates itself."""

_MOMENT: Final = re.compile(
    r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(?:T([0-9]{2})(:?)([0-9]{2})(?:\6([0-9]{2}))?(Z?))?", re.IGNORECASE
)
_DURATION: Final = re.compile(
    r"([+-]?)P(?=[0-9T])(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?",
    re.IGNORECASE,
)


class Moment(NamedTuple):
    """A DATE or a DATE-TIME as written, not yet in the accommodation's zone."""

    day: Night
    seconds: int | None
    """Since the start of the day; None for a DATE."""
    zone: tzinfo | None
    """None for a DATE and for a floating time."""
    repaired: bool = False
    """Whether it is not written as RFC 5545 has it."""


class Duration(NamedTuple):
    """Nominal days, which are as long as the zone's days are, and exact seconds (RFC 5545 section 3.3.6)."""

    days: int
    seconds: int


def date_written(text: str) -> Night | None:
    """The night of eight digits such as `20260710`; None for all else."""
    # only what may be a date is remembered, so that no other text of a calendar is
    return _date_of_digits(text) if len(text) == 8 and text.isdecimal() else None


@lru_cache(maxsize=4096)
def _date_of_digits(digits: str) -> Night | None:
    return _night(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if digits.isascii() else None


def _night(year: int, month: int, day: int) -> Night | None:
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        # the year 0000 is no year of Python's, but to a calendar it means "since ever"
        return 1 if year == 0 and 1 <= month <= 12 and 1 <= day <= 31 else None


def moment_of(written: Property, zones: Zones) -> Moment | None:
    """What the value of a DTSTART, DTEND or RECURRENCE-ID says; None where it cannot be read.

    Eight digits are a DATE whatever VALUE says, and with VALUE=DATE the date of a time counts as it is written.
    """
    head, text = written
    day = date_written(text)
    if day is not None:
        return Moment(day, None, None)
    return _moment(text.strip(), head.parameters.get("VALUE", "").upper(), head.parameters.get("TZID", ""), zones)


def moments_of(written: Property, zones: Zones) -> list[Moment | None]:
    """Each of the values of an EXDATE, which are separated by commas."""
    head, text = written
    return [moment_of((head, value), zones) for value in text.split(",")]


def _moment(text: str, value_type: str, tzid: str, zones: Zones) -> Moment | None:
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    year, dash, month, day_of_month, hour, _, minute, second, utc = match.groups()
    day = _night(int(year), int(month), int(day_of_month))
    if day is None:
        return None
    if hour is None or value_type == "DATE":
        return Moment(day, None, None, bool(dash) or hour is not None)
    hours, minutes, seconds = int(hour), int(minute), min(int(second or 0), 59)
    if hours == 24 and minutes == 0 and seconds == 0:
        return Moment(day + 1, 0, _zone(utc, tzid, zones), True)
    if hours > 23 or minutes > 59 or int(second or 0) > 60:
        return None
    return Moment(day, hours * 3600 + minutes * 60 + seconds, _zone(utc, tzid, zones), bool(dash) or not second)


def _zone(utc: str, tzid: str, zones: Zones) -> tzinfo | None:
    if utc:
        return UTC
    return zones.named(tzid) if tzid else None


def duration_of(text: str) -> Duration | None:
    """What the value of a DURATION says; None where it cannot be read. It may be negative, or nothing."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        return None
    sign, weeks, days, hours, minutes, seconds = match.groups()
    factor = -1 if sign == "-" else 1
    exact = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return Duration(factor * min(int(weeks or 0) * 7 + int(days or 0), _LONGEST), factor * min(exact, _LONGEST * DAY))
