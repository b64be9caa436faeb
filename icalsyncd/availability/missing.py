"""What the last copies of a portal's calendar did not show, and is kept all the same."""

from __future__ import annotations

from dataclasses import dataclass

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Nights


@dataclass(frozen=True, slots=True)
class Lack:
    """Genuine nights that a suspicious copy no longer had, and that are held until copies agree."""

    nights: Nights
    since: Moment
    times: int
    """Pulls in a row that lacked them."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The events that could not be read in the last copies, all alike."""

    fingerprints: frozenset[str]
    since: Moment
    times: int
    """Pulls in a row that brought these, and no others; 0 where they were found by reading a copy anew."""
    lost: Nights = EMPTY
    """Nights claimed before that the first such copy lacked: what was last read from these events is among them."""
