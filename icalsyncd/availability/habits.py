"""What was learned of one portal from what it was told and what came back: how often it reads, how long it takes to act,
what it makes of what it imports, whether it lets go of that again, and whether its copies go back to older ones.

    read ──▶ what is new to it, and what it is to drop
    seen ──▶ what came of that

All of it is bounded, and the prior is what the profile says. A lag that is longer, a second copy that is waited for and an
event that is what the portal always makes of a run that it was told: none of these makes an origin of what was none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from icalsyncd.availability.claims import ECHOES, PROOFS, Claim, Rule
from icalsyncd.availability.stamps import NONE, Moment, Stamps
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay

if TYPE_CHECKING:
    from icalsyncd.availability.ledger import SyncLedger

KEPT: Final = 16
"""Observations of one kind that are kept, the latest."""
DAY: Final = 86400.0
LONGEST_LAG: Final = 2 * DAY
"""What takes longer has another cause."""
MARGIN: Final = 1.25
"""The lag by which is judged, against the longest that was seen."""
FORGOTTEN: Final = 3 * DAY
"""Seconds after which what was told is no longer expected to come back, and what vanished not either."""
REACH: Final = 2
"""Nights by which the start and the end of what comes back may differ from what was told, to be taken for it."""
LIKE: Final = 4
"""So many of what came back must have been changed alike, and three of four of them all."""
UNDROPPED: Final = 3
"""So many withdrawals, and none since that it let go of, make a portal sticky."""
BACK: Final = 3
"""So many stays that vanished and came back, and one of four of all that vanished, make its copies go back."""
SOON: Final = DAY / 2
"""Seconds within which a stay that vanished comes back where an older copy was shown."""

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
_CHANGEABLE: Final = frozenset({Rule.UNTOLD, Rule.MISMATCHED, Rule.OUTLIVED, Rule.TOLD, Rule.MATCHED})


def after_telling(sync: SyncLedger, nights: Nights, now: Moment) -> Habits:
    """What is known of *sync*'s portal after it has read a feed that holds *nights*."""
    habits = sync.habits
    if sync.last_fetch is not None:
        habits = replace(habits, gaps=(*habits.gaps, now - sync.last_fetch)[-KEPT:])
    return after_publishing(replace(sync, habits=habits), nights, now)


def after_publishing(sync: SyncLedger, nights: Nights, now: Moment) -> Habits:
    """The same after that feed was put where the portal reads it unseen: what it takes to read it is in what it takes to
    act on it."""
    habits, told = sync.habits, sync.last_told
    if told == nights:
        return habits
    gone = ((told - nights) & sync.summed.echoes) - sync.proven
    before = set(told.stays())
    fresh = [(run, now) for run in nights.stays() if run not in before]
    still = set(nights.stays())
    lately = habits.told_lately.since(now - sync.delay)
    return replace(
        habits,
        awaited=(*(each for each in habits.awaited if each[0] in still), *fresh)[-KEPT:],
        undropped=_stamped(habits.undropped, gone, now),
        told_lately=lately.holding((lately.nights | told) - nights, now),
    )


def after_copy(
    sync: SyncLedger, events: Sequence[Event], *, began: Moment, now: Moment, today: Night, lacking: Nights
) -> Habits:
    """What is known of *sync*'s portal after a good copy with *events*, pulled from *began* on.

    *lacking* are the nights of its own that the copy lacks.
    """
    habits = sync.habits
    # behind a booking of its own nobody sees whether it let go of what it was told
    behind = sync.summed.under(Rule.UNTOLD, *PROOFS)
    waited_for = habits.undropped.only(habits.undropped.nights - behind)
    present = Nights.of_stays(event.stay for event in events)
    gone = [(since, nights) for since, nights in waited_for if since <= began and nights - present]
    drops = [
        now - since for since, nights in gone if (nights - present).since(today + 1) and now - since <= LONGEST_LAG
    ]
    undropped = Stamps(
        tuple(
            (since, left)
            for since, nights in waited_for
            if (left := (nights & present if since <= began else nights).since(today + 1))
        )
    )
    habits = replace(
        habits,
        undropped=undropped,
        drops=(*habits.drops, *drops)[-KEPT:],
        dropped_at=now if drops else habits.dropped_at,
        lacked=lacking if habits.goes_back else EMPTY,
    )
    return _returned(
        _shown(habits, sync, events, began=began, now=now, today=today), sync, events, now=now, today=today
    )


def is_sticky(sync: SyncLedger) -> bool:
    """Whether *sync*'s portal never opens again what it has imported, as far as its last copy tells: of all that it has had
    ample time to drop it has dropped nothing."""
    if sync.pulled_at is None:
        return False
    habits, told = sync.habits, sync.last_told
    ample = sync.pulled_at - max(2 * sync.delay, DAY)
    kept = (nights - told for since, nights in habits.undropped if habits.dropped_at < since <= ample)
    return sum(len(nights.stays()) for nights in kept) >= UNDROPPED


