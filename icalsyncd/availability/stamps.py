"""Nights, each with the moment at which something became true of it: offered, told, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from icalsyncd.calendars.nights import Night, Nights, each_without, union

Moment: TypeAlias = float
"""Seconds since 1970-01-01 00:00 UTC, by the believed clock."""
DAY: Final = 86400.0
"""Seconds."""


@dataclass(frozen=True)
class Stamps:
    """Disjoint sets of nights, each under the moment since which something holds for them, oldest first."""

    entries: tuple[tuple[Moment, Nights], ...] = ()

    @cached_property
    def nights(self) -> Nights:
        """All nights that are stamped."""
        return union(nights for _, nights in self.entries)

    def __iter__(self) -> Iterator[tuple[Moment, Nights]]:
        return iter(self.entries)

    def at(self, night: Night) -> Moment | None:
        """Since when it holds for *night*; None where it does not."""
        return next((moment for moment, nights in self.entries if night in nights), None)

    def only(self, nights: Nights) -> Stamps:
        """Without the nights that are not in *nights*."""
        gone = self.nights - nights
        return self._with(tuple(each_without(self.entries, gone)), self.nights - gone) if gone else self

    def holding(self, nights: Nights, now: Moment) -> Stamps:
        """Exactly *nights*: those that were stamped keep their moment, the others get *now*."""
        kept = self.only(nights)
        fresh = nights - kept.nights
        return self._with((*kept.entries, (now, fresh)), nights) if fresh else kept

    @classmethod
    def _with(cls, entries: tuple[tuple[Moment, Nights], ...], nights: Nights) -> Stamps:
        """With *entries*, which come to *nights*: these need not be reckoned again."""
        made = cls(entries)
        made.__dict__["nights"] = nights
        return made

    def since(self, moment: Moment) -> Stamps:
        """Without the nights for which it has held since before *moment*."""
        kept = tuple(entry for entry in self.entries if entry[0] >= moment)
        return self if len(kept) == len(self.entries) else Stamps(kept)

    def by(self, moment: Moment) -> Nights:
        """The nights for which it has held since *moment* or longer."""
        return union(nights for since, nights in self.entries if since <= moment)


NONE: Final = Stamps()
