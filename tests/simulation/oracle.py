"""The oracle: what must hold after every step, by what the portals and the host really did and by the public rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.calendars import Night, nights
from tests.simulation.household import Household, SyncPlan
from tests.simulation.knowledge import SETTLED, SETTLING, Known
from tests.simulation.manners import SOON, Manners
from tests.simulation.portal import Answer, Portal
from tests.simulation.removal import Delays
from tests.simulation.world import DAY, EPOCH, HOUR, World

UNSETTLED = 6.0
"""Seconds after a save in which it may be taken over at any moment."""
FIRST_DAY = int(EPOCH // DAY) + 719163
AHEAD = 300
"""Days ahead that are looked at."""
UNSEEN = 1e18
"""Since when what was saved while nobody looked counts: since the daemon has begun to look again."""
Place = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: str
    at: float
    detail: str


@dataclass
class Oracle:
    """Sees all that passes outside of the daemon, and judges what the daemon says."""

    world: World
    household: Household
    is_up: Callable[[], bool]
    findings: list[Finding] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    leaving: dict[str, tuple[Place, float]] = field(default_factory=dict)
    """Syncs that left the config, by their first names: where they were, and until when they stay as they were."""
    kept: dict[str | tuple[str, Night], float] = field(default_factory=dict)
    """Until when something of a sync that left, or a night that was blocked, may be kept, whatever the host said to a daemon
    that may not have heard it."""
    blocks: dict[str, dict[Night, float]] = field(default_factory=dict)
    """Nights of the host's blocks, by accommodation, each since when it is surely closed."""
    ever_blocked: dict[str, set[Night]] = field(default_factory=dict)
    saves: list[float] = field(default_factory=list)
    changed: dict[str, float] = field(default_factory=dict)
    """When the host last said something else of a sync, or of its portal."""
    broken_at: float = 0.0
    """When the daemon was last killed, stopped or put to sleep."""
    ended_at: float = 0.0
    """When it was last killed or stopped: a sleep loses nothing."""
    disk_well_since: float | None = 0.0
    stored_until: float = 0.0
    """What was known by then is on the disk, however the daemon ends."""
    delays: Delays = field(default_factory=Delays)
    served: set[str] = field(default_factory=set)
    """Accommodations whose feeds were told while the disk was well: they are complete for good."""
    clock_touched: float = -1e18
    """When somebody last set the clock."""
    fetched_at: dict[str, float] = field(default_factory=dict)
    resumed: set[str] = field(default_factory=set)
    """Syncs that the daemon surely saw paused before they took part again."""
    begun = 0.0
    """When the first config was written."""
    first = FIRST_DAY
    """The day on which histories begin."""

    def __post_init__(self) -> None:
        self.disk_well_since = self.begun = self.world.now
        self.manners = Manners(self)

    # what is found

    def find(self, kind: str, detail: str) -> None:
        """Note that something is wrong; of each kind the first few are kept."""
        self.world.note(f"!! {kind}: {detail}")
        if sum(each.kind == kind for each in self.findings) < 3:
            self.findings.append(Finding(kind, self.world.now, detail))

    # what happens

    def place_of(self, portal: Portal) -> Place | None:
        """The sync of *portal* in the config that the host wants."""
        return next((place for place, sync in self.household.syncs().items() if sync.portal is portal), None)

    def plan_of(self, portal: Portal) -> SyncPlan | None:
        place = self.place_of(portal)
        return self.household.syncs()[place] if place else None

    def knows(self, plan: SyncPlan) -> Known:
        return self.known.setdefault(plan.first_name, Known())

    def today(self) -> Night:
        return int(self.world.now // DAY) + 719163

    def tried(self, portal: Portal) -> None:
        self.manners.tried(portal)

    def asked(self, answer: Answer) -> None:
        self.world.note(f"{answer.portal.key} asked{' conditionally' if answer.conditional else ''}")
        self.manners.asked(answer)

    def delivered(self, answer: Answer) -> None:
        self.world.note(f"{answer.portal.key} answered {answer.status}")
        self.manners.delivered(answer)
        now = self.world.now
        if answer.showing is not None and (heard := self.plan_of(answer.portal)) is not None:
            # what it frees may be free at once; what it closes is given its time
            self.knows(heard).free(answer.showing)
            self.knows(heard).delivered_at = now
            if answer.asked_at >= self.changed.get(heard.first_name, 0.0):
                self.knows(heard).answered = True

        def settled() -> None:
            plan = self.plan_of(answer.portal)
            if plan is None or answer.showing is None:
                if plan is not None:
                    self.knows(plan).failed_at = now
                return
            since = min(answer.asked_at - UNSETTLED, now)
            surely = not any(save >= since for save in self.saves) and self.broken_at < since and plan.receives
            surely = surely and self.changed.get(plan.first_name, 0.0) < since
            surely = surely and self.is_up()
            self.knows(plan).take(answer, now, surely=surely)
            if surely and self.disk_well_since is not None:
                answer.portal.seen(answer.asked_at)

        self.world.after(0.5, settled)

    def unreadable(self, portal: Portal, body: bytes) -> None:
        self.find("unreadable feed", f"{portal.key}: {body[:200]!r}")

    def fetched(self, portal: Portal, asked_at: float, status: int | None, told: frozenset[Night] | None) -> None:
        self.world.note(f"{portal.key} read its feed: {status} {_spans(told)}")
        plan, place = self.plan_of(portal), self.place_of(portal)
        if told is None or plan is None or place is None:
            return
        self.fetched_at[portal.key] = self.world.now
        self.manners.fetched(portal)
        self.judge(place, told, asked_at, "was told")
        self.judge_ready(place, "was told")
        for house, name in self.household.syncs():
            if house == place[0] and name != place[1]:
                known = self.knows(self.household.syncs()[house, name])
                known.told |= known.sold.keys() & told
        if not plan.paused and self.disk_well_since is not None and self.disk_well_since < asked_at - 60:
            self.served.add(place[0])

    # what the host does

    def saved(self, household: Household | None) -> None:
        """The host saved the config; None: only a part of it, or something that is none."""
        now = self.world.now
        self.saves.append(now)
        self.saves = self.saves[-50:]
        self.manners.saved()
        if household is None:
            if self.household.removal_delay < 10:
                # nothing protects a half-written file then, and the host said so
                for known in self.known.values():
                    known.forget()
                self.blocks.clear()
                self.manners.forgotten()
            self.delays.say(self.household.removal_delay, now)
            return
        before, self.household = self.household, household
        self.delays.say(household.removal_delay, now)
        # a longer delay counts at once, for what is leaving already, too
        longer = max(0.0, household.removal_delay - before.removal_delay)
        self.kept = {name: until + longer if until > now else until for name, until in self.kept.items()}
        self._blocks(before, household)
        old = {sync.first_name: (place, sync) for place, sync in before.syncs().items()}
        new = {sync.first_name: (place, sync) for place, sync in household.syncs().items()}
        for name, (place, sync) in old.items():
            if name not in new:
                self.leaving[name] = place, now + before.removal_delay
                self.kept[name] = now + max(before.removal_delay, self.delays.longest(now))
            elif new[name][1].paused and not sync.paused:
                self.known[name] = Known(ever=self.known.get(name, Known()).ever)
                self.resumed.discard(name)
            elif sync.paused and not new[name][1].paused and self.manners.has_seen(self.changed.get(name, 0.0)):
                self.resumed.add(name)
        for name, (place, sync) in new.items():
            was, since = old.get(name), self.changed.get(name, 0.0)
            if was is not None and was[1] != sync:
                self.changed[name] = now
            if was is None:
                self.changed[name] = now
                back = name in self.leaving
                _, until = self.leaving.pop(name, (place, now))
                if until < now + 60:
                    self.known.pop(name, None)
                if back:
                    continue
            self.manners.planned(sync, None if was is None else was[1], since)

    def _blocks(self, before: Household, after: Household) -> None:
        now = self.world.now
        for house, plan in after.houses.items():
            wanted = nights(plan.blocks)
            held = self.blocks.setdefault(house, {})
            for night in wanted:
                held.setdefault(night, now + UNSETTLED if self.is_up() else UNSEEN)
            self.ever_blocked.setdefault(house, set()).update(wanted)
            # what was taken back before it was surely seen never counted
            for night in [each for each, since in held.items() if each not in wanted and since > now]:
                del held[night]
            gone = [night for night in held if night not in wanted]
            last = before.houses.get(house)
            for night in nights(last.blocks) - wanted if last is not None else ():
                self.kept.setdefault((house, night), now + self.delays.longest(now) + HOUR)
            for night in wanted:
                self.kept.pop((house, night), None)
            self.world.after(
                max(0.0, before.removal_delay - 30.0), lambda house=house, gone=gone: self._open(house, gone)
            )

    def _open(self, house: str, gone: list[Night]) -> None:
        wanted = nights(self.household.houses[house].blocks)
        for night in gone:
            if night not in wanted:
                self.blocks[house].pop(night, None)

    def accepted(self, house: str) -> None:
        """The host ended all waits of an accommodation."""
        for name, (place, _) in list(self.leaving.items()):
            if place[0] == house:
                del self.leaving[name]
                # should it come back, it begins anew
                self.known.pop(name, None)
        self._open(house, list(self.blocks.get(house, {})))

    def clock_set(self) -> None:
        """Somebody set the clock."""
        self.clock_touched = self.world.now
        self.manners.clock_set()
        # what waits to go may begin to wait anew, for as long as any delay that a host has here
        self.kept = {name: max(until, self.world.now + 7 * DAY) for name, until in self.kept.items()}
        for house in self.household.houses:
            # what waits to go may be over by the clock that is shown now
            self._open(house, list(self.blocks.get(house, {})))

    def interrupted(self) -> None:
        """The daemon was killed, stopped, started, or the machine slept or woke."""
        self.broken_at = self.world.now
        self.manners.interrupted()
        for held in self.blocks.values():
            held.update((night, self.world.now + SOON) for night, since in held.items() if since == UNSEEN)

    def looks_away(self) -> None:
        """The daemon sees nothing from now on, until :meth:`interrupted`: what was just saved it may not have seen."""
        for held in self.blocks.values():
            held.update((night, UNSEEN) for night, since in held.items() if since > self.world.now)

    def moved(self, name: str) -> None:
        """A sync is to be asked under another address."""
        self.changed[name] = self.world.now
        # an answer from the old one may have been taken
        self.resumed.discard(name)

    def killed(self, *, stopped: bool, noted: bool = True) -> None:
        """The daemon was killed, or *stopped* and ended without its last commit, but for what the reserve had room for.

        *noted*: each commit that the disk did not take had failed by then.
        """
        self.interrupted()
        self.ended_at = self.world.now
        until = self.world.now - SETTLED if self.disk_well_since is not None else self.stored_until
        for known in self.known.values():
            known.lost(until, stopped=stopped, noted=noted)

    def disk(self, *, well: bool) -> None:
        now, since = self.world.now, self.disk_well_since
        if since is not None and not well and now > since + SETTLED:
            self.stored_until = now - SETTLED
        self.disk_well_since = now if well else None

    # what the daemon says

    def judge(self, place: Place, told: frozenset[Night], asked_at: float, how: str) -> None:
        """Whether the feed of a sync that was asked for at *asked_at* may hold these nights."""
        plan = self.household.syncs().get(place)
        if plan is None or not plan.sends or self.changed.get(plan.first_name, 0.0) > asked_at - 60:
            return
        first, last = self.today() + 2, self.today() + AHEAD
        asked = self._all_asked(place[0])
        for name, known in self._beside(place).items():
            if not asked and (early := sorted(known.doubted & set(range(first, last)) - told)):
                self.find("open", f"{'/'.join(place)} {how}: {_spans(early)} open before {name} was asked again")
            missing = sorted(
                night
                for night, since in known.sold.items()
                if since + SETTLING <= asked_at and first <= night < last and night not in told
            )
            if missing:
                self.find("open", f"{'/'.join(place)} {how}: {_spans(missing)} open, booked at {name}")
        closed = self.blocks.get(place[0], {})
        missing = sorted(
            night
            for night, since in closed.items()
            if since <= asked_at and first <= night < last and night not in told
        )
        if missing:
            self.find("open block", f"{'/'.join(place)} {how}: {_spans(missing)}")
        self._judge_closed(place, told, how)

    def _all_asked(self, house: str) -> bool:
        """Whether each portal of *house* was asked since the start, or nobody has to wait for that any more."""
        since = self.ended_at
        portals = [sync.portal for (name, _), sync in self.household.syncs().items() if name == house and sync.receives]
        return self.world.now > since + 600.0 or all((self.manners.last_tried(each) or 0.0) > since for each in portals)

    def may_be_withheld(self, house: str) -> bool:
        """Whether there may be no feed of *house* yet: not each sync of it was heard, nor was any feed ever told."""
        if house in self.served:
            return False
        names = {
            sync.first_name for (name, _), sync in self.household.syncs().items() if name == house and sync.receives
        }
        names |= {name for name, (place, _) in self.leaving.items() if place[0] == house}
        return not all(name in self.known and self.known[name].answered for name in names)

    def judge_ready(self, place: Place, how: str) -> None:
        """Whether the feed of a sync that takes part may be told at all by now: not before all beside it were heard once."""
        plan = self.household.syncs().get(place)
        if plan is None or not plan.sends or not self.manners.ran_under(self.changed.get(plan.first_name, 0.0)):
            return
        for (house, name), sync in self.household.syncs().items():
            always = sync.receives and self.changed.get(sync.first_name) == self.begun
            if house == place[0] and always and not self.knows(sync).answered:
                self.find("told too soon", f"{'/'.join(place)} {how}, and {house}/{name} was never heard")

    def _judge_closed(self, place: Place, told: frozenset[Night], how: str) -> None:
        house = self.household.houses[place[0]]
        allowed = set(self.ever_blocked.get(place[0], ()))
        for sync in self._ever_beside(place):
            allowed |= sync
        if any(sync.portal.repeats != "nothing" for sync in house.syncs.values()):
            # what a portal repeats may stand in for a booking until it is seen to be none
            allowed |= self.household.syncs()[place].portal.ever_sold
        around = range(-max(house.before, house.after, 3), max(house.before, house.after, 3) + 1)
        if house.before or house.after:
            allowed = {night + step for night in allowed for step in around}
            own = self.household.syncs()[place].portal
            allowed |= {night + step for night in own.ever_sold for step in around}
        extra = sorted(night for night in told if night not in allowed and night >= self.today())
        if extra:
            self.find("ghost", f"{'/'.join(place)} {how}: {_spans(extra)} closed, and nobody else ever took them")

    def _ever_beside(self, place: Place) -> list[set[Night]]:
        plans = [plan for other, plan in self.household.syncs().items() if other[0] == place[0] and other != place]
        return [plan.portal.ever_sold for plan in plans] + [
            portal.ever_sold for name, portal in self.left.items() if name[0] == place[0]
        ]

    left: dict[Place, Portal] = field(default_factory=dict)
    """Portals of syncs that were removed."""

    def _beside(self, place: Place) -> dict[str, Known]:
        """What is known of the other syncs of the same accommodation, those that are leaving included."""
        now = self.world.now
        found = {
            sync.first_name: self.knows(sync)
            for other, sync in self.household.syncs().items()
            if other[0] == place[0] and other != place and sync.receives
        }
        for name, (where, until) in self.leaving.items():
            if where[0] == place[0] and where != place and now < until - 30 and self.clock_touched < until - 1e5:
                found[name] = self.known.get(name, Known())
        return found


def _spans(told: object) -> str:
    """Nights as runs, counted from the day on which histories begin."""
    if told is None:
        return "-"
    runs: list[list[int]] = []
    for night in sorted(told):  # type: ignore[call-overload]
        if runs and runs[-1][1] == night:
            runs[-1][1] += 1
        else:
            runs.append([night, night + 1])
    return "[" + " ".join(f"{first - FIRST_DAY}..{last - FIRST_DAY}" for first, last in runs) + "]"
