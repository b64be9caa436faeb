"""Whether two bodies say the same is told without reading them, and never wrongly."""

from __future__ import annotations

import pytest

from icalsyncd.pulling.already_read import mark_of
from tests.calendars.calendars import crlf, plain_calendar

BODY = crlf(plain_calendar(3))


def test_the_time_of_the_fetch_makes_no_other_body():
    assert mark_of(BODY.replace(b"DTSTAMP:20260701T081500Z", b"DTSTAMP:20260702T093011Z")) == mark_of(BODY)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"DTEND;VALUE=DATE:20260704", b"DTEND;VALUE=DATE:20260705"),
        (b"SUMMARY:Reserved", b"SUMMARY:Blocked"),
        (b"END:VCALENDAR\r\n", b""),
        (b"DTSTAMP:20260701T081500Z\r\n", b""),
        (b"DTSTAMP:20260701T081500Z\r\n", b"DTSTAMP:20260701T081500Z\r\n folded\r\n"),
        (b"DTSTAMP:20260701T081500Z", b"DTSTAMP:20260701T081500Z;STATUS=CANCELLED"),
        (b"\r\nUID:", b"\r\n UID:"),
    ],
)
def test_anything_else_does(before: bytes, after: bytes):
    changed = BODY.replace(before, after, 1)
    assert changed != BODY
    assert mark_of(changed) != mark_of(BODY)
