"""What every place of the shared cloud can do, and what may keep it from doing so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

CONTENT_TYPE: Final = "text/calendar; charset=utf-8"
CACHE_CONTROL: Final = "no-cache"
"""Google's store, among others, would else let a reader be told hour-old nights."""
MAX_PUT: Final = 20.0
"""Seconds for which one file may be on its way."""
MAX_CONNECT: Final = 10.0
MAX_LOOK: Final = 1 << 20
"""Bytes up to which what lies at a place is looked at; no feed is larger."""


class Why(StrEnum):
    """Why a feed could not be put where it belongs."""

    TIMEOUT = "timeout"
    CONNECT = "connect"
    TLS = "tls"
    REFUSED = "refused"
    """The credentials are not accepted, or may not write there."""
    MISSING = "missing"
    """There is no such folder, bucket or container."""
    FULL = "full"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    NOT_INSTALLED = "not_installed"
    """The extra `icalsyncd[cloud]` is needed."""
    SETTINGS = "settings"
    """The place or its credentials are written in a form that cannot be."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Unsent:
    """A file was not put, or not deleted; ``detail`` is in words of ours, without any address or credential."""

    why: Why
    detail: str

    @property
    def in_doubt(self) -> bool:
        """The file may be there all the same, or come to be there later: whoever took it may be slow."""
        return self.why in (Why.TIMEOUT, Why.CONNECT, Why.HTTP_5XX, Why.OTHER)


class Storage(Protocol):
    """One place. Names are plain file names; nothing but what is named is looked at, written or deleted."""

    @property
    def tears(self) -> bool:
        """It takes files only in such a way that a reader may see a part of one, for a moment."""

    async def put(self, name: str, body: bytes) -> Unsent | None:
        """Have *body* under *name* instead of what was there: readers see the old bytes or the new, but see ``tears``."""

    async def read(self, name: str) -> bytes | Unsent:
        """What lies under *name*, up to MAX_LOOK bytes; nothing is like an empty file. Unsent: it cannot be seen."""

    async def delete(self, name: str) -> Unsent | None:
        """Have nothing under *name*; that there was nothing is no failure."""

    async def close(self) -> None:
        """Let go of connections."""


_KNOWN: Final[Mapping[int, tuple[Why, str]]] = {
    401: (Why.REFUSED, "the credentials are not accepted"),
    403: (Why.REFUSED, "writing there is not allowed"),
    404: (Why.MISSING, "there is no such place"),
    409: (Why.MISSING, "there is no such folder"),
    413: (Why.FULL, "it takes no file of this size"),
    507: (Why.FULL, "it is full"),
}


def answered(status: int) -> Unsent:
    """What the HTTP *status* of a refusal means."""
    if status in _KNOWN:
        why, words = _KNOWN[status]
        return Unsent(why, f"it answers {status}: {words}")
    if status >= 500:
        return Unsent(Why.HTTP_5XX, f"it answers {status}")
    return Unsent(Why.HTTP_4XX, f"it answers {status}")
