"""For how long at most something may stay that has left the config."""

from __future__ import annotations

from typing import Final

from tests.simulation.world import DAY

_UNSEEN: Final = 3 * DAY
"""Seconds for which nobody may look at what was saved: the machine is off, or asleep."""


class Delays:
    """The removal delays that the host has said. A shorter one counts only after the longer one before it has passed."""

    def __init__(self) -> None:
        self._now = 0.0
        self._before: dict[float, float] = {}
        """Delays that the host no longer says, and when the host last said something else."""

    def say(self, seconds: float, now: float) -> None:
        """The host saved something; the delay in it is this."""
        if self._now > seconds:
            self._before[self._now] = now
        # what is to follow may begin to wait anew with each save
        self._before = {each: now for each, at in self._before.items() if each > seconds and now < at + each + _UNSEEN}
        self._now = seconds

    def longest(self, now: float) -> float:
        """The longest delay that may be in force."""
        return max(self._now, *(each for each, at in self._before.items() if now < at + each + _UNSEEN), 0.0)
