"""The judgement without any index: each event is compared with each claim that has ended. Slow, and plainly what is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from icalsyncd.availability import judgement, succession
from icalsyncd.availability.claims import ECHOES, Claim, Rule, merged
from icalsyncd.availability.judgement import Circumstances, edge_of
from icalsyncd.calendars.calendar import Event
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union


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
    alike = [claim for claim in at.ended if claim.kind is made.kind]
    was_own = told & union(claim.genuine | claim.under(Rule.WAS_OWN) for claim in alike)
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
    certain = union(claim.genuine - claim.contested for claim in alike)
    was_plain = union(claim.echoes - claim.doubtful for claim in alike)
    doubtful = ((EMPTY if at.unseen else matched) | (told - exact - was_plain)) & at.held
    return replace(
        made,
        verdicts=verdicts,
        contested=carried.contested | ((genuine & at.others) - certain),
        grown=carried.grown | _grown(stay, fresh & genuine, at) | (genuine & union(claim.grown for claim in alike)),
        doubtful=carried.doubtful | doubtful | was_own,
    )


def _carried(made: Claim, nights: Nights, at: Circumstances) -> tuple[Claim, Nights]:
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
    if not fresh:
        return EMPTY
    for run in (run for feed in at.in_force for run in feed.stays()):
        if stay.check_in > run.check_in or stay.check_out < run.check_out:
            continue
        both_sides = fresh.until(run.check_in) and fresh.since(run.check_out)
        if both_sides or not at.appeared.isdisjoint(Nights.between(*run)):
            return fresh
    return EMPTY


def _goes_on(claim: Claim, event: Event, own: Nights, today: Night) -> bool:
    stay, now, edge = claim.stay, event.stay, edge_of(today)
    if claim.kind is not event.kind:
        return False
    if stay.check_in != now.check_in and (stay.check_in > today or now.check_in > today):
        return False
    if stay.check_out != now.check_out and (stay.check_out < edge or now.check_out < edge):
        return False
    return any(rule is Rule.OWN_UID for rule, _ in claim.verdicts) is not own.isdisjoint(Nights.between(*now))


class _Claims:
    def __init__(self, claims: tuple[Claim, ...], told: Nights, today: Night, edge: Night) -> None:
        assert edge == edge_of(today)
        self._left = dict(enumerate(claims))
        self._told = told
        self._today = today

    def carried_on(self, event: Event, own: Nights) -> Claim | None:
        fitting = [place for place, claim in self._left.items() if _goes_on(claim, event, own, self._today)]
        if not fitting:
            return None
        if len(fitting) > 1:
            still_told = Nights.between(*event.stay) <= self._told
            fitting.sort(key=lambda place: bool(self._left[place].echoes) is not still_told)
        return self._left.pop(fitting[0])

    def ended(self) -> tuple[Claim, ...]:
        return tuple(self._left.values())


@contextmanager
def judged_plainly() -> Iterator[None]:
    """All that is attributed inside is judged so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgement, "_judged", _judged)
        patch.setattr(succession, "_Claims", _Claims)
        yield
