"""How long a plain calendar takes to read, beside icalendar and libical: `python -m tests.benchmarks.read [EVENTS]`.

All three turn the same bytes into check-in, check-out, UID and summary of each event, in turns, so that a slow moment
of the machine hits all of them. Their answers are compared before anything is timed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeAlias

import icalendar

from icalsyncd.calendars.calendar import Good
from icalsyncd.calendars.nights import date_of
from icalsyncd.calendars.reading import read
from tests.benchmarks.figures import Figure, medians, table
from tests.calendars.calendars import SETTINGS, TODAY, crlf, plain_calendar

Row: TypeAlias = tuple[date, date, str]
ROUNDS = 60


def by_us(body: bytes) -> int:
    reading = read(body, SETTINGS, TODAY)
    assert isinstance(reading, Good)
    return len(reading.events)


def rows_of_ours(body: bytes) -> list[Row]:
    reading = read(body, SETTINGS, TODAY)
    assert isinstance(reading, Good)
    return [(date_of(event.check_in), date_of(event.check_out), event.uid) for event in reading.events]


def by_icalendar(body: bytes) -> list[Row]:
    calendar = icalendar.Calendar.from_ical(body)
    rows = []
    for event in calendar.walk("VEVENT"):
        str(event.get("SUMMARY"))
        rows.append((event["DTSTART"].dt, event["DTEND"].dt, str(event["UID"])))
    return rows


class _Time(ctypes.Structure):
    """`struct icaltimetype` of libical 3."""

    _fields_ = (
        ("year", ctypes.c_int),
        ("month", ctypes.c_int),
        ("day", ctypes.c_int),
        ("hour", ctypes.c_int),
        ("minute", ctypes.c_int),
        ("second", ctypes.c_int),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    )


def libical() -> Callable[[bytes], list[Row]] | None:
    """A reader of libical 3's; None on a machine without it."""
    found = ctypes.util.find_library("ical") or "libical.so.3"
    try:
        library = ctypes.CDLL(found)
    except OSError:
        return None
    pointer = ctypes.c_void_p
    for name, result, *arguments in (
        ("icalparser_parse_string", pointer, ctypes.c_char_p),
        ("icalcomponent_get_first_component", pointer, pointer, ctypes.c_int),
        ("icalcomponent_get_next_component", pointer, pointer, ctypes.c_int),
        ("icalcomponent_get_dtstart", _Time, pointer),
        ("icalcomponent_get_dtend", _Time, pointer),
        ("icalcomponent_get_uid", ctypes.c_char_p, pointer),
        ("icalcomponent_get_summary", ctypes.c_char_p, pointer),
        ("icalcomponent_free", None, pointer),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    vevent = 4  # ICAL_VEVENT_COMPONENT

    def rows(body: bytes) -> list[Row]:
        calendar = library.icalparser_parse_string(body)
        made = []
        event = library.icalcomponent_get_first_component(calendar, vevent)
        while event:
            start = library.icalcomponent_get_dtstart(event)
            end = library.icalcomponent_get_dtend(event)
            uid = library.icalcomponent_get_uid(event).decode()
            library.icalcomponent_get_summary(event).decode()
            made.append((date(start.year, start.month, start.day), date(end.year, end.month, end.day), uid))
            event = library.icalcomponent_get_next_component(calendar, vevent)
        library.icalcomponent_free(calendar)
        return made

    return rows


def measured(number: int) -> dict[str, float]:
    """Seconds of each reader for *number* events, medians; their nights are compared first."""
    body = crlf(plain_calendar(number))
    by_libical = libical()
    readers: dict[str, Callable[[bytes], object]] = {
        "icalsyncd": by_us,
        f"icalendar {icalendar.__version__}": by_icalendar,
    }
    if by_libical:
        readers["libical 3, by ctypes"] = by_libical
        assert by_libical(body)[: len(rows_of_ours(body))] == rows_of_ours(body), "libical has other nights"
    assert by_icalendar(body)[: len(rows_of_ours(body))] == rows_of_ours(body), "icalendar has other nights"
    return medians({name: lambda reader=reader: reader(body) for name, reader in readers.items()}, ROUNDS)  # type: ignore[misc]


def figures(number: int = 100) -> Iterator[Figure]:
    taken = measured(number)
    ours = taken.pop("icalsyncd")
    for name, median in taken.items():
        faster = name.startswith("icalendar")
        yield Figure(
            f"read {number} plain events",
            f"{ours * 1e3:.2f} ms",
            f"{name}: {median * 1e3:.2f} ms, {median / ours:.1f} times ours",
            "12 times faster" if faster else "within 3 times of it",
            median >= 12 * ours if faster else ours <= 3 * median,
        )


if __name__ == "__main__":
    print(table(figures(int(sys.argv[1]) if len(sys.argv) > 1 else 100)))
