"""What one accommodation takes of its units, as the others of its family see it.

To those that share a unit with it, it is much like a block of the host's: they close these nights in all their feeds, an
echo of them is known by what their portals were told, and nothing of it ever goes on to a third accommodation from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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
    doubts: tuple[tuple[str, Nights], ...]
    """For each of its syncs, the echoes in doubt on nights of which it is no origin: they may be bookings after all, and
    whoever has such a night need not have all units that are in doubt."""
    guessed: Nights
    """Those that it takes, or is in doubt of, only since a portal may have sold them anew."""
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
    confirmed: Nights
    """Those that one of its syncs has by the host's word."""
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

    @property
    def doubted(self) -> Nights:
        """All nights of its doubts. They are closed wherever one does not have the night itself."""
        return union(nights for _, nights in self.doubts)

    def closed(self, before: int, after: int) -> Nights:
        """The nights that it closes for all where stays are to be *before* and *after* nights apart from others, at least."""
        return self.stays.widened(max(self.before, before), max(self.after, after)) | self.unsure | self.ruled


class Kin(dict[str, Taking]):
    """What each of the kin takes, by accommodation, and what that comes to together; it is never changed.

    It changes more seldom than it is asked for, and a house may have many rooms, so each sum is reckoned once.
    """

    @cached_property
    def taken(self) -> Nights:
        return union(taking.taken for taking in self.values())

    @cached_property
    def doubted(self) -> Nights:
        return union(taking.doubted for taking in self.values())

    @cached_property
    def guessed(self) -> Nights:
        return union(taking.guessed for taking in self.values())

    @cached_property
    def firm(self) -> Nights:
        """What one of them at least takes, or is in doubt of, for more than that it may have been sold anew."""
        return union((taking.taken | taking.doubted) - taking.guessed for taking in self.values())

    @cached_property
    def claimed(self) -> Nights:
        return union(taking.claimed for taking in self.values())

    @cached_property
    def judged(self) -> Nights:
        return union(taking.judged for taking in self.values())

    @cached_property
    def certain(self) -> Nights:
        return union(taking.certain for taking in self.values())

    @cached_property
    def initial(self) -> Nights:
        return union(taking.initial for taking in self.values())

    @cached_property
    def are_known(self) -> bool:
        return all(taking.known for taking in self.values())

    @cached_property
    def shown(self) -> Mapping[str, Mapping[frozenset[str], frozenset[Stay]]]:
        """The stays that each portal shows of the kin, by the units of these."""
        found: dict[str, dict[frozenset[str], frozenset[Stay]]] = {}
        for taking in self.values():
            for portal, stays in taking.shown.items():
                found.setdefault(portal, {})[taking.units] = stays
        return found

    def closed(self, before: int, after: int) -> Nights:
        """The nights that any of them closes, see :meth:`Taking.closed`."""
        around = (before, after)
        if around not in self._closed:
            self._closed[around] = union(taking.closed(before, after) for taking in self.values())
        return self._closed[around]

    @cached_property
    def _closed(self) -> dict[tuple[int, int], Nights]:
        return {}


@dataclass(frozen=True, slots=True)
class Parting:
    """Parts that an accommodation is to lose when the removal delay has passed."""

    parts: tuple[str, ...]
    """Those that it is to have then."""
    since: Moment


@dataclass(frozen=True, slots=True)
class Shrinking:
    """Buffers that are to become smaller when the removal delay has passed."""

    before: int
    after: int
    since: Moment
