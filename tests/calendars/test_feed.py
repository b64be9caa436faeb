"""The calendar that portals read: the same nights are the same bytes, and every reader finds those nights in it."""

from __future__ import annotations

import warnings
from datetime import date

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icalsyncd.calendars.calendar import Good, Kind, nights_in
from icalsyncd.calendars.feed import SUMMARY, Signature, render
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, date_of, night_of
from icalsyncd.calendars.reading import read
from icalsyncd.calendars.settings import ReadSettings

TODAY = night_of(date(2026, 7, 1))
OURS = Signature(b"key of this installation", "casa-azul")

taken = st.lists(
    st.tuples(st.integers(TODAY - 1, TODAY + 1000), st.integers(1, 40)).map(lambda run: (run[0], sum(run))), max_size=30
).map(Nights.of_stays)


def lines(feed: bytes) -> list[bytes]:
    assert feed.endswith(b"\r\n")
    return feed[:-2].split(b"\r\n")


def uids(feed: bytes) -> list[str]:
    return [line[4:].decode() for line in lines(feed) if line.startswith(b"UID:")]


def test_a_feed_is_these_bytes():
    night = night_of(date(2026, 7, 10))
    uid = OURS.uid(Stay(night, night + 3))
    assert render(Nights.between(night, night + 3), OURS).decode() == "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//icalsyncd//icalsyncd//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            "DTSTAMP:20260101T000000Z",
            "DTSTART;VALUE=DATE:20260710",
            "DTEND;VALUE=DATE:20260713",
            "SUMMARY:Unavailable",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    )


def test_a_feed_without_nights_holds_one_event_long_past():
    feed = render(EMPTY, OURS)
    assert feed.count(b"BEGIN:VEVENT") == 1
    assert b"DTSTART;VALUE=DATE:20000101\r\nDTEND;VALUE=DATE:20000102\r\n" in feed
    reading = read(feed, ReadSettings("UTC"), TODAY)
    assert isinstance(reading, Good)
    assert nights_in(reading.events) == EMPTY


@given(taken)
def test_the_same_nights_are_the_same_bytes_however_they_were_put_together(nights: Nights):
    again = EMPTY
    for night in reversed(list(nights)):
        again |= Nights([night])
    assert render(nights, OURS) == render(again, OURS)


@pytest.mark.slow
@given(taken)
def test_every_line_is_short_and_plain_and_ends_as_lines_do(nights: Nights):
    feed = render(nights, OURS)
    assert feed.count(b"\n") == feed.count(b"\r") == feed.count(b"\r\n")
    assert feed.isascii()
    assert all(0 < len(line) < 75 for line in lines(feed))


@pytest.mark.slow
@given(taken)
def test_an_event_says_nothing_but_its_nights(nights: Nights):
    names = {line.split(b":")[0].split(b";")[0] for line in lines(render(nights, OURS))}
    head = {b"BEGIN", b"END", b"VERSION", b"PRODID", b"CALSCALE", b"METHOD"}
    assert names == head | {b"UID", b"DTSTAMP", b"DTSTART", b"DTEND", b"SUMMARY"}


@settings(max_examples=20)
@given(taken)
def test_our_own_reader_finds_the_nights_and_knows_the_events_as_ours(nights: Nights):
    reading = read(render(nights, OURS), ReadSettings("Pacific/Auckland"), TODAY)
    assert isinstance(reading, Good)
    assert not reading.problems
    assert nights_in(reading.events) == nights.since(TODAY - 1)
    for event in reading.events:
        assert event.kind is Kind.UNKNOWN
        assert OURS.nights(event.uid) == Nights.between(event.check_in, event.check_out)


@settings(max_examples=20)
@given(taken)
def test_icalendar_finds_the_nights(nights: Nights):
    found = [
        (night_of(event["DTSTART"].dt), night_of(event["DTEND"].dt))
        for event in icalendar.Calendar.from_ical(render(nights, OURS)).walk("VEVENT")
        if event["DTSTART"].dt.year > 2000
    ]
    assert Nights.of_stays(found) == nights


@pytest.mark.slow
@settings(max_examples=20)
@given(taken)
def test_a_reader_by_other_hands_finds_the_nights(nights: Nights):
    with warnings.catch_warnings():
        # ics 0.7 and the parser under it are older than this Python
        warnings.simplefilter("ignore")
        import ics

        calendar = ics.Calendar(render(nights, OURS).decode())
    found = [(night_of(event.begin.date()), night_of(event.end.date())) for event in calendar.events]
    assert {event.name for event in calendar.events} == {SUMMARY}
    assert Nights.of_stays(found).since(TODAY - 1) == nights


@given(st.integers(TODAY - 1, TODAY + 1000), st.integers(1, 1000))
def test_a_uid_tells_the_nights_that_we_put_under_it(start: int, length: int):
    uid = OURS.uid(Stay(start, start + length))
    assert OURS.nights(uid) == Nights.between(start, start + length)
    assert OURS.nights(f" {uid.upper()} ") == Nights.between(start, start + length)


@pytest.mark.slow
@given(taken)
def test_no_two_events_of_a_feed_share_a_uid(nights: Nights):
    found = uids(render(nights, OURS))
    assert len(found) == len(set(found)) == max(1, len(nights.stays()))


def test_another_installation_or_accommodation_has_no_nights_under_our_uids():
    uid = OURS.uid(Stay(TODAY, TODAY + 3))
    assert Signature(b"another key", OURS.accommodation).nights(uid) == EMPTY
    assert Signature(OURS.key, "casa-verde").nights(uid) == EMPTY


@pytest.mark.parametrize(
    "forged",
    [
        lambda uid: "",
        lambda uid: "1418fb94e984-0123456789abcdef0123456789abcdef@airbnb.com",
        lambda uid: uid.replace("20260701", "20260601"),
        lambda uid: uid.replace("20260704", "20260801"),
        lambda uid: uid[:17] + "-" + "0" * 16 + "@icalsyncd",
        lambda uid: uid + "x",
        lambda uid: "x" + uid,
        lambda uid: uid.replace("@icalsyncd", "@elsewhere"),
        lambda uid: uid.replace("2026", "٢٠٢٦"),
        lambda uid: uid + "\n" + uid,
    ],
)
def test_a_foreign_or_forged_uid_has_no_nights(forged):
    uid = OURS.uid(Stay(TODAY, TODAY + 3))
    assert uid.startswith("20260701-20260704-")
    assert OURS.nights(forged(uid)) == EMPTY


def test_a_uid_of_ours_of_no_dates_has_no_nights():
    assert OURS.nights(OURS._uid(b"20260231", b"20260304").decode()) == EMPTY
    assert OURS.nights(OURS._uid(b"20260305", b"20260304").decode()) == EMPTY


@given(st.text(max_size=60))
def test_whatever_a_portal_calls_its_events_none_of_it_is_ours(text: str):
    assert OURS.nights(text) == EMPTY


def test_a_uid_does_not_change_from_one_release_to_the_next():
    stay = Stay(night_of(date(2026, 12, 24)), night_of(date(2026, 12, 27)))
    assert Signature(b"k" * 32, "casa-azul").uid(stay) == "20261224-20261227-264de316341522dc@icalsyncd"
    assert date_of(stay.check_in) == date(2026, 12, 24)
