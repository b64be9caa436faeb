"""Which nights every portal must close, and which of them are in trouble.

Split horizon: a portal is told what all others and the host took, never what came from itself, but for the buffer nights
around its own stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from icalsyncd.availability.claims import ECHOES, Claim, Rule
from icalsyncd.availability.learning import is_sticky
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.listings import linked, linked_to, links_of
from icalsyncd.availability.mirroring import mirrors
from icalsyncd.availability.sifting import closing
from icalsyncd.calendars.nights import EMPTY, Night, Nights, horizon, union

OWN: Final = frozenset({"own"})
ECHO: Final = frozenset({"echo"})
EITHER: Final = OWN | ECHO
"""What a claim may be."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nights of an accommodation that want a human."""

    overbooked: Nights
    """Two or more origins, and no possible ghost."""
    perhaps_two: Nights
    """One origin, and a claim of another portal that may be an echo of it or a guest: it showed the night before it can have
    acted on what it was told, or while it knew it as free."""
    possible_ghosts: Nights
    """Kept closed, or now closed and now open, by claims of which nothing that we see can tell whether anyone booked."""


def origins(ledger: Ledger) -> dict[str, Nights]:
    """For each sync the nights whose origin it is.

    An echo in doubt stands in on a night that nobody else holds: the night stays closed elsewhere, while its own portal is
    told that it is free and so shows whether it was a booking. So does one behind which may be a guest, where no such doubt
    does. Of several in doubt one stands in, so that they cannot keep
    each other closed, and the same one until it has shown that. Where the origin is kept though its portal no longer shows
    it, one stands in beside it: else the night would be open at the one portal that surely does not hold it.
    """
    found = {name: sync.genuine - linked(ledger, sync) for name, sync in ledger.syncs.items()}
    doubtful = {name: sync.summed.doubtful for name, sync in ledger.syncs.items()}
    perhaps_sold = {name: sync.perhaps_sold for name, sync in ledger.syncs.items()}
    if not any(doubtful.values()) and not any(perhaps_sold.values()):
        return found
    held = ledger.local | ledger.kin.taken | union(sync.genuine - sync.retained for sync in ledger.syncs.values())
    for doubts in (doubtful, perhaps_sold):
        waiting = {name: nights - ledger.syncs[name].offered.nights for name, nights in doubts.items()}
        for chosen in (waiting, doubts):
            for name, nights in chosen.items():
                if stands_in := nights - held:
                    found[name] |= stands_in
                    held |= stands_in
    return found


def verdict(ledger: Ledger, name: str, claim: Claim, night: Night) -> Rule | None:
    """What *claim* of sync *name* is on *night* as things stand, and by which rule; None where it does not claim it."""
    rule = claim.rule_on(night)
    if rule is not None and rule not in ECHOES and night in linked(ledger, ledger.syncs[name]):
        return Rule.LINKED
    if rule is None or rule not in ECHOES or rule is Rule.OWN_UID:
        return rule
    if ledger.syncs[name].silent:
        return Rule.SILENT
    doubted = night in claim.doubtful or night in ledger.syncs[name].perhaps_sold
    return Rule.STANDS_IN if doubted and night in origins(ledger)[name] else rule


def offers(ledger: Ledger) -> dict[str, Nights]:
    """For each sync that sends, the nights of its feed, from yesterday on.

    A paused or gone sync's feed holds none; that of one whose pause keeps what is known loses none. What the kin take is in
    all of them, and what the kin are in doubt of in all but those of syncs that have the night themselves: whoever else has
    it need not have all units that are in doubt.
    """
    yesterday = ledger.today - 1
    taken = origins(ledger)
    split = {name: stays_of(ledger.syncs[name], nights) for name, nights in taken.items()}
    rules = _closed_by_others({name: closing(sync) for name, sync in ledger.syncs.items()})
    closings: dict[tuple[int, int], tuple[Nights, dict[str, Nights], dict[str, Nights]]] = {}
    made: dict[str, Nights] = {}
    for name, sync in ledger.syncs.items():
        if not sync.channel.sends:
            continue
        if sync.muted:
            made[name] = EMPTY
            continue
        around = buffer_of(ledger, sync)
        if around not in closings:
            closings[around] = _closing(ledger, split, around)
        local, closed, beside = closings[around]
        rims = closed[name] - taken[name] - sync.departed
        doubts = ledger.kin.doubted
        if doubts and taken[name]:
            doubts -= taken[name] - (sync.genuine & sync.retained)
        found = union((local, beside[name], rules[name], rims, doubts, not_offered(ledger, sync) - taken[name]))
        made[name] = found.since(yesterday)
        if sync.opens_nothing:
            made[name] |= sync.offered.nights.since(yesterday)
    return made


