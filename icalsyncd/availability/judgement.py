"""How a claim that begins is judged, and when an event is one that was there before.

All that a verdict may depend on is in :class:`Circumstances`: above all which of our feeds the portal had last fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from icalsyncd.availability.claims import ECHOES, Claim, Rule, merged, reuse_stay
from icalsyncd.availability.ended import Ended
from icalsyncd.availability.habits import Change
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.runs import Runs
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, horizon, intersection, union

Identity: TypeAlias = tuple[Night, Night, Kind, bool]


@dataclass(frozen=True)
class Circumstances:
    """What was so when a portal's claims began.

    What it comes to for all of them is reckoned once: a calendar may have thousands that begin.
    """

    now: Moment
    in_force: tuple[Nights, ...]
    """The feeds of which each may have been the portal's last fetched one when the claims began; empty: it had none."""
    surely_told: Nights
    """Held by every feed that may have been in force."""
    maybe_told: Nights
    """Held by some of them, but not by all."""
    runs_told: frozenset[Stay]
    """Each run of nights in one of them, each that one has and another has not, and what is left of either without the
    nights that the portal claimed before."""
    appeared: Nights
    """What this copy claims and the one before it did not."""
    ended: tuple[Claim, ...]
    """The claims that went on no longer in this copy."""
    begun: frozenset[Stay]
    """The stays of all events that may be judged under these circumstances."""
    others: Nights
    """What the other syncs of the accommodation claim, or this one has claimed lately, if that was in doubt."""
    held: Nights
    """Of which another sync is an origin, or the host; echoes that stand in are none."""
    initial: bool
    padding: int
    unseen: bool
    """Nobody sees whether the portal fetches its feeds: all that it claims is in doubt, and most of it an echo."""
    change: Change | None = None
    """What the portal was always seen to make of a run that it was told, where it shows that otherwise."""

    def ended_of(self, kind: Kind) -> Ended:
        """The claims of *kind* that went on no longer."""
        return self._ended[kind]

    @cached_property
    def _ended(self) -> dict[Kind, Ended]:
        return {kind: Ended([claim for claim in self.ended if claim.kind is kind], self.begun) for kind in Kind}

    @cached_property
    def own_before(self) -> Nights:
        """What the portal had as its own in claims that ended, so that no other event of the copy shows it."""
        return union(claim.genuine for claim in self.ended)

    @cached_property
    def appeared_as_told(self) -> Nights:
        """The runs that appeared and are one of those that the portal was told."""
        return Nights.of_stays(run for run in self.appeared.stays() if run in self.runs_told)

    @cached_property
    def changed_runs(self) -> frozenset[Stay]:
        """The runs of these feeds as the portal shows them, if it always changes them alike."""
        if self.change is None:
            return frozenset()
        first, last = self.change
        return frozenset(
            Stay(run.check_in + first, run.check_out + last) for feed in self.in_force for run in feed.stays()
        )

    @cached_property
    def runs_in_force(self) -> Runs:
        """The runs of the feeds that may have been in force."""
        return Runs(run for feed in self.in_force for run in feed.stays())

    @cached_property
    def runs_appearing(self) -> Runs:
        """Those of them of which a night appeared."""
        runs = {run for feed in self.in_force for run in feed.stays()}
        return Runs(run for run in runs if not self.appeared.isdisjoint(Nights.between(*run)))


def circumstances(
    sync: SyncLedger,
    *,
    now: Moment,
    in_force: tuple[Nights, ...],
    present: Nights,
    ended: tuple[Claim, ...],
    begun: frozenset[Stay],
    others: Nights,
    held: Nights,
) -> Circumstances:
    """What is so when the portal of *sync* claims *present*.

    Where its feeds are published, nobody saw whether it fetched any of those *in_force*, so that all of them are in doubt.
    """
    # what was kept though the last copy lacked it appears where this one shows it
    unseen, before = bool(sync.published), sync.claimed - sync.retained
    whole = union(in_force)
    sure = EMPTY if unseen or not in_force else intersection(in_force)
    runs = {run for feed in in_force for run in (*feed.stays(), *(feed - before).stays())}
    for feed in in_force:
        for other in in_force:
            if feed is not other:
                runs.update((feed - other).stays())
    return Circumstances(
        now,
        in_force,
        sure,
        whole - sure,
        frozenset(runs),
        present - before,
        ended,
        begun,
        others,
        held,
        sync.pulled_at is None or sync.unsure_since is not None,
        sync.channel.padding,
        unseen,
        sync.habits.change,
    )


def begin(event: Event, own: Nights, at: Circumstances) -> Claim:
    """Judge a claim that begins; *own* are the nights that we put under the event's UID."""
    stay, kind = reuse_stay(event.check_in, event.check_out), event.kind
    nights = Nights.between(*stay)
    ours = nights & own
    made = Claim(stay, kind, at.now, (), initial=at.initial)
    if ours and (known := ours & at.own_before):
        # a portal may show a booking of its own under the UID of what it imported beside it: we know that it had one
        ours -= known
        began = min(claim.began for claim in at.ended if not claim.genuine.isdisjoint(known))
        made = replace(made, began=began)
    rest = nights - ours
    if kind is Kind.RESERVATION:
        verdicts = merged(((Rule.OWN_UID, ours), (Rule.RESERVATION, rest)))
        return replace(made, verdicts=verdicts, contested=rest & at.others)
    made = _judged(made, rest, at)
    return replace(made, verdicts=merged(((Rule.OWN_UID, ours), *made.verdicts)))


