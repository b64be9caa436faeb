"""What a portal's answer holds once it is unpacked.

The body decides, not the header: calendars come compressed without a word of it, plain though they are announced as
compressed, and compressed twice.
"""

from __future__ import annotations

import zlib
from enum import Enum
from typing import Final, TypeAlias

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
# a .gz file sent with `Content-Encoding: gzip` is two; more is nobody's calendar
_LAYERS: Final = 3
# as many as the reader takes
_PIECES: Final = 64
_STEP: Final = 2**16


class Damage(Enum):
    """Why a body could not be unpacked."""

    CUT = "cut"
    """It ends early, or its checksum does not fit."""
    TOO_LARGE = "too_large"
    """It would be larger than the limit."""
    PIECES = "pieces"
    """It is of more pieces than any calendar."""


Unpacked: TypeAlias = bytes | Damage


def unpacked(body: bytes, encoding: str, max_size: int) -> Unpacked:
    """*body* without its compression, of at most *max_size* bytes.

    *encoding* is the answer's Content-Encoding (RFC 9110 section 8.4), ``""`` where it has none. An encoding that is
    not known leaves the body as it came: the reader will find that it is no calendar.
    """
    if "deflate" in encoding.lower() and not body.startswith(_GZIP_MAGIC):
        inflated = _deflated(body, max_size)
        if inflated is None:
            return body
        if isinstance(inflated, Damage):
            return inflated
        body = inflated
    for _ in range(_LAYERS):
        if not body.startswith(_GZIP_MAGIC):
            break
        inflated = _members(body, max_size)
        if isinstance(inflated, Damage):
            return inflated
        body = inflated
    return body


def may_be_packed(body: bytes, encoding: str) -> bool:
    """Whether :func:`unpacked` would have work to do, which must not be done on the event loop."""
    return body.startswith(_GZIP_MAGIC) or "deflate" in encoding.lower()


def _deflated(body: bytes, max_size: int) -> Unpacked | None:
    """A body announced as "deflate": zlib by the standard, raw from some servers; None where it is neither."""
    for window in (_ZLIB, _RAW):
        stream = zlib.decompressobj(window)
        try:
            plain = stream.decompress(body, max_size + 1)
        except zlib.error:
            continue
        if len(plain) > max_size:
            return Damage.TOO_LARGE
        if stream.eof:
            return plain
        # text without compression can pass for the beginning of a raw stream; a zlib header is no accident
        return Damage.CUT if window == _ZLIB else None
    return None


def _members(body: bytes, max_size: int) -> Unpacked:
    """All members of a gzip file (RFC 1952 section 2.2); what follows the last one is padding."""
    plain = bytearray()
    at = pieces = 0
    while body.startswith(_GZIP_MAGIC, at):
        pieces += 1
        if pieces > _PIECES:
            return Damage.PIECES
        stream = zlib.decompressobj(_GZIP)
        while not stream.eof:
            # by steps, since what follows a member is copied as often as there are members
            step = body[at : at + _STEP]
            if not step:
                return Damage.CUT
            try:
                plain += stream.decompress(step, max_size + 1 - len(plain))
            except zlib.error:
                return Damage.CUT
            if len(plain) > max_size:
                return Damage.TOO_LARGE
            at += len(step) - len(stream.unused_data)
    return bytes(plain)
