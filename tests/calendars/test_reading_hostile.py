"""Bodies made to keep a reader busy: each ends soon, and none raises.

Times are bounded so generously that a slow machine passes; what they catch is work that grows with the square of the
body, or that has no bound at all.
"""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import date
from time import process_time

import pytest

from icalsyncd.calendars.calendar import Failed, Good, Partial, Reading, Reason
from icalsyncd.calendars.nights import night_of
from icalsyncd.calendars.reading import read
from tests.calendars.calendars import SETTINGS, TODAY, crlf, nights_of, plain_calendar, plain_event

MB = 1 << 20
_SECONDS_PER_MB = 10  # of CPU; a guard against what never ends, not a measurement


def _calendar(*lines: str) -> bytes:
    return crlf(["BEGIN:VCALENDAR", *lines, *plain_event(1, TODAY, TODAY + 3), "END:VCALENDAR"])


def _event(*lines: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        "UID:x",
        "DTSTART;TZID=Europe/Paris:20200701T160000",
        "DURATION:PT20H",
        *lines,
        "END:VEVENT",
    ]


def _read_in_time(body: bytes) -> Reading:
    start = process_time()
    reading = read(body, SETTINGS, TODAY)
    assert process_time() - start < _SECONDS_PER_MB * max(len(body) / MB, 1)
    return reading


def _zone(*lines: str) -> list[str]:
    return [
        "BEGIN:VTIMEZONE",
        "TZID:Nowhere",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100",
        *lines,
        "END:STANDARD",
        "END:VTIMEZONE",
        *(line.replace("Europe/Paris", "Nowhere") for line in _event()),
    ]


