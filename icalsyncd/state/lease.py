"""For how long a daemon may answer for what it knows, where another machine may go on from what is stored.

The database has the lease, by its own clock. What is here is the daemon's own reckoning of its end, by the machine's
uptime from before a renewal was sent: so it ends here first, whatever the network did with the answer, and however long the
process stood still.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from icalsyncd.clock import boottime

LEASE: Final = 20.0
"""Seconds that a renewal lasts."""
RENEWED_AFTER: Final = 5.0
"""Seconds after which it is renewed, with the next commit or by one that holds nothing else."""
OPENING: Final = 60.0
"""Seconds that it lasts while all is read at a start."""
_EARLIER: Final = 0.5
"""Seconds that it ends earlier here: no two clocks run alike."""


class Lease:
    """One daemon's, over all that lies in a database on a server. Any thread may ask; the store's alone changes it."""

    def __init__(self, now: Callable[[], float] = boottime) -> None:
        self._now = now
        self._until = 0.0
        self._is_over = False
        self.epoch = 0
        """How many openings the database had, this one included."""
        self.takeovers = 0
        """How many of them took it from one that had not given it back."""
        self.taken_at: float | None = None
        """The machine's uptime at which it was taken from a daemon that had not given it back; None where it was not."""

    def renewing(self, lasting: float) -> float:
        """A renewal that lasts so many seconds is about to be sent: the machine's uptime now.

        Whether or not it is answered, the lease may end that early from here on, be it that one for longer went before.
        """
        sent = self._now()
        self._until = min(self._until, sent + lasting - _EARLIER)
        return sent

    def renewed(self, sent: float, lasting: float) -> None:
        """The database has taken the renewal that was *sent* at that uptime, and lasts so many seconds."""
        self._until = sent + lasting - _EARLIER

    def end(self) -> None:
        """It is another daemon's, or nobody's: from now on it holds no more."""
        self._is_over = True

    @property
    def left(self) -> float:
        """Seconds until it ends; 0 where it has."""
        return 0.0 if self._is_over else max(0.0, self._until - self._now())

    @property
    def holds(self) -> bool:
        """This daemon may answer."""
        return self.left > 0.0

    def may_write_elsewhere(self, longest: float) -> bool:
        """It holds, and whatever the daemon before was still writing elsewhere, for *longest* seconds at most, has ended."""
        return self.holds and (self.taken_at is None or self._now() - self.taken_at > longest)
