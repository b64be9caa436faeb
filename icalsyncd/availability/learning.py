"""How a portal's ways (:mod:`habits`) are learned, from what it was told and what came back.

read ──▶ what is new to it, and what it is to drop
seen ──▶ what came of that
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from icalsyncd.availability.claims import ECHOES, PROOFS, Claim, Rule
from icalsyncd.availability.habits import KEPT, LONGEST_LAG, Habits
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.stamps import DAY, Moment, Stamps
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay

FORGOTTEN: Final = 3 * DAY
"""Seconds after which what was told is no longer expected to come back, and what vanished not either."""
REACH: Final = 2
"""Nights by which the start and the end of what comes back may differ from what was told, to be taken for it."""
UNDROPPED: Final = 3
"""So many withdrawals, and none since that it let go of, make a portal sticky."""
SOON: Final = DAY / 2
"""Seconds within which a stay that vanished comes back where an older copy was shown."""
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
