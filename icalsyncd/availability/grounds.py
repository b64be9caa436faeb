"""What lies behind the nights that a portal was told: what nobody certain has, and what it may still act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from icalsyncd.availability.stamps import NONE, Stamps
from icalsyncd.calendars.nights import EMPTY, Nights


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a portal was told of nights that nobody certain has, and what it may still act on."""

    doubts: Nights = EMPTY
    """Nights that it was told for the sake of an echo in doubt alone."""
    passed_on: Nights = EMPTY
    """Nights that it was told for the sake of an echo alone that repeats such a doubt: they are doubted no further."""
    freed: Stamps = NONE
    """Nights that it was told until lately, since it read that they are free: it may still act on what it read before."""


GROUNDLESS: Final = Grounds()
