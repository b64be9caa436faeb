"""One thing that needs the host: the value that page, status, monitors and messages show in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from icalsyncd.calendars.nights import Night, date_of


class Weight(IntEnum):
    """How much a concern matters."""

    ALARM = 0
    """A night may be sold twice, or the daemon does not do what its config says."""
    WARNING = 1
    """A portal does not play its part."""
    NOTE = 2
    """Something that the host has begun and not finished."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a human."""

    weight: Weight
    what: str
    advice: str
    accommodation: str = ""
    """Empty if it is about the whole."""
    sync: str = ""
    night: Night | None = None
    """A night to be explained."""
    details: tuple[str, ...] = ()


def first_night(concern: Concern) -> str | None:
    """The date of the night that a concern is about."""
    return date_of(concern.night).isoformat() if concern.night is not None else None
