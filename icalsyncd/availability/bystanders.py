"""What becomes of an accommodation when its kin take other nights, where it has nothing of its own on these nights.

So it is with most changes in a large family, and all that follows is what it closes for them. What is known of a night is
decided by what is claimed of that night, and whether a portal links its listings by the stays that it shows: what changes
elsewhere changes nothing that it takes itself, and nothing has to be judged anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import Trouble, buffer_of, note_trouble, trouble_noted
from icalsyncd.availability.stamps import Moment
from icalsyncd.availability.taking import Kin, Taking
from icalsyncd.calendars.nights import Nights, Stay, union

Buffer = tuple[int, int]
"""Nights closed ahead of and behind each stay."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two takings of one accommodation, for those that share units with it."""

    was: Taking
    now: Taking
    nights: Nights
    """Those of which something else is known."""
    shown: Mapping[str, frozenset[Stay]]
    """By portal, the stays that it shows in one of them alone."""
    is_large: bool
    """It consists of other units, or is at other portals."""
    closings: dict[Buffer, tuple[Nights, Nights]] = field(default_factory=dict)
    """What it closes anew with some buffer, and what it closes no more, as far as that was asked for."""

    @classmethod
    def between(cls, was: Taking, now: Taking) -> Change:
        """What differs from *was* to *now*."""
        pairs = (
            (was.taken, now.taken),
            (was.doubted, now.doubted),
            (was.guessed, now.guessed),
            (was.claimed, now.claimed),
            (was.judged, now.judged),
            (was.certain, now.certain),
            (was.initial, now.initial),
            (was.confirmed, now.confirmed),
        )
        is_large = was.units != now.units or was.shown.keys() != now.shown.keys() or was.known is not now.known
        shown = {} if is_large else {portal: stays ^ was.shown[portal] for portal, stays in now.shown.items()}
        differing = {portal: stays for portal, stays in shown.items() if stays}
        return cls(was, now, union(old ^ new for old, new in pairs), differing, is_large)

    def closing(self, around: Buffer) -> tuple[Nights, Nights]:
        """What it closes anew with the buffer *around*, and what it closes no more."""
        if around not in self.closings:
            # who is beside it has none of these nights itself
            was, now = (each.closed(*around) | each.doubted for each in (self.was, self.now))
            self.closings[around] = now - was, was - now
        return self.closings[around]

    def touches(self, ledger: Ledger) -> bool:
        """Whether what the accommodation of *ledger* takes itself may hang on it."""
        if self.is_large or not ledger.local.isdisjoint(self.nights):
            return True
        return any(
            not sync.claimed.isdisjoint(self.nights)
            or not sync.given_up.nights.isdisjoint(self.nights)
            or not sync.summed.stays.isdisjoint(self.shown.get(sync.channel.portal, ()))
            for sync in ledger.syncs.values()
        )


class Changes:
    """Those of one step: a house tells all its rooms the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Change] = {}
        """By the takings' identities, which are theirs for as long as the change holds them."""

    def touching_nothing(self, ledger: Ledger, told: Mapping[str, Taking]) -> tuple[Change, ...] | None:
        """What is *told* to the accommodation of *ledger* by its kin; None where that may touch what it takes itself."""
        found: list[Change] = []
        for kin, now in told.items():
            if (was := ledger.kin.get(kin)) is None:
                return None
            if (change := self._known.get((id(was), id(now)))) is None:
                change = self._known[id(was), id(now)] = Change.between(was, now)
            if change.touches(ledger):
                return None
            found.append(change)
        return tuple(found)


def beside(ledger: Ledger, kin: Kin, changes: tuple[Change, ...], now: Moment) -> Ledger:
    """*ledger*, settled, when its kin take what *kin* says; *changes*, all that is new to it, touch nothing of its own."""
    arounds = {
        name: buffer_of(ledger, sync) for name, sync in ledger.syncs.items() if sync.channel.sends and not sync.muted
    }
    closings = {around: [change.closing(around) for change in changes] for around in {*arounds.values()}}
    if any(opened for each in closings.values() for _, opened in each):
        # what one no longer closes another one may
        after = settled(replace(ledger, kin=kin), now)
    else:
        more = {around: union(closed for closed, _ in each) for around, each in closings.items()}
        syncs = dict(ledger.syncs)
        for name, around in arounds.items():
            known = syncs[name].offered
            offered = known.holding(known.nights | more[around].since(ledger.today - 1), now)
            if offered is not known:
                syncs[name] = replace(syncs[name], offered=offered)
        after = replace(ledger, kin=kin, syncs=syncs)
    if (before := trouble_noted(ledger)) is not None:
        _note_trouble(after, before, union(change.nights for change in changes))
    return after


def _note_trouble(ledger: Ledger, before: Trouble, changed: Nights) -> None:
    """What is in trouble at *ledger*, by what was *before*: on the nights that have *changed* its kin alone decide."""
    theirs = ((ledger.taken_by_kin - ledger.kin.certain) & changed).since(ledger.today)
    ghosts = (before.possible_ghosts - changed) | theirs
    note_trouble(ledger, before if ghosts == before.possible_ghosts else replace(before, possible_ghosts=ghosts))