def _closing(
    ledger: Ledger, split: Mapping[str, tuple[Nights, Nights]], around: tuple[int, int]
) -> tuple[Nights, dict[str, Nights], dict[str, Nights]]:
    """What the host and the kin close, what each sync closes, and what all but that one do, with the buffers *around*."""
    local = ledger.local.widened(*around) | ledger.kin.closed(*around)
    closed = {
        name: (stays.widened(*around) | unsure).since(ledger.today - 1) for name, (stays, unsure) in split.items()
    }
    return local, closed, _closed_by_others(closed)


def buffer_of(ledger: Ledger, sync: SyncLedger) -> tuple[int, int]:
    """The nights that *sync*'s feed closes ahead of and behind each stay; while a smaller buffer waits, the larger ones."""
    own = (ledger.before, ledger.after)
    before, after = own if sync.channel.buffer is None else sync.channel.buffer
    if sync.narrowing is not None:
        wanted = own if sync.narrowing.channel.buffer is None else sync.narrowing.channel.buffer
        before, after = max(before, wanted[0]), max(after, wanted[1])
    return before, after


def not_offered(ledger: Ledger, sync: SyncLedger) -> Nights:
    """Nights that *sync*'s feed closes since they are too near or too far to be offered, whoever has them."""
    channel, today = sync.channel, ledger.today
    near = Nights.between(today - 1, today + channel.offer_notice) if channel.offer_notice else EMPTY
    if channel.offer_window is None:
        return near
    return near | Nights.between(today + channel.offer_window, horizon(today).check_out)


def stays_of(sync: SyncLedger, taken: Nights) -> tuple[Nights, Nights]:
    """The nights of the stays that *sync* is the origin of, passed ones included, and those that may be no booking.

    *taken* are all whose origin it is. What may be no booking gets no buffers: an echo that grows with each turn would
    grow by them too.
    """
    unsure = (sync.summed.grown & taken) | (taken - sync.genuine)
    return (taken - unsure) | sync.departed, unsure


def _closed_by_others(closed: Mapping[str, Nights]) -> dict[str, Nights]:
    """For each sync, what all others close; *closed* is what each closes."""
    once, twice = EMPTY, EMPTY
    for nights in closed.values():
        twice |= once & nights
        once |= nights
    return {name: once - (nights - twice) for name, nights in closed.items()}


def blocked(ledger: Ledger) -> Nights:
    """All nights of *ledger* that are taken, by whom ever, from yesterday on; buffers are not among them."""
    found: Nights | None = ledger.reckoned.get("blocked")
    if found is None:
        found = ledger.reckoned["blocked"] = _blocked(ledger)
    return found


def _blocked(ledger: Ledger) -> Nights:
    return (ledger.local | ledger.taken_by_kin | union(origins(ledger).values())).since(ledger.today - 1)


def trouble(ledger: Ledger) -> Trouble:
    """The nights from today on that are overbooked, and those that may be ghosts.

    Two of the kin that share no unit with each other may both have a night that this one has not.
    """
    if (found := trouble_noted(ledger)) is None:
        note_trouble(ledger, found := _trouble(ledger))
    return found


def trouble_noted(ledger: Ledger) -> Trouble | None:
    """The same, where it is known already."""
    return ledger.reckoned.get("trouble")


