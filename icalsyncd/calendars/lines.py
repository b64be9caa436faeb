"""From bytes to content lines: the text layer of RFC 5545 section 3.1, forgiving about all that real bodies get wrong.

Octets are unfolded before they are decoded, since a fold may fall inside a character; and lines end at CR and LF only,
never at the other characters that :meth:`str.splitlines` takes for line ends.
"""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass
from typing import Final

from icalsyncd.calendars.calendar import Failed, Reason

MAX_LINES: Final = 1_000_000
"""More lines than any real calendar has, after unfolding."""

_GZIP: Final = b"\x1f\x8b"
_INFLATE_STEP: Final = 64 * 1024
_MAX_MEMBERS: Final = 64
"""Of one gzip body: more than any calendar is made of."""
_BLANK_LINES: Final = re.compile(rb"\n[ \t\n]*\n")
_FOLD: Final = re.compile(rb"\n[ \t]")
_FIRST_TWO_LINES: Final = re.compile(rb"(?:\A|\n)[ \t]*BEGIN:VCALENDAR[ \t]*\n([ \t]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lines:
    """Unfolded, decoded lines without their ends; blank ones may be among them."""

    lines: list[str]
    problems: tuple[str, ...] = ()


def inflate(body: bytes, max_size: int) -> bytes | Failed:
    """*body* itself or, where it is gzip, what it was made from, of at most *max_size* bytes.

    Memory is bounded by *max_size*, whatever the compressed bytes promise.
    """
    if not body.startswith(_GZIP):
        return body
    inflated = bytearray()
    at = members = 0
    while body.startswith(_GZIP, at):
        members += 1
        if members > _MAX_MEMBERS:
            return Failed(Reason.TOO_LARGE, f"more than {_MAX_MEMBERS} gzip members")
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        while not member.eof:
            # by steps, since what follows a member is copied as often as there are members
            step = body[at : at + _INFLATE_STEP]
            if not step:
                return Failed(Reason.TRUNCATED, "the compressed bytes end too early")
            try:
                inflated += member.decompress(step, max_size + 1 - len(inflated))
            except zlib.error:
                return Failed(Reason.NOT_CALENDAR, "the compressed bytes are damaged")
            if len(inflated) > max_size:
                return Failed(Reason.TOO_LARGE, f"more than {max_size} bytes after decompression")
            at += len(step) - len(member.unused_data)
    return bytes(inflated)


def lines_of(body: bytes) -> Lines | Failed:
    """The content lines of *body*, a calendar in UTF-8, CP1252 or, by its byte order mark, UTF-16."""
    problems = []
    raw = body
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raw = raw.decode("utf-16", "ignore").encode("utf-8", "ignore")
    elif raw.startswith(codecs.BOM_UTF8):
        raw = raw[len(codecs.BOM_UTF8) :]
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    # of bytes, unlike of text, these are the lines between CR, LF and CRLF, and no others
    raw = b"\n".join(raw.strip().splitlines())
    # a line of white space alone would be a fold of the line before it, and spoil its value
    raw = _BLANK_LINES.sub(b"\n", raw)
    if b"\n " in raw or b"\n\t" in raw:
        first_two = _FIRST_TWO_LINES.search(raw)
        if first_two and (indent := first_two[1]):
            raw = _without_indent(raw, indent)
            problems.append("every line is indented")
        raw = _FOLD.sub(b"", raw)
    if raw.count(b"\n") > MAX_LINES:
        return Failed(Reason.TOO_MANY_EVENTS, f"more than {MAX_LINES} lines")
    try:
        return Lines(raw.decode().split("\n"), tuple(problems))
    except UnicodeDecodeError:
        problems.append("not all of it is UTF-8")
        return Lines([_decoded(line) for line in raw.split(b"\n")], tuple(problems))


def _without_indent(raw: bytes, indent: bytes) -> bytes:
    return b"\n".join(
        line[len(indent) :] if line.startswith(indent) else line.lstrip(b" \t") for line in raw.split(b"\n")
    )


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
