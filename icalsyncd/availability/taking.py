"""What one accommodation takes of its units, as the others of its family see it.

To those that share a unit with it, it is much like a block of the host's: they close these nights in all their feeds, an
echo of them is known by what their portals were told, and nothing of it ever goes on to a third accommodation from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Nights, Stay, union

LINKS_TOLD: Final = 3
"""Stays after which it is said of a portal that it links its listings."""


@dataclass(frozen=True, slots=True)
class Taking:
    """The nights that are taken at one accommodation itself, whatever its family takes."""

    units: frozenset[str]
    """Of the accommodation that takes them."""
    origins: tuple[tuple[str, Nights], ...]
    """For each of its syncs, and `local`, the nights whose origin it is."""
    stays: Nights
    """Those of its stays and blocks, passed ones included: buffers go around them."""
    unsure: Nights
    """Those that may be no booking, and so get no buffers."""
    ruled: Nights
    """Nights that its portals close by their own settings, where others are to close them, too."""
    before: int
    """Nights closed ahead of each of its stays."""
    after: int
    """Nights closed behind each of its stays."""
    claimed: Nights
    """All that its portals claim, echoes too."""
    judged: Nights
    """Taken by its blocks, or by claims that are genuine by what is known of them, whether their portal reads us or not."""
    certain: Nights
    """Those that are taken beyond doubt, as far as we can tell."""
    initial: Nights
    """Genuine nights of claims that were there when their portals were first pulled."""
    shown: Mapping[str, frozenset[Stay]]
    """The stays that each portal shows of it, by the portal's profile."""
    links: tuple[tuple[str, int, Nights], ...]
    """Syncs whose portal may close it by itself (see :mod:`listings`): by how many stays, and on which nights."""
    known: bool
    """Every sync that receives was pulled once, or counts as empty."""

    @property
    def often_linked(self) -> Nights:
        """Nights of links that are told once for their portal, and not night by night."""
        return union(nights for _, stays, nights in self.links if stays >= LINKS_TOLD)

    @property
    def taken(self) -> Nights:
        """All nights that it takes; buffers are not among them."""
        return union(nights for _, nights in self.origins)

    def closed(self, before: int, after: int) -> Nights:
        """The nights that it closes where stays are to be *before* and *after* nights apart from others, at least."""
        return self.stays.widened(max(self.before, before), max(self.after, after)) | self.unsure | self.ruled


@dataclass(frozen=True, slots=True)
class Parting:
    """Parts that an accommodation is to lose when the removal delay has passed."""

    parts: tuple[str, ...]
    """Those that it is to have then."""
    since: Moment
