"""The bytes of a calendar for people."""

from __future__ import annotations

from datetime import date

import icalendar

from icalsyncd.calendars.agenda import Entry, render_agenda, uid_of
from icalsyncd.calendars.nights import Stay, night_of

START = night_of(date(2026, 7, 10))


def test_titles_of_any_letters_come_through_and_no_line_is_too_long() -> None:
    titles = ["a,b;c\\d", "Casa Azul: " + "ñ€𝄞" * 40, "x" * 75, "x" * 67, "é" * 33 + "x" * 9]
    entries = [Entry(f"{number}", Stay(START, START + 3), title, 1_800_000_000) for number, title in enumerate(titles)]
    body = render_agenda("own, er", entries)
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()
    read = icalendar.Calendar.from_ical(body)
    assert [str(event["SUMMARY"]) for event in read.walk("VEVENT")] == titles
    assert b"\r\nNAME:own\\, er\r\n" in body


def test_an_event_is_all_day_and_says_when_it_changed() -> None:
    (event,) = icalendar.Calendar.from_ical(
        render_agenda("owner", [Entry("uid", Stay(START, START + 3), "x", 1_800_000_000)])
    ).walk("VEVENT")
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 7, 10), date(2026, 7, 13))
    assert event["SEQUENCE"] == 1_800_000_000 - 1_577_836_800
    assert event["LAST-MODIFIED"].dt.timestamp() == event["DTSTAMP"].dt.timestamp() == 1_800_000_000
    assert event["TRANSP"] == "TRANSPARENT"


def test_an_empty_one_has_a_component_all_the_same() -> None:
    (event,) = icalendar.Calendar.from_ical(render_agenda("owner", [])).walk("VEVENT")
    assert event["DTEND"].dt.year == 2000


def test_uids_tell_apart_what_their_parts_tell_apart() -> None:
    assert uid_of(b"k" * 32, "a", "bc") != uid_of(b"k" * 32, "ab", "c") != uid_of(b"l" * 32, "ab", "c")
