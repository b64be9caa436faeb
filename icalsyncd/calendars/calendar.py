"""What a portal's calendar says once it has been read: stays, and how far they can be believed.

These are the values that the reader makes and the rest of the core takes. No text of the calendar is in them but the
UID, which decides one thing only: whether an event is one of ours that has come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from icalsyncd.calendars.nights import Night, Nights, Stay


class Kind(StrEnum):
    """What an event's summary is known to mean at its portal."""

    RESERVATION = "reservation"
    BLOCK = "block"
    UNKNOWN = "unknown"


class Event(NamedTuple):
    """One stretch of taken nights that a calendar reports, half-open, clipped to the horizon, at least one night."""

    check_in: Night
    check_out: Night
    kind: Kind
    uid: str
    """As the portal sends it, `""` where it sends none. No identity: it is compared with our own UIDs, and with those of
    events that could not be read."""

    @property
    def stay(self) -> Stay:
        return Stay(self.check_in, self.check_out)


class Reason(StrEnum):
    """Why a pull, or the reading of what it brought, failed. The words are those of logs, metrics and status."""

    TIMEOUT = "timeout"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    ADDRESS_REFUSED = "address_refused"
    REDIRECT = "redirect"
    HTTP_4XX = "http_4xx"
    HTTP_429 = "http_429"
    HTTP_5XX = "http_5xx"
    NOT_CALENDAR = "not_calendar"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_EVENTS = "too_many_events"
    STORE = "store"
    NO_URL = "no_url"
    BUG = "bug"


class Broken(NamedTuple):
    """An event that could not be read, or not whole."""

    fingerprint: str
    """Tells the same broken event from another one at the next pull; DTSTAMP plays no part in it."""
    uid: str
    """Its UID where that could be read, else `""`."""


@dataclass(frozen=True, slots=True)
class Good:
    """The whole calendar was understood; ``problems`` are what was repaired or is worth telling, in words of ours."""

    events: tuple[Event, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """Some of it could not be understood: what could is in ``events``, and nothing may be freed because of the rest."""

    events: tuple[Event, ...]
    problems: tuple[str, ...]
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """This is no calendar, or not a whole one: it says nothing of any night."""

    reason: Reason
    detail: str = ""
    """For people; in words of ours, never the portal's."""


Reading: TypeAlias = Good | Partial | Failed


def nights_in(events: tuple[Event, ...]) -> Nights:
    """All nights that *events* take."""
    return Nights.of_stays((event.check_in, event.check_out) for event in events)