def rejudged(sync: SyncLedger) -> SyncLedger:
    """*sync* where what began before it was known what its portal makes of all that it is told is judged by that as well.

    Only what began after its portal had read the run that it was made of, and while it is still told that.
    """
    told, change = sync.told, sync.habits.change
    if told is None or change is None:
        return sync
    runs = {Stay(run.check_in + change[0], run.check_out + change[1]): run for run in told.nights.stays()}
    alike = Counter(claim.stay for claim in sync.claims)
    claims: list[Claim] = []
    for claim in sync.claims:
        # of two that are just alike one may be the portal's own
        run = runs.get(claim.stay) if alike[claim.stay] == 1 else None
        if run is not None and _may_be_changed(claim) and Nights.between(*run) <= told.by(claim.began):
            claim = replace(
                claim, verdicts=((Rule.PADDED, claim.nights),), contested=EMPTY, grown=EMPTY, doubtful=EMPTY
            )
        claims.append(claim)
    return sync if tuple(claims) == tuple(sync.claims) else replace(sync, claims=tuple(claims))


def _may_be_changed(claim: Claim) -> bool:
    judged = {rule for rule, _ in claim.verdicts}
    return judged <= _CHANGEABLE and not judged <= ECHOES


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


def _stamped(stamps: Stamps, nights: Nights, now: Moment) -> Stamps:
    kept = stamps.only(stamps.nights - nights)
    return Stamps((*kept.entries, (now, nights))[-KEPT:]) if nights else kept


def _shown(
    habits: Habits, sync: SyncLedger, events: Sequence[Event], *, began: Moment, now: Moment, today: Night
) -> Habits:
    """What came back of the runs that it was told."""
    if not habits.awaited:
        return habits
    known = {claim.stay for claim in sync.claims}
    fresh = [event.stay for event in events if event.kind is not Kind.RESERVATION and event.stay not in known]
    left: list[tuple[Stay, Moment]] = []
    shows, changes, forms = list(habits.shows), list(habits.changes), list(habits.forms)
    for run, told in habits.awaited:
        if told > began or run.check_in <= today + 1 + REACH or now - told > FORGOTTEN:
            left += [(run, told)] if told > began else []
            continue
        near = [stay for stay in fresh if _is_near(stay, run)]
        form = "whole" if near else _form(fresh, run)
        if not form:
            left.append((run, told))
            continue
        if len(near) == 1:
            changes.append((near[0].check_in - run.check_in, near[0].check_out - run.check_out))
        forms.append(form)
        shows.append(now - told)
    return replace(
        habits,
        awaited=tuple(left),
        shows=tuple(shows[-KEPT:]),
        changes=tuple(changes[-KEPT:]),
        forms=tuple(forms[-KEPT:]),
    )


def _is_near(stay: Stay, run: Stay) -> bool:
    moved = abs(stay.check_in - run.check_in) <= REACH and abs(stay.check_out - run.check_out) <= REACH
    return moved and stay.check_in < run.check_out and run.check_in < stay.check_out


def _form(fresh: Sequence[Stay], run: Stay) -> str:
    """How *run* came back in events that are not nearly it; empty where it has not."""
    inside = [stay for stay in fresh if run.check_in <= stay.check_in and stay.check_out <= run.check_out]
    if len(Nights.of_stays(inside)) == run.check_out - run.check_in:
        return "by night" if all(stay.check_out - stay.check_in == 1 for stay in inside) else "by month"
    return "merged" if any(stay.check_in <= run.check_in and run.check_out <= stay.check_out for stay in fresh) else ""


def _returned(habits: Habits, sync: SyncLedger, events: Sequence[Event], *, now: Moment, today: Night) -> Habits:
    """Which of its own stays have vanished, and which of those came back."""
    stays = {event.stay for event in events}
    vanished: list[tuple[Stay, Moment]] = []
    came_back = list(habits.came_back)
    for stay, at in habits.vanished:
        if stay in stays or now - at > SOON:
            came_back.append(stay in stays)
        else:
            vanished.append((stay, at))
    known = {stay for stay, _ in vanished} | stays
    gone = dict.fromkeys(
        claim.stay
        for claim in sync.claims
        if claim.stay not in known
        and claim.stay.check_in > today
        and claim.genuine == claim.nights
        and len(claim.nights) == claim.stay.check_out - claim.stay.check_in
    )
    vanished += [(stay, now) for stay in gone]
    return replace(habits, vanished=tuple(vanished[-KEPT:]), came_back=tuple(came_back[-KEPT:]))
