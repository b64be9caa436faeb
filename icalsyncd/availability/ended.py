"""The claims that went on no longer in a copy, and which of them an event that begins may have taken the place of.

A portal may send thousands of events that overlap each other, twice, with nothing in common. So no event is compared with
each claim that has ended: what is kept is, for each night, which of them counts first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from icalsyncd.availability.claims import Claim, Rule
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union

FEW: Final = 16
"""So many claims are looked at one by one."""


class Ended:
    """Claims of one kind that have ended, in order; an earlier one goes before those behind it on each night."""

    def __init__(self, claims: Sequence[Claim], begun: Iterable[Stay]) -> None:
        """*begun* are the stays that :meth:`beneath` may be asked for."""
        self._claims = claims
        self._begun = begun

    def beneath(self, stay: Stay) -> Sequence[Claim]:
        """Claims among which are all that count on a night of *stay*, in order.

        An echo counts on each of its nights, an origin where all its nights are in *stay*; on each night the first one.
        """
        return self._claims if len(self._claims) <= FEW else self._sifted[stay]

    @cached_property
    def certain(self) -> Nights:
        """Nights of which one of them at least was an origin beyond doubt."""
        return union(claim.genuine - claim.contested for claim in self._claims)

    @cached_property
    def genuine(self) -> Nights:
        return union(claim.genuine for claim in self._claims)

    @cached_property
    def plain_echoes(self) -> Nights:
        """Nights of which one of them at least was an echo beyond doubt."""
        return union(claim.echoes - claim.doubtful for claim in self._claims)

    @cached_property
    def was_own(self) -> Nights:
        """Nights that one of them had as its own, or that such a one has had before it."""
        return union(claim.genuine | claim.under(Rule.WAS_OWN) for claim in self._claims)

    @cached_property
    def grown(self) -> Nights:
        return union(claim.grown for claim in self._claims)

    @cached_property
    def _sifted(self) -> dict[Stay, Sequence[Claim]]:
        """The answers of :meth:`beneath`: the cost is the nights of the claims, and those of the stays."""
        claims = self._claims
        first_echo = _first_echoes(claims)
        origins = [(genuine.hull, place, genuine) for place, claim in enumerate(claims) if (genuine := claim.genuine)]
        # those that begin last are taken last from the end, so that all that begin within a stay are on the steps
        origins.sort(key=lambda origin: origin[0].check_in)
        steps: dict[Night, _Steps] = {}
        found: dict[Stay, Sequence[Claim]] = {}
        for stay in sorted(set(self._begun), reverse=True):
            while origins and origins[-1][0].check_in >= stay.check_in:
                hull, place, genuine = origins.pop()
                for night in genuine:
                    steps.setdefault(night, _Steps()).add(hull.check_out, place)
            counting: set[int] = set()
            for night in range(*stay):
                if (echo := first_echo.get(night)) is not None:
                    counting.add(echo)
                if night in steps and (origin := steps[night].first(stay.check_out)) is not None:
                    counting.add(origin)
            found[stay] = tuple(claims[place] for place in sorted(counting))
        return found


class _Steps:
    """Of claims on one night, each with its end and its place in the order: which is first of those that end in time."""

    __slots__ = ("_ends", "_places")

    def __init__(self) -> None:
        # a later end is kept for an earlier place only
        self._ends: list[Night] = []
        self._places: list[int] = []

    def add(self, end: Night, place: int) -> None:
        before = bisect_right(self._ends, end)
        if before and self._places[before - 1] < place:
            return
        start = stop = bisect_left(self._ends, end)
        while stop < len(self._places) and self._places[stop] > place:
            stop += 1
        self._ends[start:stop] = [end]
        self._places[start:stop] = [place]

    def first(self, end: Night) -> int | None:
        """The first of those that end at *end* or before."""
        before = bisect_right(self._ends, end)
        return self._places[before - 1] if before else None


def _first_echoes(claims: Sequence[Claim]) -> dict[Night, int]:
    """The place of the first claim that repeats each night otherwise than by our own UID."""
    found: dict[Night, int] = {}
    seen = EMPTY
    for place, claim in enumerate(claims):
        more = (claim.echoes - claim.under(Rule.OWN_UID)) - seen
        if more:
            found.update(dict.fromkeys(more, place))
            seen |= more
    return found
