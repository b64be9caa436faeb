"""icalendar reads the same files: wherever it has other nights, the table says why, and nowhere else."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest

from icalsyncd.calendars.nights import Nights, Stay, horizon, night_of
from icalsyncd.calendars.reading import read
from tests.calendars.calendars import TODAY, Case, cases, nights_of


def _night(moment: date | datetime, zone: str) -> int:
    if isinstance(moment, datetime):
        return night_of((moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).date())
    return night_of(moment)


def _by_icalendar(case: Case) -> Nights:
    """The nights between the start and the end of each event; of what icalendar refuses, there are none."""
    stays: list[Stay] = []
    try:
        events = [
            event
            for calendar in icalendar.Calendar.from_ical(case.body, multiple=True)
            for event in calendar.walk("VEVENT")
        ]
    except (ValueError, TypeError, AttributeError, KeyError):
        return Nights()
    for event in events:
        try:
            start, end = (_night(moment, case.settings.timezone) for moment in (event.start, event.end))
        except (ValueError, TypeError, AttributeError, KeyError):
            continue
        stays.append(Stay(start, end))
    window = horizon(TODAY)
    return Nights.of_stays(stays) & Nights.between(*window)


@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.file)
def test_icalendar_agrees_but_where_the_table_says_why(case: Case) -> None:
    ours, theirs = nights_of(read(case.body, case.settings, TODAY)), _by_icalendar(case)
    if case.differs:
        assert ours != theirs, "the table gives a reason for a difference that is not there"
    else:
        assert ours == theirs
