"""What holds for every body: the reader never raises, and one bad event never hides the nights of another."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from icalsyncd.calendars import reading as reading_module
from icalsyncd.calendars.calendar import Failed, Good, Partial
from icalsyncd.calendars.nights import Nights, horizon
from icalsyncd.calendars.reading import read
from icalsyncd.calendars.settings import ReadSettings
from tests.calendars.calendar_strategies import absurd_lines, odd_events, settings, spoilt_events, stays
from tests.calendars.calendars import SETTINGS, TODAY, cases, crlf, nights_of, outcome_of, plain_calendar, plain_event

_WINDOW = Nights.between(*horizon(TODAY))
quick = examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
thorough = examples(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _calendar(events: Iterable[list[str]]) -> bytes:
    return crlf(["BEGIN:VCALENDAR", "VERSION:2.0", *(line for event in events for line in event), "END:VCALENDAR"])


def _assert_sound(body: bytes, how: ReadSettings) -> None:
    reading = read(body, how, TODAY)
    assert isinstance(reading, Good | Partial | Failed)
    assert nights_of(reading) <= _WINDOW
    assert read(body, how, TODAY) == reading
    if isinstance(reading, Partial):
        assert reading.broken
        assert reading.problems


def _assert_nothing_hidden(good: list[tuple[int, int]], bad: list[list[str]], at: int, how: ReadSettings) -> None:
    events = [plain_event(number, *stay) for number, stay in enumerate(good)]
    reading = read(_calendar([*events[:at], *bad, *events[at:]]), how, TODAY)
    if not isinstance(reading, Failed):
        assert Nights.of_stays(good) & _WINDOW <= nights_of(reading)


bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(absurd_lines, max_size=12).map(crlf),
    st.lists(absurd_lines, max_size=12).map(lambda lines: crlf(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"])),
    st.lists(odd_events(), max_size=3).map(_calendar),
)
some_stays = st.lists(stays(), max_size=4)


@quick
@given(bodies, settings())
def test_no_body_raises_and_no_night_is_beyond_the_horizon(body: bytes, how: ReadSettings) -> None:
    _assert_sound(body, how)


@quick
@given(some_stays, spoilt_events() | odd_events(), st.integers(0, 4), settings())
@example([(TODAY, TODAY + 3)], ["BEGIN:VEVENT", "DTSTART:20260801", "BEGIN:VALARM", "END:VEVENT"], 0, SETTINGS)
def test_a_bad_event_hides_no_other(good: list[tuple[int, int]], bad: list[str], at: int, how: ReadSettings) -> None:
    _assert_nothing_hidden(good, [bad], at, how)


@pytest.mark.slow
@thorough
@given(bodies, settings())
def test_no_body_raises_thoroughly(body: bytes, how: ReadSettings) -> None:
    _assert_sound(body, how)


@pytest.mark.slow
@thorough
@given(some_stays, st.lists(spoilt_events() | odd_events(), min_size=1, max_size=2), st.integers(0, 4), settings())
def test_bad_events_hide_no_other_thoroughly(
    good: list[tuple[int, int]], bad: list[list[str]], at: int, how: ReadSettings
) -> None:
    _assert_nothing_hidden(good, bad, at, how)


@quick
@given(some_stays)
def test_plain_stays_come_out_as_they_went_in(good: list[tuple[int, int]]) -> None:
    reading = read(_calendar([plain_event(number, *stay) for number, stay in enumerate(good)]), SETTINGS, TODAY)
    assert isinstance(reading, Good)
    assert reading.problems == ()
    assert nights_of(reading) == Nights.of_stays(good) & _WINDOW
    assert list(reading.events) == sorted(reading.events)


@quick
@given(st.lists(spoilt_events() | odd_events(), max_size=3), settings())
def test_the_short_way_of_plain_events_reads_like_the_long_one(events: list[list[str]], how: ReadSettings) -> None:
    _assert_both_ways_alike(_calendar([*events, plain_event(1, TODAY, TODAY + 2)]), how)


@pytest.mark.slow
@thorough
@given(st.lists(spoilt_events() | odd_events(), max_size=3), settings())
def test_the_short_way_reads_like_the_long_one_thoroughly(events: list[list[str]], how: ReadSettings) -> None:
    _assert_both_ways_alike(_calendar([*events, plain_event(1, TODAY, TODAY + 2)]), how)


def test_the_short_way_reads_every_case_like_the_long_one() -> None:
    for case in cases():
        _assert_both_ways_alike(case.body, case.settings)


def _assert_both_ways_alike(body: bytes, how: ReadSettings) -> None:
    short = read(body, how, TODAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_module, "plain_dates", lambda properties: None)
        assert read(body, how, TODAY) == short


def test_a_changed_stamp_changes_no_fingerprint_and_a_changed_date_does() -> None:
    bad = ["BEGIN:VEVENT", "UID:u1", "DTSTAMP:20260701T080000Z", "SEQUENCE:1", "DTSTART:soon", "END:VEVENT"]
    again = [line.replace("T080000Z", "T083000Z").replace("SEQUENCE:1", "SEQUENCE:2") for line in bad]
    other = [line.replace("soon", "later") for line in bad]
    readings = [read(_calendar([event]), SETTINGS, TODAY) for event in (bad, again, other)]
    prints = [reading.broken[0].fingerprint for reading in readings if isinstance(reading, Partial)]
    assert prints[0] == prints[1] != prints[2]
    assert isinstance(readings[0], Partial)
    assert readings[0].broken[0].uid == "u1"


def test_reading_plain_calendars_loads_no_library_of_recurrences() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from tests.calendars.calendars import *; from icalsyncd.calendars.reading import read; "
        "assert outcome_of(read(crlf(plain_calendar(3)), SETTINGS, TODAY)) == 'good'; "
        "assert 'icalendar' not in sys.modules and 'recurring_ical_events' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert outcome_of(read(crlf(plain_calendar(3)), SETTINGS, TODAY)) == "good"
