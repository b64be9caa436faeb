"""A host who edits the config while time passes, for the tests of what leaves and comes back."""

from __future__ import annotations

from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.offers import blocked, offers
from icalsyncd.availability.plan import Place, Plan, Seat
from icalsyncd.availability.roster import expire, expiries, reconcile
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay

TODAY = 740_000
DELAY = 1800.0
DAY = 86400.0
HOUSE = "casa"


def nights(*ranges: tuple[int, int]) -> Nights:
    return Nights.of_stays((TODAY + start, TODAY + end) for start, end in ranges)


def stay(start: int, end: int) -> Stay:
    return Stay(TODAY + start, TODAY + end)


def seat(
    calendar: str = "",
    *,
    receives: bool = True,
    sends: bool = True,
    paused: bool = False,
    was: str = "",
    generation: int = 1,
    portal: str = "portal",
) -> Seat:
    former: Place | None = (HOUSE, was) if was and "/" not in was else None
    if "/" in was:
        accommodation, _, name = was.partition("/")
        former = (accommodation, name)
    return Seat(Channel(portal, receives, sends), calendar if receives else "", paused, former, generation)


def plan(*blocks: Stay, before: int = 0, after: int = 0, **syncs: Seat) -> Plan:
    return Plan("Europe/Madrid", before, after, blocks, syncs)


class Host:
    """A host who edits the config while time passes."""

    def __init__(self, **plans: Plan) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self.now = 1e9
        self.write(**plans)

    def write(self, **plans: Plan) -> Host:
        today = dict.fromkeys(plans, TODAY)
        self.ledgers = reconcile(self.ledgers, plans, today=today, now=self.now)
        return self

    def wait(self, seconds: float) -> Host:
        """Time passes; what it changes is changed at its moment."""
        end = self.now + seconds
        while True:
            due = [moment for ledger in self.ledgers.values() for moment in expiries(ledger, DELAY)]
            assert all(moment > self.now for moment in due), "what is due was not done"
            self.now = min([*(moment for moment in due if moment <= end), end])
            self.ledgers = {name: expire(ledger, delay=DELAY, now=self.now) for name, ledger in self.ledgers.items()}
            if self.now == end:
                return self

    def shows(self, name: str, *ranges: tuple[int, int], house: str = HOUSE) -> Host:
        self.now += 60
        events = [Event(TODAY + start, TODAY + end, Kind.UNKNOWN, "") for start, end in ranges]
        self.ledgers[house] = pulled(
            self.ledgers[house], name, events, began=self.now, now=self.now, ours=lambda uid: EMPTY
        )
        return self

    def reads(self, name: str, house: str = HOUSE) -> Host:
        self.now += 60
        feed = self.offer(name, house)
        self.ledgers[house] = fetched(self.ledgers[house], name, feed, now=self.now, looked=True)
        return self

    def sync(self, name: str, house: str = HOUSE) -> SyncLedger:
        return self.ledgers[house].syncs[name]

    def names(self, house: str = HOUSE) -> set[str]:
        return set(self.ledgers[house].syncs)

    def offer(self, name: str, house: str = HOUSE) -> Nights:
        assert offers(self.ledgers[house])[name] == self.sync(name, house).offered.nights
        return self.sync(name, house).offered.nights

    def taken(self, house: str = HOUSE) -> Nights:
        return blocked(self.ledgers[house])


def two() -> Host:
    """Two portals, each with a booking, and a block."""
    host = Host(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    return host.shows("a", (10, 12)).shows("b", (20, 22)).reads("a").reads("b")
