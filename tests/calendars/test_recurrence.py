"""Rules that are expanded are expanded as recurring_ical_events does; those that are not are refused, and said so."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import icalendar
import pytest
import recurring_ical_events
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from icalsyncd.calendars.nights import night_of
from icalsyncd.calendars.recurrence import Budget, Refusal, rule_of, starts_of, windows_zone
from tests.calendars.calendars import TODAY

_WINDOW = (TODAY - 1, TODAY + 400)
_ORDINAL_DAYS = ["1MO", "2TU", "-1SU", "3FR", "5WE"]


def _both(text: str, first: datetime) -> tuple[list[datetime], list[datetime]]:
    rule = rule_of(text)
    assert rule is not None
    start = (night_of(first), first.hour * 3600)
    starts = starts_of(rule, start, timed=True, until=None, window=_WINDOW, budget=Budget())
    assert not isinstance(starts, Refusal), text
    event = icalendar.Event()
    event.add("UID", "x")
    event.add("DTSTART", first)
    event.add("RRULE", icalendar.vRecur.from_ical(text))
    edges = [date.fromordinal(day) for day in _WINDOW]
    theirs = [one["DTSTART"].dt for one in recurring_ical_events.of(event).between(*edges)]
    ours = [datetime.fromordinal(day) + timedelta(seconds=seconds) for day, seconds in starts]
    return [one for one in ours if edges[0] <= one.date() < edges[1]], sorted(set(theirs))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules of the kinds that are expanded, with a synchronised start left to chance."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 3))}"]
    weekdays = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
    plain = draw(st.lists(weekdays, min_size=1, max_size=3, unique=True))
    kind = draw(st.sampled_from(["none", "days", "month days", "ordinals", "Friday the 13th", "last"]))
    if kind == "days" or (kind == "ordinals" and frequency in ("DAILY", "WEEKLY")):
        parts.append("BYDAY=" + ",".join(plain))
        if frequency == "DAILY":
            parts[1] = "INTERVAL=1"
    elif kind == "ordinals":
        parts += ["BYDAY=" + draw(st.sampled_from(_ORDINAL_DAYS))]
    elif kind == "month days" and frequency != "WEEKLY":
        parts += ["BYMONTHDAY=" + draw(st.sampled_from(["1", "15,28", "-1", "-3,10"]))]
        if frequency == "DAILY":
            parts[1] = "INTERVAL=1"
    elif kind == "Friday the 13th" and frequency in ("MONTHLY", "YEARLY"):
        parts[1] = "INTERVAL=1"
        parts += ["BYDAY=FR", "BYMONTHDAY=13"]
    elif kind == "last" and frequency == "MONTHLY":
        parts += ["BYDAY=MO,TU,WE,TH,FR", "BYSETPOS=" + draw(st.sampled_from(["-1", "1", "2,3"]))]
    if kind in ("days", "ordinals") and draw(st.booleans()) and frequency in ("WEEKLY", "YEARLY"):
        parts[1] = "INTERVAL=1"
        parts.append("BYMONTH=" + draw(st.sampled_from(["7", "2,10"])))
    if draw(st.booleans()):
        parts.append("WKST=SU")
    return ";".join(parts)


firsts = st.integers(TODAY - 2_000, TODAY + 300).map(lambda day: datetime.fromordinal(day) + timedelta(hours=16))


@examples(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(), firsts)
def test_rules_are_expanded_as_the_library_does(rule: str, first: datetime) -> None:
    ours, theirs = _both(rule, first)
    assert ours == theirs


@pytest.mark.slow
@examples(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules(), firsts)
def test_rules_are_expanded_as_the_library_does_thoroughly(rule: str, first: datetime) -> None:
    ours, theirs = _both(rule, first)
    assert ours == theirs


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;COUNT=10",
        "FREQ=WEEKLY;COUNT=9;BYDAY=WE,SA",
        "FREQ=MONTHLY;COUNT=4",
        "FREQ=YEARLY;COUNT=2",
        "FREQ=DAILY;BYHOUR=9,16;BYMINUTE=0,30",
        "FREQ=HOURLY;INTERVAL=30;COUNT=7",
    ],
)
def test_counts_and_times_of_the_day_are_those_of_the_library(rule: str) -> None:
    # 2026-07-01 is a Wednesday
    ours, theirs = _both(rule, datetime.fromordinal(TODAY) + timedelta(hours=16))
    assert ours == theirs
    assert len(ours) > 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;RSCALE=CHINESE",
        "FREQ=DAILY;WKST=ZZ",
        "FREQ=YEARLY;BYMONTHDAY=" + "1," * 600 + "1",
    ],
)
def test_what_is_no_rule_is_none(text: str) -> None:
    assert rule_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=12;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=DAILY;BYDAY=1MO",
        "FREQ=HOURLY;BYHOUR=3",
    ],
)
def test_a_rule_that_may_never_find_a_day_is_refused(text: str) -> None:
    rule = rule_of(text)
    assert rule is not None
    starts = starts_of(rule, (TODAY, 0), timed=True, until=None, window=_WINDOW, budget=Budget())
    assert starts is Refusal.UNREADABLE


def test_windows_names_are_known_in_whatever_case() -> None:
    assert windows_zone("Romance Standard Time") == "Europe/Paris"
    assert windows_zone("ROMANCE STANDARD TIME") == "Europe/Paris"
    assert windows_zone("Nowhere Standard Time") is None