LONG = {
    "one line of 2 MB": _calendar("X-NOTE:" + "a" * 2 * MB),
    "a summary of 2 MB": _calendar("BEGIN:VEVENT", "DTSTART:20260801", "SUMMARY:" + "\\" * 2 * MB, "END:VEVENT"),
    "a uid of 2 MB": _calendar("BEGIN:VEVENT", "DTSTART:20260801", "UID:" + "u" * 2 * MB, "END:VEVENT"),
    "a date of 2 MB": _calendar("BEGIN:VEVENT", "DTSTART:" + "2" * 2 * MB, "END:VEVENT"),
    "a duration of 2 MB": _calendar("BEGIN:VEVENT", "DTSTART:20260801", "DURATION:P" + "1" * 2 * MB, "END:VEVENT"),
    "100,000 folds": _calendar("X-NOTE:" + "\r\n a" * 100_000),
    "100,000 folds in a date": _calendar("BEGIN:VEVENT", "DTSTART:" + "\r\n 2" * 100_000, "END:VEVENT"),
    "a million blank lines": _calendar("\r\n" * MB),
    "white space between line ends": _calendar((" " * 1000 + "\r\n") * 1000, " " * MB),
    "parameters": _calendar("BEGIN:VEVENT", "DTSTART" + ";A=b" * 250_000 + ":20260801", "END:VEVENT"),
    "quotes": _calendar("BEGIN:VEVENT", "DTSTART;A=" + '"' * (MB + 1) + ":20260801", "END:VEVENT"),
    "quotes and colons": _calendar("BEGIN:VEVENT", "DTSTART;A=" + '":"' * 350_000 + ":20260801", "END:VEVENT"),
    "odd quotes on every line": _calendar("BEGIN:VEVENT", *['DTSTART;A="' * 10 + ":x"] * 10_000, "END:VEVENT"),
    "repeated properties": _calendar("BEGIN:VEVENT", *["DTSTART:20260801"] * 60_000, "END:VEVENT"),
    "lines without colons": _calendar(*["lost"] * 150_000),
    "ends without beginnings": _calendar(*["END:VALARM"] * 80_000),
    "wrong ends, deep down": _calendar(*["BEGIN:X"] * 60_000, *["END:Y"] * 60_000),
    "components in components": _calendar(*["BEGIN:VALARM"] * 60_000, *["END:VALARM"] * 60_000),
    "zones in zones": _calendar(*["BEGIN:VTIMEZONE"] * 30_000, *["END:VTIMEZONE"] * 30_000),
    "20,000 broken events": _calendar(*(["BEGIN:VEVENT", "DTSTART:never"] * 9_000), *["END:VEVENT"] * 9_000),
    "zone names": _calendar(
        *(line for n in range(8_000) for line in ("BEGIN:VEVENT", f"DTSTART;TZID=a/{n}:20260801T100000", "END:VEVENT"))
    ),
    "a zone that changes every second": _calendar(*_zone("RRULE:FREQ=SECONDLY")),
    "a zone that never changes": _calendar(*_zone("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")),
    "a zone of many lines": _calendar(*_zone(*["RDATE:19990101T000000"] * 50_000)),
    "rules": _calendar(*_event(*["RRULE:FREQ=SECONDLY"] * 50_000)),
    "a rule every second": _calendar(*(_event("RRULE:FREQ=SECONDLY") * 5_000)),
    "a rule for ever": _calendar(*(_event("RRULE:FREQ=DAILY;COUNT=999999999") * 300)),
    "a rule that finds nothing": _calendar(*(_event("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") * 500)),
    "a rule of every day of the week": _calendar(*(_event("RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU") * 80)),
    "a rule on the wrong day": _calendar(*(_event("RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO") * 500)),
    "a rule of no month": _calendar(*(_event("RRULE:FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=-31") * 500)),
    "a rule of no year": _calendar(*(_event("RRULE:FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31") * 500)),
    "a rule of no place": _calendar(*(_event("RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300") * 500)),
    "a rule of many times": _calendar(
        *_event("RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYSECOND=" + ",".join(["1"] * 60))
    ),
    "a rule of 1 MB": _calendar(*_event("RRULE:FREQ=YEARLY;BYMONTHDAY=" + "1," * (MB // 2) + "1")),
    "a rule in steps of nothing": _calendar(*_event("RRULE:FREQ=DAILY;INTERVAL=0")),
    "a rule in steps of ages": _calendar(*_event("RRULE:FREQ=YEARLY;INTERVAL=" + "9" * 300)),
    "added dates": _calendar(*_event("RDATE:" + ",".join(["20260801T100000"] * 60_000))),
    "dates left out": _calendar(*_event("RRULE:FREQ=DAILY", "EXDATE:" + ",".join(["20260801T100000"] * 60_000))),
    "moved instances": _calendar(
        *_event("RRULE:FREQ=DAILY"),
        *(_event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260701T160000") * 2_000),
    ),
    "busy times": _calendar(
        "BEGIN:VFREEBUSY", "FREEBUSY:" + ",".join(["20260801T100000Z/PT20H"] * 40_000), "END:VFREEBUSY"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("body", LONG.values(), ids=LONG)
def test_a_hostile_body_ends_soon_and_hides_no_other_event(body: bytes) -> None:
    reading = _read_in_time(body)
    if isinstance(reading, Failed):
        assert reading.reason in (Reason.TOO_MANY_EVENTS, Reason.TRUNCATED)
    else:
        assert set(range(TODAY, TODAY + 3)) <= set(nights_of(reading))
        assert len(reading.problems) <= 21


@pytest.mark.slow
def test_nested_beginnings_are_cut_short() -> None:
    body = b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * (5 * MB // 13)
    assert _read_in_time(body) == Failed(Reason.TOO_MANY_EVENTS, "more than 20000 events")


@pytest.mark.slow
def test_a_calendar_of_ten_thousand_events_is_good() -> None:
    body = crlf(plain_calendar(10_000, length=1, gap=0, first=TODAY - 9_000))
    reading = _read_in_time(body)
    assert isinstance(reading, Good)
    assert len(reading.events) == 1_001


def test_more_events_than_any_real_calendar_has_are_a_failure() -> None:
    body = crlf(["BEGIN:VCALENDAR", *["BEGIN:VEVENT", "END:VEVENT"] * 20_001, "END:VCALENDAR"])
    assert read(body, SETTINGS, TODAY) == Failed(Reason.TOO_MANY_EVENTS, "more than 20000 events")


def test_stays_that_overlap_more_often_than_any_real_ones_are_a_failure() -> None:
    def long_stays(count: int) -> bytes:
        return crlf(
            [
                "BEGIN:VCALENDAR",
                *(line for each in range(count) for line in plain_event(each, TODAY + each, TODAY + each + 900)),
                "END:VCALENDAR",
            ]
        )

    assert isinstance(read(long_stays(50), SETTINGS, TODAY), Good)
    assert read(long_stays(60), SETTINGS, TODAY) == Failed(
        Reason.TOO_MANY_EVENTS, "its events overlap more often than any real calendar's"
    )


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=SECONDLY;COUNT=999999999"])
def test_a_rule_with_more_instances_than_any_real_one_fails_its_event_alone(rule: str) -> None:
    beside = ["BEGIN:VEVENT", "DTSTART:20260901T120000", "DTEND:20260903T090000", "RRULE:FREQ=WEEKLY;COUNT=2"]
    reading = read(_calendar(*_event(f"RRULE:{rule}") * 40, *beside, "END:VEVENT"), SETTINGS, TODAY)
    assert isinstance(reading, Partial)
    assert set(range(night_of(date(2026, 9, 8)), night_of(date(2026, 9, 10)))) <= set(nights_of(reading))


def test_a_rule_of_a_few_hours_is_expanded() -> None:
    lines = [
        "BEGIN:VEVENT",
        "DTSTART:20260801T120000",
        "DTEND:20260802T090000",
        "RRULE:FREQ=HOURLY;INTERVAL=12;COUNT=3",
    ]
    reading = read(crlf(["BEGIN:VCALENDAR", *lines, "END:VEVENT", "END:VCALENDAR"]), SETTINGS, TODAY)
    assert isinstance(reading, Good)
    assert [str(run) for run in nights_of(reading).stays()] == ["2026-08-01..2026-08-03"]


@pytest.mark.slow
def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b"\n" * 200 * MB, mtime=0)
    tracemalloc.start()
    try:
        reading = read(bomb, SETTINGS, TODAY, max_size=MB)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(reading, Failed)
    assert reading.reason is Reason.TOO_LARGE
    assert most < 8 * MB


def test_problems_are_told_up_to_a_bound() -> None:
    reading = read(_calendar(*(["BEGIN:VEVENT", "DTSTART:never", "END:VEVENT"] * 50)), SETTINGS, TODAY)
    assert isinstance(reading, Partial)
    assert len(reading.problems) == 21
    assert reading.problems[-1] == "and 80 more"
    assert len(reading.broken) == 50
