"""Runs of nights, many of them, that may overlap: whether one of them lies within, or around, given nights."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from icalsyncd.calendars.nights import Night, Stay


class Runs:
    """A set of runs, to be asked once for each of many events without looking at each run."""

    def __init__(self, runs: Iterable[Stay]) -> None:
        ends: dict[Night, list[Night]] = {}
        for start, end in sorted(set(runs)):
            ends.setdefault(start, []).append(end)
        self._ends: Final = ends
        self._starts: Final = list(ends)
        earliest = accumulate((ends[start][0] for start in reversed(self._starts)), min)
        self._earliest: Final = list(earliest)[::-1]
        """The earliest end of all runs that start there or later."""

    def has_within(self, start: Night, end: Night) -> bool:
        """Whether one of them starts at *start* or later, and ends at *end* or before."""
        place = bisect_left(self._starts, start)
        return place < len(self._starts) and self._earliest[place] <= end

    def has_padded(self, stay: Stay, padding: int) -> bool:
        """Whether one of them is *stay* without at most *padding* nights at each side."""
        for start in range(stay.check_in, stay.check_in + padding + 1):
            ends = self._ends.get(start, ())
            place = bisect_left(ends, stay.check_out - padding)
            if place < len(ends) and ends[place] <= stay.check_out:
                return True
        return False