def note_trouble(ledger: Ledger, found: Trouble) -> None:
    """Note that what is in trouble at *ledger* is what was *found* in another way."""
    ledger.reckoned["trouble"] = found


def _trouble(ledger: Ledger) -> Trouble:
    judged, twice, certain = weighed(ledger, links_of(ledger))
    certain |= ledger.kin.certain
    certain -= contradicted(ledger)
    twice |= judged & ledger.kin.judged
    taken = union(origins(ledger).values()) | ledger.taken_by_kin
    fleeting = union(sync.given_up.nights for sync in ledger.syncs.values())
    ghosts = ((taken | fleeting) - certain).since(ledger.today)
    doubted = union(
        sync.summed.doubtful & ledger.claimed_beside(name)
        for name, sync in ledger.syncs.items()
        if sync.summed.doubtful
    )
    perhaps_two = ((doubted & (judged | ledger.kin.judged)) | (ledger.kin.doubted & judged)) - twice - ghosts
    return Trouble((twice - ghosts).since(ledger.today), perhaps_two.since(ledger.today), ghosts)


def contradicted(ledger: Ledger) -> Nights:
    """Nights that nobody has by the host's word, and that a portal shows on though it had time to act on that."""
    found = EMPTY
    for word in ledger.words:
        if word.by is None:
            for sync in ledger.syncs.values():
                stayed = union(claim.under(Rule.OUTLIVED) for claim in sync.claims if claim.began <= word.at)
                found |= stayed & word.nights
    return found


def weighed(ledger: Ledger, links: Mapping[str, Nights]) -> tuple[Nights, Nights, Nights]:
    """The nights that are taken here by what is known, those that are so twice, and those that are so beyond doubt.

    They are those of this accommodation's own blocks and syncs, weighed against what the kin's portals show; *links* are
    those that each sync's portal may only have closed by itself.
    """
    once, twice = ledger.local, EMPTY
    initial_once, initial_twice = ledger.kin.initial, EMPTY
    certain = ledger.local
    for name, sync in ledger.syncs.items():
        # an echo that counts as genuine because its portal fell silent is no second booking that anyone has seen
        judged = sync.summed.genuine - links[name]
        twice |= once & judged
        once |= judged
        certain |= sync.proven
        initial = sync.summed.initial
        initial_twice |= initial_once & initial
        initial_once |= initial
    beside_judged = ledger.kin.judged
    doubly = twice | (once & beside_judged)
    for name, sync in ledger.syncs.items():
        claims = sync.summed
        sure = claims.certain_since | (claims.certain_initial - initial_twice)
        if is_sticky(sync):
            # that it stays proves nothing where nothing ever goes
            sure -= union(claim.under(Rule.OUTLIVED) for claim in sync.claims)
        if ledger.kin:
            # what its portal may only have closed is not certain; what it closes a larger one of the kin for, is
            sure = (sure - links[name]) | (linked_to(ledger, sync) - twice - beside_judged)
        certain |= sure - (ledger.claimed_beside(name) - doubly) if mirrors(sync) else sure
    return once, twice, certain


def explanations(ledger: Ledger, night: Night) -> dict[str, frozenset[str]]:
    """Each sync whose portal shows *night*, and what that may be by all that is known: `own`, `echo`, or either."""
    ghost = night in trouble(ledger).possible_ghosts
    found: dict[str, frozenset[str]] = {}
    for name, sync in ledger.syncs.items():
        may = [_may_be(ledger, name, claim, night, ghost=ghost) for claim in sync.claims if night in claim.nights]
        if may:
            found[name] = frozenset().union(*may)
    return found


def _may_be(ledger: Ledger, name: str, claim: Claim, night: Night, *, ghost: bool) -> frozenset[str]:
    rule = claim.rule_on(night)
    if rule is None or night in claim.proven:
        return OWN
    if rule in ECHOES:
        sync = ledger.syncs[name]
        either = (
            night in claim.doubtful
            or night in sync.perhaps_sold
            or (ledger.syncs[name].silent and rule is not Rule.OWN_UID)
        )
        return EITHER if either else ECHO
    return EITHER if ghost else OWN
