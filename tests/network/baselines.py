"""What is usually done instead: a plain merge of all calendars, and the same with split horizon."""

from __future__ import annotations

from dataclasses import dataclass, field

from icalsyncd.availability.admission import SUSPICIOUS_NIGHTS, SUSPICIOUS_SHARE
from icalsyncd.calendars.calendar import Event, nights_in
from icalsyncd.calendars.nights import EMPTY, Nights, union
from tests.network.portals import today


@dataclass(slots=True)
class Merge:
    """A plain merge: every portal is told all nights that any portal claims; or, with split horizon, any other portal."""

    names: tuple[str, ...]
    split_horizon: bool
    claims: dict[str, Nights] = field(default_factory=dict)
    told_last: dict[str, Nights] = field(default_factory=dict)

    def take(self, name: str, events: tuple[Event, ...] | None, now: float, *, whole: bool) -> bool:
        if events is None:
            return True
        here = nights_in(events)
        before = self.claims.get(name, EMPTY)
        suspicious = len(before - here) >= SUSPICIOUS_NIGHTS and len(before - here) >= SUSPICIOUS_SHARE * len(before)
        self.claims[name] = here if whole and not suspicious else here | before
        return whole and not suspicious

    def feed(self, name: str) -> Nights:
        return union(nights for other, nights in self.claims.items() if not self.split_horizon or other != name)

    def is_complete(self) -> bool:
        return len(self.claims) == len(self.names)

    def published(self, name: str, nights: Nights, now: float) -> None:
        pass

    def telling(self, name: str, nights: Nights) -> None:
        pass

    def told(self, name: str, nights: Nights, now: float, *, looked: bool, agent: str = "") -> None:
        self.told_last[name] = nights

    def differs(self, name: str) -> bool:
        return self.told_last.get(name) != self.feed(name)

    def tick(self, now: float) -> None:
        self.claims = {name: nights.since(today(now) - 1) for name, nights in self.claims.items()}

    def restart(self, now: float) -> None:
        self.tick(now)

    def forget(self, now: float) -> None:
        self.claims.clear()

    def shown(self) -> tuple[Nights, Nights]:
        return EMPTY, EMPTY

    def doubted(self) -> Nights:
        return EMPTY
