"""From a sync's claims before a copy of its portal's calendar to those after it: which go on, begin, or are held back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from icalsyncd.availability.claimed import Claims
from icalsyncd.availability.claims import Claim, Rule, merged, outlive, reuse_stay, widen
from icalsyncd.availability.judgement import Circumstances, Identity, begin, circumstances, edge_of, identity_of
from icalsyncd.availability.ledger import SyncLedger
from icalsyncd.availability.sifting import export_end
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Event
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, intersection, union

Found: TypeAlias = list[tuple[Event, Nights]]
"""The events of a copy, each with the nights that we put under its UID."""


def goes_on_unchanged(sync: SyncLedger, found: Found | None, yesterday: Night) -> bool:
    """Whether the events *found* (None: those of the copy before) are the claims as they stand, with nothing to add to
    what is known of any of them."""
    claims = sync.summed
    if found is not None and len(found) != len(claims):
        return False
    if not claims.are_plain:
        return False
    if claims and claims[0].stay.check_in < yesterday:
        return False
    if found is None:
        return True
    in_order = sorted(found, key=lambda each: each[0][:3])
    return all(
        event[0] == claim.stay[0]
        and event[1] == claim.stay[1]
        and event[2] is claim.kind
        and claim.is_ours is not own.isdisjoint(claim.nights)
        for (event, own), claim in zip(in_order, claims, strict=True)
    )


def as_claimed(claims: Claims) -> Found:
    """The events of the copy before, and our nights under their UIDs."""
    return [(Event(*claim.stay, claim.kind, ""), claim.under(Rule.OWN_UID)) for claim in claims]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is so of the nights around a copy of a portal's calendar, when it was seen."""

    now: Moment
    today: Night
    in_force: tuple[Nights, ...]
    """The feeds of which each may have been the portal's last fetched one when what begins now began."""
    present: Nights
    """What the copy shows."""
    retained: Nights
    """What stays claimed though the copy lacks it."""
    lapsed: Nights
    """Of these the portal has had time to learn that they are free."""
    hidden: Nights
    """A claim of its own on these would not show."""
    returned: Nights
    """These it may repeat, since it shows them again."""
    others: Nights
    """Claimed by other syncs."""
    rivals: Nights
    """The same without what others only repeat of this one."""
    lately: Nights
    """Claimed in doubt by this one until lately."""
    held: Nights
    """Another one is their origin."""


def carried_over(sync: SyncLedger, found: Found, seen: Seen) -> Claims:
    """The claims that go on in the events *found*, those that begin, and those that are held back."""
    today, returned = seen.today, seen.returned
    surely_told = EMPTY if not seen.in_force else intersection(seen.in_force)
    end = export_end(sync, today)
    edge = edge_of(today) if end is None else min(end, edge_of(today))
    old = _Claims(sync.claims, surely_told | sync.habits.changed(surely_told), today, edge)
    going_on: list[tuple[Claim, Claim, Event, Nights | None]] = []
    """Each claim as it was, and clipped to its event; its nights under our UID, where it lacks nights of the event."""
    fresh: list[tuple[Event, Nights]] = []
    begun: set[Stay] = set()
    for event, own in found:
        claim = old.carried_on(event, own)
        if claim is None:
            fresh.append((event, own))
            begun.add(event.stay)
            continue
        kept = _clipped(claim, event)
        lacks = len(kept.nights) < event.check_out - event.check_in
        going_on.append((claim, kept, event, own if lacks else None))
        if lacks:
            begun.add(event.stay)
    at = circumstances(
        sync,
        now=seen.now,
        in_force=seen.in_force,
        present=seen.present,
        ended=old.ended(),
        begun=frozenset(begun),
        others=seen.others | seen.lately,
        held=seen.held,
    )
    claims = _begun(fresh, at, (claim for _, claim, _, _ in going_on))
    if sync.own_before:
        former = _Claims(sync.own_before, surely_told, today, edge)
        claims = [
            _resumed(claim, former.carried_on(event, own)) for claim, (event, own) in zip(claims, fresh, strict=True)
        ]
    # a booking that is shown beside our echo of the same night does not hide behind it
    hidden = seen.hidden - _shown_twice(found) if seen.hidden else EMPTY
    repeated = returned - seen.lapsed
    # also an event that differs from the one that was kept, and has taken its place
    claims = [_unclear(claim, repeated) for claim in claims] if repeated else claims
    unclear = hidden | repeated
    ended = {(claim.stay, claim.kind): claim for claim in at.ended}
    for claim, clipped, event, ours in going_on:
        kept = clipped
        if ours is not None:
            kept = widen(kept, begin(event, ours, at).only(Nights.between(*event.stay) - kept.nights))
        if seen.lapsed:
            kept = outlive(kept, seen.lapsed, seen.rivals - returned)
        if unclear:
            kept = _unclear(kept, unclear)
        if ended and (twin := ended.get((claim.stay, claim.kind))):
            # which of the two has ended nobody can tell
            kept = replace(kept, contested=kept.contested | (twin.contested & kept.genuine))
        claims.append(kept)
    if seen.retained:
        claims.extend(_held_back(old.ended(), seen.retained - union(claim.nights for claim in claims), today))
    if any(claim.stay.check_in < today - 1 for claim in claims):
        claims = [left for claim in claims if (left := claim.only(claim.nights.since(today - 1))).verdicts]
    return Claims(sorted(_twice_told(claims), key=lambda claim: (claim.stay, claim.kind, claim.began)))


