"""A calendar cut off anywhere is a failure, or has every night of the whole one; it never has fewer."""

from __future__ import annotations

import gzip

import pytest

from icalsyncd.calendars.calendar import Failed, Reason
from icalsyncd.calendars.reading import read
from tests.calendars.calendars import SETTINGS, TODAY, crlf, nights_of, plain_calendar

_LINES = plain_calendar(3)
_TEXT = "".join(f"{line}\n" for line in _LINES)
_FIRST, _SECOND = crlf(plain_calendar(2)), crlf(plain_calendar(2, first=TODAY + 40))
_HEREDOC = "".join(f"    {line}\n" for line in _LINES if not line.startswith(" ")).encode()

SHAPES = {
    "crlf": crlf(_LINES),
    "lf": _TEXT.encode(),
    "cr": _TEXT.replace("\n", "\r").encode(),
    "no newline at the end": _TEXT.rstrip().encode(),
    "byte order mark": b"\xef\xbb\xbf" + crlf(_LINES),
    "utf-16": _TEXT.encode("utf-16"),
    "utf-16 big-endian": b"\xfe\xff" + _TEXT.encode("utf-16-be"),
    "lower case": crlf(_LINES).lower(),
    "indented": _HEREDOC,
    "folded everywhere": b"\r\n ".join(bytes([octet]) for octet in b"BEGIN:VCALENDAR")
    + b"\r\n"
    + crlf(_LINES[1:-1])
    + b"END:VCAL\r\n ENDAR\r\n",
    "busy times": crlf(
        [
            "BEGIN:VCALENDAR",
            "BEGIN:VFREEBUSY",
            "FREEBUSY:20260710T140000Z/20260713T090000Z,20260720T140000Z/P2D",
            "END:VFREEBUSY",
            "END:VCALENDAR",
        ]
    ),
    "gzip": gzip.compress(crlf(_LINES), mtime=0),
    "two gzip members": gzip.compress(_FIRST[:200], mtime=0) + gzip.compress(_FIRST[200:], mtime=0),
}
_EARLY = (Reason.TRUNCATED, Reason.NOT_CALENDAR, Reason.EMPTY)


def _assert_not_fewer(body: bytes, at: int) -> None:
    whole, reading = nights_of(read(body, SETTINGS, TODAY)), read(body[:at], SETTINGS, TODAY)
    assert whole
    if isinstance(reading, Failed):
        assert reading.reason in _EARLY
    else:
        assert nights_of(reading) == whole


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_cut_off_calendar_is_never_one_with_fewer_nights(body: bytes) -> None:
    for at in range(len(body)):
        _assert_not_fewer(body, at)


def test_a_cut_off_calendar_fails_as_truncated_from_its_first_line_on() -> None:
    body = SHAPES["crlf"]
    for at in range(len("BEGIN:VCALENDAR"), len(body) - len("\r\n")):
        reading = read(body[:at], SETTINGS, TODAY)
        assert isinstance(reading, Failed)
        assert reading.reason is Reason.TRUNCATED


def test_a_cut_between_two_calendars_is_the_only_one_that_cannot_be_seen() -> None:
    # there the bytes are a whole calendar: the length that the server announced has to tell, and the hold
    body = _FIRST + _SECOND
    unseen = range(len(_FIRST) - len("\r\n"), len(_FIRST) + 1)
    for at in range(len(body)):
        if at not in unseen:
            _assert_not_fewer(body, at)


def test_an_empty_body_is_a_failure_unless_it_is_meant() -> None:
    for body in (b"", b"\r\n \r\n", b"\xef\xbb\xbf", "\n".encode("utf-16"), gzip.compress(b"")):
        assert read(body, SETTINGS, TODAY) == Failed(Reason.EMPTY, "the body is empty")
