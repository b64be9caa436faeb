"""What the reader makes of calendars that lost a part, or say one thing twice: it never frees a night by mistake."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from icalsyncd.calendars.calendar import Event, Failed, Good, Kind, Partial, Reading, Reason
from icalsyncd.calendars.reading import read
from icalsyncd.calendars.settings import ReadSettings, Summaries
from tests.calendars.calendars import SETTINGS, TODAY, crlf, outcome_of, plain_calendar, runs_of

_STAY = ["DTSTART;VALUE=DATE:20260710", "DTEND;VALUE=DATE:20260713"]
_NIGHTS = ["2026-07-10..2026-07-13"]


def _event(*lines: str) -> list[str]:
    return ["BEGIN:VEVENT", *lines, "END:VEVENT"]


def _read(*lines: str, how: ReadSettings = SETTINGS) -> Reading:
    return read(crlf(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]), how, TODAY)


@pytest.mark.parametrize(
    "lines",
    [
        _event("DTSTART:20260710", "BEGIN:VALARM", "DTEND:20260713"),
        [*_event(*_STAY)[1:]],
        ["BEGIN:VEVNT", *_event(*_STAY)[1:]],
        [*_event(*_STAY), "END:VEVENT"],
        [*_event(*_STAY), "END:VTODO"],
        [*_event(*_STAY), "DTSTART;VALUE=DATE:20260801"],
        ["BEGIN:VTODO", *_event(*_STAY)],
        ["BEGIN:VTIMEZONE", "TZID:X", *_event(*_STAY)],
        _event(*_STAY[:1], "DTEND;VALUE=DATE 20260713"),
        _event(*_STAY, "RRULE FREQ=DAILY"),
        ["X-NAME without a colon", *_event(*_STAY)],
    ],
    ids=[
        "alarm without end",
        "event without begin",
        "event with a misspelt begin",
        "end of no event",
        "end of nothing",
        "date outside of events",
        "task without end",
        "zone without end",
        "end without colon",
        "rule without colon",
        "line without colon",
    ],
)
def test_a_calendar_that_may_have_lost_a_night_is_partial(lines: list[str]) -> None:
    reading = _read(*lines)
    assert isinstance(reading, Partial)
    assert reading.problems
    assert reading.broken


def test_an_event_is_found_inside_whatever_was_not_closed() -> None:
    for opened in ("VTODO", "VTIMEZONE", "VALARM", "X-THING"):
        assert runs_of(_read(f"BEGIN:{opened}", *_event(*_STAY))) == _NIGHTS


def test_a_start_whose_end_cannot_be_read_takes_its_night() -> None:
    for start in ("DTSTART:20260710T160000", "DTSTART:20260710T140000Z", "DTSTART:20260710"):
        reading = _read(*_event(start, "DTEND:20260799T110000"))
        assert outcome_of(reading) == "partial"
        assert runs_of(reading) == ["2026-07-10..2026-07-11"]


def test_a_second_start_that_cannot_be_read_is_not_passed_over() -> None:
    reading = _read(*_event(*_STAY, "DTSTART:when we arrive"))
    assert (outcome_of(reading), runs_of(reading)) == ("partial", _NIGHTS)


def test_a_known_zone_wins_over_what_the_calendar_says_of_it() -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:America/New_York", "BEGIN:STANDARD", "DTSTART:19700101T000000"]
    zone += ["TZOFFSETFROM:+0900", "TZOFFSETTO:+0900", "END:STANDARD", "END:VTIMEZONE"]
    event = _event("DTSTART;TZID=America/New_York:20260709T200000", "DTEND;TZID=America/New_York:20260713T050000")
    assert runs_of(_read(*zone, *event)) == _NIGHTS
    for name in ("Own Zone", "/vendor.example/20260101/Own/Zone"):
        renamed = [line.replace("America/New_York", name) for line in (*zone, *event)]
        assert runs_of(_read(*renamed)) == ["2026-07-09..2026-07-12"]


def test_what_is_cancelled_and_confirmed_at_once_takes_its_nights() -> None:
    assert runs_of(_read(*_event(*_STAY, "STATUS:CANCELLED", "STATUS:CONFIRMED"))) == _NIGHTS
    times = ["DTSTART:20260710T160000", "DTEND:20260713T110000"]
    assert runs_of(_read(*_event(*times, "TRANSP:TRANSPARENT", "TRANSP:OPAQUE"))) == _NIGHTS


def test_a_cancelled_event_needs_no_date() -> None:
    assert _read(*_event("STATUS:CANCELLED")) == Good(())
    assert outcome_of(_read(*_event("UID:s", "RECURRENCE-ID:20260717", "STATUS:CANCELLED"))) == "good"


def _series(*lines: str) -> list[str]:
    return _event("UID:s", "DTSTART;VALUE=DATE:20260710", "DTEND;VALUE=DATE:20260711", *lines)


def test_an_instance_that_cannot_be_read_frees_nothing() -> None:
    series = _series("RRULE:FREQ=WEEKLY;COUNT=2")
    for moved in (["DTSTART:next week"], ["DTSTART:20260719", "DTEND:20260718"]):
        reading = _read(*series, *_event("UID:s", "RECURRENCE-ID;VALUE=DATE:20260717", *moved))
        assert isinstance(reading, Partial)
        assert {"2026-07-10..2026-07-11", "2026-07-17..2026-07-18"} <= set(runs_of(reading))


def test_an_instance_is_replaced_once_and_only_in_its_own_series() -> None:
    cancelled = _event("UID:s", "RECURRENCE-ID;VALUE=DATE:20260717", *_STAY, "STATUS:CANCELLED")
    rule = "RRULE:FREQ=WEEKLY;COUNT=2"
    assert runs_of(_read(*_series(rule), *cancelled)) == ["2026-07-10..2026-07-11"]
    twice = _read(*_series(rule), *_series(rule), *cancelled)
    assert runs_of(twice) == ["2026-07-10..2026-07-11", "2026-07-17..2026-07-18"]
    nameless = [line for line in (*_series(rule), *cancelled) if not line.startswith("UID")]
    assert runs_of(_read(*nameless)) == ["2026-07-10..2026-07-11", "2026-07-17..2026-07-18"]


def test_a_date_added_that_cannot_be_read_is_partial_and_one_left_out_stays_in() -> None:
    assert outcome_of(_read(*_series("RDATE:some day"))) == "partial"
    reading = _read(*_series("RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:some day"))
    assert isinstance(reading, Good)
    assert reading.problems
    assert runs_of(reading) == ["2026-07-10..2026-07-11", "2026-07-17..2026-07-18"]


def test_one_hour_left_out_of_many_frees_no_whole_day() -> None:
    hourly = ["DTSTART:20260710T220000", "DTEND:20260711T030000", "RRULE:FREQ=HOURLY;COUNT=2"]
    assert runs_of(_read(*_event(*hourly, "EXDATE:20260710T220000"))) == ["2026-07-10..2026-07-11"]


def test_a_rule_that_began_long_ago_goes_on() -> None:
    daily = _event("DTSTART:20100101", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SA;UNTIL=20260801")
    assert runs_of(_read(*daily)) == ["2026-07-10..2026-07-12", "2026-07-24..2026-07-26"]
    over = _event("DTSTART:20100101", "RRULE:FREQ=DAILY;UNTIL=20200101")
    assert _read(*over) == Good(())


def test_folds_go_on_behind_blank_lines() -> None:
    for blank in ("\r\n", "   \r\n", "\t\r\n\r\n"):
        body = crlf(["BEGIN:VCALENDAR", *_event(*_STAY), "END:VCALENDAR"])
        body = body.replace(b"20260713", b"202607\r\n" + blank.encode() + b" 13")
        assert runs_of(read(body, SETTINGS, TODAY)) == _NIGHTS


def test_gzip_that_is_cut_or_damaged_fails_by_itself() -> None:
    body = gzip.compress(crlf(plain_calendar(5)), mtime=0)
    assert read(body[:-1], SETTINGS, TODAY) == Failed(Reason.TRUNCATED, "the compressed bytes end too early")
    damaged = read(body[:-8] + bytes(8), SETTINGS, TODAY)
    assert isinstance(damaged, Failed)
    assert damaged.reason is Reason.NOT_CALENDAR


def test_a_kind_is_told_from_the_summary_as_people_read_it() -> None:
    how = replace(
        SETTINGS,
        reservation=Summaries(frozenset({"reserved, paid; yes"})),
        block=Summaries(frozenset({"not available"})),
    )
    reading = _read(
        *_event(*_STAY, "SUMMARY:Reserved\\, paid\\; yes", "UID:1"),
        *_event(*_STAY, "SUMMARY:NOT AVAILABLE", "UID:2"),
        *_event(*_STAY, "SUMMARY:Something", "UID:3"),
        how=how,
    )
    assert isinstance(reading, Good)
    first, last = reading.events[0][:2]
    assert set(reading.events) == {
        Event(first, last, Kind.RESERVATION, "1"),
        Event(first, last, Kind.BLOCK, "2"),
        Event(first, last, Kind.UNKNOWN, "3"),
    }


def test_an_inclusive_end_is_one_night_more_for_dates_alone() -> None:
    how = replace(SETTINGS, dtend_inclusive=True)
    assert runs_of(_read(*_event(*_STAY), how=how)) == ["2026-07-10..2026-07-14"]
    assert runs_of(_read(*_event(*_STAY, "X-NOTE:x", "STATUS:CONFIRMED"), how=how)) == ["2026-07-10..2026-07-14"]
    times = _event("DTSTART:20260710T160000", "DTEND:20260713T110000")
    assert runs_of(_read(*times, how=how)) == _NIGHTS
    assert runs_of(_read(*_event("DTSTART:20260710", "DURATION:P3D"), how=how)) == _NIGHTS


def test_nights_before_yesterday_and_beyond_three_years_are_left_out() -> None:
    assert runs_of(_read(*_event("DTSTART:20200101", "DTEND:20400101"))) == ["2026-06-30..2029-07-01"]
    assert _read(*_event("DTSTART:20200101", "DTEND:20260630")) == Good(())
