"""How a claim that begins is judged, and when an event is one that was there before.

All that a verdict may depend on is in :class:`Circumstances`: above all which of our feeds the portal had last fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from icalsyncd.availability.calendar import Event, Kind
from icalsyncd.availability.claims import ECHOES, Claim, Rule, merged, reuse_stay
from icalsyncd.availability.nights import EMPTY, Night, Nights, Stay, horizon, intersection, union
from icalsyncd.availability.stamps import Moment


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What was so when a portal's claims began."""

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
    others: Nights
    """What the other syncs of the accommodation claim, or this one has claimed lately, if that was in doubt."""
    held: Nights
    """Of which another sync is an origin, or the host; echoes that stand in are none."""
    initial: bool
    padding: int
    unseen: bool
    """Nobody sees whether the portal fetches its feeds: all that it claims is in doubt, and most of it an echo."""


def circumstances(
    *,
    now: Moment,
    in_force: tuple[Nights, ...],
    before: Nights,
    present: Nights,
    ended: tuple[Claim, ...],
    others: Nights,
    held: Nights,
    initial: bool,
    padding: int,
    unseen: bool,
) -> Circumstances:
    """What is so when *present* is claimed after *before*.

    *unseen*: nobody saw whether the portal fetched any of the feeds *in_force*, so that all of them are in doubt.
    """
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
        others,
        held,
        initial,
        padding,
        unseen,
    )


def begin(event: Event, own: Nights, at: Circumstances) -> Claim:
    """Judge a claim that begins; *own* are the nights that we put under the event's UID."""
    stay, kind = reuse_stay(event.check_in, event.check_out), event.kind
    nights = Nights.between(*stay)
    ours = nights & own
    rest = nights - ours
    made = Claim(stay, kind, at.now, (), initial=at.initial)
    if kind is Kind.RESERVATION:
        verdicts = merged(((Rule.OWN_UID, ours), (Rule.RESERVATION, rest)))
        return replace(made, verdicts=verdicts, contested=rest & at.others)
    made = _judged(made, rest, at)
    return replace(made, verdicts=merged(((Rule.OWN_UID, ours), *made.verdicts)))


def _judged(made: Claim, nights: Nights, at: Circumstances) -> Claim:
    stay = made.stay
    if at.padding and any(_pads(stay, run, at.padding) for feed in at.in_force for run in feed.stays()):
        return replace(made, verdicts=((Rule.PADDED, nights),))
    carried, former = _carried(made, nights, at)
    kept = carried.nights
    fresh = nights - former
    runs = (*at.appeared.stays(), stay)
    exact = Nights.of_stays(run for run in runs if run in at.runs_told)
    told = (nights & at.surely_told) - kept
    doubted = (nights & at.maybe_told) - kept
    matched = doubted & exact
    genuine = nights - told - matched - kept
    verdicts = merged(
        (
            *carried.verdicts,
            (Rule.TOLD, told),
            (Rule.MATCHED, matched),
            (Rule.MISMATCHED, doubted - matched),
            (Rule.UNTOLD, genuine - doubted),
        )
    )
    alike = [claim for claim in at.ended if claim.kind is made.kind]
    certain = union(claim.genuine - claim.contested for claim in alike)
    was_genuine = union(claim.genuine for claim in alike)
    was_plain = union(claim.echoes - claim.doubtful for claim in alike)
    # doubt must not spread: what appears because an echo in doubt stands in is a plain echo of that
    doubtful = ((EMPTY if at.unseen else matched) | (told - exact - was_plain)) & at.held
    return replace(
        made,
        verdicts=verdicts,
        contested=carried.contested | ((genuine & at.others) - certain),
        grown=carried.grown | _grown(stay, fresh & genuine, at) | (genuine & union(claim.grown for claim in alike)),
        doubtful=carried.doubtful | doubtful | (told & was_genuine),
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
    for claim in at.ended:
        if claim.kind is not made.kind or claim.nights.isdisjoint(whole):
            continue
        genuine = claim.genuine
        # what bore our UID is none of the portal's own, nor need be what is left of a booking that is not in it whole
        former |= ((claim.echoes - claim.under(Rule.OWN_UID)) | (genuine if genuine <= whole else EMPTY)) & whole
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


def _pads(stay: Stay, run: Stay, padding: int) -> bool:
    return (
        stay.check_in <= run.check_in <= stay.check_in + padding
        and stay.check_out - padding <= run.check_out <= stay.check_out
    )


def _grown(stay: Stay, fresh: Nights, at: Circumstances) -> Nights:
    """Those of the nights *fresh* that came with a run which the portal was told, or stand on both sides of one."""
    if not fresh:
        return EMPTY
    for run in _runs(at):
        if stay.check_in > run.check_in or stay.check_out < run.check_out:
            continue
        both_sides = fresh.until(run.check_in) and fresh.since(run.check_out)
        if both_sides or not at.appeared.isdisjoint(Nights.between(*run)):
            return fresh
    return EMPTY


def _runs(at: Circumstances) -> Iterator[Stay]:
    for feed in at.in_force:
        yield from feed.stays()


def edge_of(today: Night) -> Night:
    """An event that ends here or later on *today* may end at the horizon, and there its end moves with the days."""
    return horizon(today).check_out - 8


def goes_on(claim: Claim, event: Event, own: Nights, today: Night, edge: Night) -> bool:
    """Whether *event* is what *claim* was made of.

    That is: the same kind, ours or not as before, and the same nights or the same less those that have passed, since
    portals clip what runs to today or a day or two before. An end at the horizon moves with it.
    """
    stay, now = claim.stay, event.stay
    if claim.kind is not event.kind:
        return False
    if stay.check_in != now.check_in and (stay.check_in > today or now.check_in > today):
        return False
    if stay.check_out != now.check_out and (stay.check_out < edge or now.check_out < edge):
        return False
    return any(rule is Rule.OWN_UID for rule, _ in claim.verdicts) is not own.isdisjoint(Nights.between(*now))
