"""What is known of one portal's ways: how often it reads, how long it takes to act, what it makes of what it imports, whether
it lets go of that again, and whether its copies go back to older ones. How that is learned: :mod:`learning`.

All of it is bounded, and the prior is what the profile says. A lag that is longer, a second copy that is waited for and an
event that is what the portal always makes of a run that it was told: none of these makes an origin of what was none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from icalsyncd.availability.stamps import DAY, NONE, Moment, Stamps
from icalsyncd.calendars.nights import EMPTY, Nights, Stay

KEPT: Final = 16
"""Observations of one kind that are kept, the latest."""
LONGEST_LAG: Final = 2 * DAY
"""What takes longer has another cause."""
MARGIN: Final = 1.25
"""The lag by which is judged, against the longest that was seen."""
LIKE: Final = 4
"""So many of what came back must have been changed alike, and three of four of them all."""
BACK: Final = 3
"""So many stays that vanished and came back, and one of four of all that vanished, make its copies go back."""
Change = tuple[int, int]
"""Nights by which the start and the end of what the portal was told have moved in what it shows."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of one portal's ways."""

    gaps: tuple[float, ...] = ()
    """Seconds between its last readings."""
    awaited: tuple[tuple[Stay, Moment], ...] = ()
    """Runs that it was told and does not show yet, and when it was told."""
    shows: tuple[float, ...] = ()
    """Seconds from reading that nights are taken to the first copy that shows them."""
    changes: tuple[Change, ...] = ()
    """What it made of the runs that it was told, for each that came back."""
    forms: tuple[str, ...] = ()
    """How each came back: `whole`, `by night`, `by month`, `merged`."""
    undropped: Stamps = NONE
    """Nights that it showed as it was told, and was told are free, since when; until it drops them."""
    drops: tuple[float, ...] = ()
    """Seconds from reading that nights are free to the first copy without them."""
    told_lately: Stamps = NONE
    """Nights that it was told and is told no longer, since when; as long as it may act on what it read before."""
    dropped_at: Moment = 0.0
    """When it last dropped any."""
    vanished: tuple[tuple[Stay, Moment], ...] = ()
    """Stays of its own that it showed until lately, and when they were first missing."""
    came_back: tuple[bool, ...] = ()
    """Of those that vanished, whether they came back soon."""
    lacked: Nights = EMPTY
    """Where its copies go back: nights that the last one lacked, and that are free if the next one lacks them too."""

    @property
    def rhythm(self) -> tuple[float, float] | None:
        """Seconds between two readings: the median, and the worst; None before the third reading."""
        if len(self.gaps) < 2:
            return None
        gaps = sorted(self.gaps)
        return gaps[len(gaps) // 2], gaps[-1]

    @property
    def change(self) -> Change | None:
        """What it always makes of a run that it was told; None where it shows it as it was told, or now so, now so."""
        if not self.changes:
            return None
        change, times = Counter(self.changes).most_common(1)[0]
        return change if change != (0, 0) and times >= LIKE and 4 * times >= 3 * len(self.changes) else None

    @property
    def form(self) -> str:
        """How most of what it was told comes back."""
        return Counter(self.forms).most_common(1)[0][0] if len(self.forms) >= LIKE else ""

    @property
    def goes_back(self) -> bool:
        """Its calendar is now and then an older one."""
        return sum(self.came_back) >= BACK and 4 * sum(self.came_back) >= len(self.came_back)

    def lag(self, prior: float) -> float:
        """Seconds after which it has acted on what it read: *prior*, or what was seen where that is longer.

        That is the second longest, where there are two: once it may have been told so in between that it dropped nothing.
        """
        seen = sorted(self.drops)[-2:]
        return max(prior, min(MARGIN * seen[0], LONGEST_LAG)) if seen else prior

    @property
    def soon_drops(self) -> float:
        """Seconds within which it has dropped one in four of what it read is free; none before it dropped any."""
        return sorted(self.drops)[len(self.drops) // 4] if self.drops else 0.0

    @property
    def soonest_shows(self) -> float | None:
        """Seconds in which it showed what it read is taken, at the least; None before it did so a few times."""
        return min(self.shows) if len(self.shows) >= LIKE else None

    def changed(self, told: Nights) -> Nights:
        """What it makes of the runs of *told*, if it always changes them alike."""
        if self.change is None:
            return EMPTY
        first, last = self.change
        return Nights.of_stays((run.check_in + first, run.check_out + last) for run in told.stays())

    def unchanged(self, stay: Stay) -> Stay | None:
        """The run of which it would make *stay*; None where it changes nothing."""
        if self.change is None:
            return None
        first, last = self.change
        return Stay(stay.check_in - first, stay.check_out - last)


NO_HABITS: Final = Habits()


def habits_rewound(habits: Habits, now: Moment) -> Habits:
    """*habits* after the clock was set back to *now*."""
    return replace(
        habits,
        awaited=tuple((run, min(at, now)) for run, at in habits.awaited),
        undropped=Stamps(tuple((min(since, now), nights) for since, nights in habits.undropped)),
        told_lately=Stamps(tuple((min(since, now), nights) for since, nights in habits.told_lately)),
        dropped_at=min(habits.dropped_at, now),
        vanished=tuple((stay, min(at, now)) for stay, at in habits.vanished),
    )