def _judged(made: Claim, nights: Nights, at: Circumstances) -> Claim:
    stay = made.stay
    if stay in at.changed_runs or (at.padding and _pads(stay, at)):
        return replace(made, verdicts=((Rule.PADDED, nights),))
    carried, former = _carried(made, nights, at)
    kept = carried.nights
    fresh = nights - former
    exact = at.appeared_as_told | (Nights.between(*stay) if stay in at.runs_told else EMPTY)
    told = (nights & at.surely_told) - kept
    doubted = (nights & at.maybe_told) - kept
    matched = doubted & exact
    genuine = nights - told - matched - kept
    alike = at.ended_of(made.kind)
    # whoever shows neighbouring nights as one event may have in it still what it had
    was_own = told & alike.was_own
    verdicts = merged(
        (
            *carried.verdicts,
            (Rule.TOLD, told - was_own),
            (Rule.WAS_OWN, was_own),
            (Rule.MATCHED, matched),
            (Rule.MISMATCHED, doubted - matched),
            (Rule.UNTOLD, genuine - doubted),
        )
    )
    # doubt must not spread: what appears because an echo in doubt stands in is a plain echo of that
    doubtful = ((EMPTY if at.unseen else matched) | (told - exact - alike.plain_echoes)) & at.held
    return replace(
        made,
        verdicts=verdicts,
        contested=carried.contested | ((genuine & at.others) - alike.certain),
        grown=carried.grown | _grown(stay, fresh & genuine, at) | (genuine & alike.grown),
        doubtful=carried.doubtful | doubtful | was_own,
    )


def _carried(made: Claim, nights: Nights, at: Circumstances) -> tuple[Claim, Nights]:
    """What goes over to a claim from those that it took the place of, and the nights that they claimed.

    A portal that shows neighbouring nights as one event changes that event with every neighbour. A booking is taken to be
    in it still where all its nights are, though the portal was told some of them: whoever cancels must not open a night
    that the other has. An echo is still one where the event holds nothing new, though the portal has been told that the
    night is free and has yet to drop it, and where it is not known what the portal has been told last.
    """
    former = EMPTY
    verdicts: list[tuple[Rule, Nights]] = []
    contested = grown = doubtful = EMPTY
    whole = Nights.between(*made.stay)
    maybe = at.surely_told | at.maybe_told
    nothing_new = at.appeared.isdisjoint(whole)
    taken = EMPTY
    for claim in at.ended_of(made.kind).beneath(made.stay):
        genuine = claim.genuine
        # an echo was none of the portal's own, nor need be what is left of a booking that is not in it whole
        if genuine <= whole:
            former |= genuine
        if genuine & maybe and genuine <= whole:
            kept = (genuine & maybe & nights) - taken
            verdicts += [(rule, held & kept) for rule, held in claim.verdicts if rule not in ECHOES]
            contested |= claim.contested & kept
            grown |= claim.grown & kept
            taken |= kept
        late = (claim.echoes & nights) - claim.under(Rule.OWN_UID) - at.surely_told - taken
        if not nothing_new:
            late &= at.maybe_told
        verdicts += [(rule, held & late) for rule, held in claim.verdicts if rule in ECHOES]
        doubtful |= late
        taken |= late
    return replace(made, verdicts=merged(verdicts), contested=contested, grown=grown, doubtful=doubtful), former


def _pads(stay: Stay, at: Circumstances) -> bool:
    """Whether *stay* is a run that the portal may have been told, with the nights that it adds around it."""
    return at.runs_in_force.has_padded(stay, at.padding)


def _grown(stay: Stay, fresh: Nights, at: Circumstances) -> Nights:
    """Those of the nights *fresh* that came with a run which the portal was told, or stand on both sides of one."""
    if not fresh:
        return EMPTY
    first, end = fresh.hull
    both_sides = at.runs_in_force.has_within(max(stay.check_in, first + 1), min(stay.check_out, end - 1))
    return fresh if both_sides or at.runs_appearing.has_within(*stay) else EMPTY


def edge_of(today: Night) -> Night:
    """An event that ends here or later on *today* may end at the horizon, and there its end moves with the days."""
    return horizon(today).check_out - 8


def identity_of(stay: Stay, kind: Kind, *, is_ours: bool, today: Night, edge: Night) -> Identity:
    """What a claim and the event that it goes on in have in common.

    That is: the same kind, ours or not as before, and the same nights or the same less those that have passed, since
    portals clip what runs to today or a day or two before. An end at the horizon moves with it.
    """
    return max(stay[0], today), min(stay[1], edge), kind, is_ours
