"""What the daemon must know by now, of all that portals have answered and the host has said.

Only what happened outside, and the public rules, go in here; nothing is asked of the daemon.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tests.simulation.calendars import Night
from tests.simulation.portal import Answer, Showing

SETTLING: Final = 3.0
"""Seconds after which what has come in is seen."""
SETTLED: Final = 2 * SETTLING
"""Seconds after which it is stored, where the disk is well."""


@dataclass
class Known:
    """What is known of one portal's calendar."""

    sold: dict[Night, float] = field(default_factory=dict)
    """Nights of bookings that each answer since has shown, and when the first of them was in."""
    told: set[Night] = field(default_factory=set)
    """Of these, what a portal was told to be closed."""
    doubted: set[Night] = field(default_factory=set)
    """Nights that were told, and that a disk on which no commit had room had to forget."""
    ever: set[Night] = field(default_factory=set)
    """Nights that any answer may have shown as taken."""
    last: Showing | None = None
    good_at: float | None = None
    """When the last whole answer was in."""
    failed_at: float | None = None
    heard: Showing | None = None
    """What the last whole answer said, where it was surely taken and nothing came since."""
    heard_at: float = 0.0
    delivered_at: float | None = None
    """When the last whole answer came, whether it was taken or not."""
    answered: bool = False
    """Any whole answer has come since it takes part."""
    uncertain: bool = False
    """Whether one of the answers since may have been thrown away."""

    def take(self, answer: Answer, now: float, *, surely: bool) -> None:
        """A whole answer is in; *surely* nothing came between, so that it must have been taken."""
        showing = answer.showing
        if showing is None:
            return
        self.ever |= showing.shown
        self.free(showing)
        if surely:
            for night in showing.sold:
                self.sold.setdefault(night, now)
            self.last, self.good_at, self.uncertain = showing, now, False
            self.heard, self.heard_at = showing, now
        else:
            self.uncertain = True

    def free(self, showing: Showing) -> None:
        """What a whole answer no longer shows may be free from now on."""
        self.heard = None
        self.sold = {night: since for night, since in self.sold.items() if night in showing.sold}
        self.told &= self.sold.keys()
        self.doubted.clear()

    def forget(self) -> None:
        """The host said that nothing of it counts any more."""
        self.sold.clear()
        self.told.clear()
        self.doubted.clear()
        self.last = self.good_at = self.heard = None

    def lost(self, until: float, *, stopped: bool, noted: bool) -> None:
        """The daemon has ended: what it was not told by *until* may not be on the disk.

        Where it was *stopped*, the reserve had room for what portals were told; where it was killed, it is known only that
        something is missing, if that was *noted*, so that nothing opens before this portal was asked again.
        """
        self.heard = None
        kept = {
            night: since for night, since in self.sold.items() if since <= until or (stopped and night in self.told)
        }
        self.doubted = (self.doubted | self.sold.keys() - kept.keys()) & self.told if noted else set()
        self.sold = kept
        self.told &= kept.keys()