def _resumed(claim: Claim, before: Claim | None) -> Claim:
    """*claim*, of the first copy after a pause or an absence, where *before* was the same and its portal's own until then.

    The portal may have read nothing since: then it has been told these nights because another one, or a buffer, had them as
    well, and they would look like an echo of that.
    """
    if before is None or not (own := (claim.echoes - claim.under(Rule.OWN_UID)) & before.genuine):
        return claim
    others = claim.only(claim.nights - own)
    same = before.only(own)
    return replace(
        claim,
        verdicts=merged((*others.verdicts, *same.verdicts)),
        contested=others.contested | same.contested,
        grown=others.grown | same.grown,
        doubtful=others.doubtful,
    )


def _begun(fresh: list[tuple[Event, Nights]], at: Circumstances, going_on: Iterable[Claim]) -> list[Claim]:
    """The claims of the events *fresh*. Of a run that the portal changes alike there is one event, which may be there
    already among the claims *going_on*. Another one that is just like it is its own."""
    if not at.changed_runs:
        return [begin(event, own, at) for event, own in fresh]
    changed = {claim.stay for claim in going_on if claim.under(Rule.PADDED)}
    plain, made = replace(at, change=None), []
    for event, own in fresh:
        made.append(begin(event, own, plain if event.stay in changed else at))
        changed.add(event.stay)
    return made


def _clipped(claim: Claim, event: Event) -> Claim:
    if claim.stay == event[:2]:
        return claim
    return replace(claim.only(Nights.between(*event.stay)), stay=event.stay)


def _unclear(claim: Claim, nights: Nights) -> Claim:
    """*claim*, of which those of *nights* that are its portal's own may be none."""
    more = (claim.genuine & nights) - claim.proven - claim.contested
    return replace(claim, contested=claim.contested | more) if more else claim


def _shown_twice(found: Found) -> Nights:
    once, twice = EMPTY, EMPTY
    for event, _ in found:
        nights = Nights.between(*event.stay)
        twice |= once & nights
        once |= nights
    return twice


def _twice_told(claims: list[Claim]) -> list[Claim]:
    """*claims*, with those in doubt that repeat what another one repeats already: one of them may be a booking."""
    once, twice = EMPTY, EMPTY
    for claim in claims:
        echoes = claim.echoes
        twice |= once & echoes
        once |= echoes
    if not twice:
        return claims
    return [
        replace(claim, doubtful=claim.doubtful | more) if (more := claim.disputable & twice) else claim
        for claim in claims
    ]


def _held_back(ended: tuple[Claim, ...], missing: Nights, today: Night) -> Iterator[Claim]:
    """What stays claimed of the claims that the copy lacks."""
    for claim in ended if missing else ():
        # all that claimed a night, so that an echo does not stand for the origin beside it
        if kept := claim.nights & missing:
            held = claim.only(kept)
            runs = kept.stays()
            if runs[-1].check_out <= today + 1:
                # what is left of a stay that has begun is an event of its own: its other nights are not to come back with it
                held = replace(held, stay=reuse_stay(runs[0].check_in, runs[-1].check_out))
            yield held


class _Claims:
    """A sync's claims before a copy, and which of them the copy carries on; each is carried on once."""

    def __init__(self, claims: tuple[Claim, ...], told: Nights, today: Night, edge: Night) -> None:
        self._left = dict(enumerate(claims))
        self._told = told
        self._today = today
        self._edge = edge
        self._alike: dict[tuple[Identity, bool], deque[int]] = {}
        """Where those that cannot be told apart are, first in the order first: those with echoes, and those without."""
        for place, claim in self._left.items():
            identity = identity_of(claim.stay, claim.kind, is_ours=claim.is_ours, today=today, edge=edge)
            alike = identity, bool(claim.echoes)
            if (places := self._alike.get(alike)) is None:
                places = self._alike[alike] = deque()
            places.append(place)

    def carried_on(self, event: Event, own: Nights) -> Claim | None:
        """The claim that *event* carries on, if any.

        Of several alike the portal has dropped its own while it is told of the night, and our echo where it no longer is.
        """
        stay = event.stay
        nights = Nights.between(*stay)
        is_ours = not own.isdisjoint(nights)
        identity = identity_of(stay, event.kind, is_ours=is_ours, today=self._today, edge=self._edge)
        still_told = nights <= self._told
        for echo in (still_told, not still_told):
            if places := self._alike.get((identity, echo)):
                return self._left.pop(places.popleft())
        return None

    def ended(self) -> tuple[Claim, ...]:
        """Those that no event has carried on so far."""
        return tuple(self._left.values())
