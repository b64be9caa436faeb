"""How long what disappears from the config is kept, and how that itself becomes shorter.

A half-written file is valid too, and may lack the key that says how long. So a delay that becomes shorter does so only
after the one in force before has passed: by then what was leaving, and what left with it, has been kept as promised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from icalsyncd.availability.stamps import Moment


@dataclass(frozen=True, slots=True)
class RemovalDelay:
    """The removal delay in force, and the shorter one that is to follow it."""

    seconds: float
    shorter: float | None = None
    """The delay, in seconds, that the config wants since ``since``."""
    since: Moment = 0.0

    def at(self, now: Moment) -> float:
        """The delay that counts at *now*, in seconds."""
        return self.seconds if self.shorter is None or now < self.since + self.seconds else self.shorter

    @property
    def shrinks(self) -> Moment | None:
        """When the shorter delay begins to count; None where there is none."""
        return None if self.shorter is None else self.since + self.seconds

    def under(self, wanted: float, now: Moment) -> RemovalDelay:
        """The delay under a config that says *wanted* seconds, taken over at *now*."""
        counts = self.at(now)
        if wanted >= counts:
            return RemovalDelay(wanted)
        if counts == self.seconds and wanted == self.shorter:
            return self.not_after(now)
        return RemovalDelay(counts, wanted, now)

    def not_after(self, now: Moment) -> RemovalDelay:
        """The same after the clock was set back to *now*: the wait has not begun in the future."""
        return self if self.since <= now else replace(self, since=now)
