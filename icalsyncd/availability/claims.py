"""A portal's claims: what it says of which nights, since when, and whose nights they are.

A claim is judged once, when it begins (:mod:`~icalsyncd.availability.judgement`), and keeps its verdict for as long as it
goes on. Two things may still turn an echo into an origin: it outlives what it repeats (:func:`outlive`), or it counts as
one for a while, because its portal no longer reads our feed or because nobody else holds a night of which it was in doubt
(:mod:`~icalsyncd.availability.offers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, union


class Rule(StrEnum):
    """Why a claim on a night is an origin, or an echo."""

    # rules are looked up for every claim at every pull, and an enumeration's own hash is slow
    __hash__ = str.__hash__

    RESERVATION = "reservation"
    """Origin: the portal's own word for a booking."""
    UNTOLD = "untold"
    """Origin: when the claim began, the feed that the portal had last fetched did not hold the night."""
    MISMATCHED = "mismatched"
    """Origin: nobody looked at the portal before it was told, and what appeared is not what it was told."""
    OUTLIVED = "outlived"
    """Origin: it stayed after the portal had been told that the night is free, and had had time to act on it."""
    SILENT = "silent"
    """Origin while it lasts: the portal has not fetched our feed for so long that it can hardly repeat it."""
    STANDS_IN = "stands_in"
    """Origin while it lasts: an echo in doubt, on a night that nobody else holds; the portal is no longer told of it."""
    CONFIRMED = "confirmed"
    """Origin: the host looked, and says that it is booked at this portal."""
    LOST = "lost"
    """Origin: what its portal had been told is not known any more, since the state has gone back to an earlier one."""
    LINKED = "linked"
    """Echo: its portal closes this accommodation by itself when it sells one of the family, and shows that stay there."""
    OWN_UID = "own_uid"
    """Echo: the event bears the UID under which we closed this night."""
    TOLD = "told"
    """Echo: when the claim began, the feed that the portal had last fetched held the night."""
    WAS_OWN = "was_own"
    """Echo: told, and the portal had the night as its own in an event before; that may be in this one still."""
    MATCHED = "matched"
    """Echo: nobody looked at the portal before it was told, and what appeared is exactly what it was told."""
    PADDED = "padded"
    """Echo: a run of nights that the portal was told, with the nights that this portal adds around it."""
    ANOTHERS = "anothers"
    """Echo: the host looked, and says that it is booked at another portal."""
    NOBODYS = "nobodys"
    """Echo: the host looked, and says that nobody has booked it."""


ECHOES: Final = frozenset(
    {Rule.OWN_UID, Rule.TOLD, Rule.WAS_OWN, Rule.MATCHED, Rule.PADDED, Rule.ANOTHERS, Rule.NOBODYS, Rule.LINKED}
)
"""The rules by which a claim only repeats us; by all others it is genuine."""

DISPUTABLE: Final = frozenset({Rule.TOLD, Rule.WAS_OWN, Rule.MATCHED, Rule.ANOTHERS})
"""Echoes by what the portal was told, or by another's booking, so that they may turn out to be none."""

PROOFS: Final = frozenset({Rule.RESERVATION, Rule.CONFIRMED})
"""Origins that are surely bookings of that portal."""

Verdicts = tuple[tuple[Rule, Nights], ...]

ALIKE: Final = 2**16
"""Values of one kind that are kept to be used again for claims that are alike."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a portal says of the nights of one event, and our verdict on each of them."""

    stay: Stay
    """The event as last reported, clipped to the horizon of that day; its identity, together with ``kind``. A portal may
    list the same nights in several events, each of which is a claim."""
    kind: Kind
    began: Moment
    verdicts: Verdicts
    """Disjoint; together the nights that are claimed, which may be fewer than the event's while a copy is held."""
    initial: bool = False
    """It was there when the portal was first pulled, so that nobody knows when it really began."""
    contested: Nights = EMPTY
    """Those that began, or outlived, while another sync of the accommodation claimed them too, or that have hidden for a
    day behind what their portal was told: origins that may be none."""
    grown: Nights = EMPTY
    """Those by which a block reaches past a run that the portal was told, and that it did not claim before."""
    doubtful: Nights = EMPTY
    """Echoes that may be bookings after all."""

    @property
    def nights(self) -> Nights:
        if len(self.verdicts) == 1:
            return self.verdicts[0][1]
        return union(nights for _, nights in self.verdicts)

    @property
    def echoes(self) -> Nights:
        if len(self.verdicts) == 1:
            rule, nights = self.verdicts[0]
            return nights if rule in ECHOES else EMPTY
        return union(nights for rule, nights in self.verdicts if rule in ECHOES)

    @property
    def genuine(self) -> Nights:
        if len(self.verdicts) == 1:
            rule, nights = self.verdicts[0]
            return EMPTY if rule in ECHOES else nights
        return union(nights for rule, nights in self.verdicts if rule not in ECHOES)

    @property
    def proven(self) -> Nights:
        """Nights that are surely taken at this portal."""
        if len(self.verdicts) == 1:
            rule, nights = self.verdicts[0]
            return nights if rule in PROOFS else EMPTY
        return union(nights for rule, nights in self.verdicts if rule in PROOFS)

    @property
    def disputable(self) -> Nights:
        """Echoes that rest on what the portal was told, or on another's booking, so that they may turn out to be none."""
        if len(self.verdicts) == 1:
            rule, nights = self.verdicts[0]
            return nights if rule in DISPUTABLE else EMPTY
        return union(nights for rule, nights in self.verdicts if rule in DISPUTABLE)

    @property
    def is_ours(self) -> bool:
        """Its event bears a UID of ours."""
        if len(self.verdicts) == 1:
            return self.verdicts[0][0] is Rule.OWN_UID
        return any(rule is Rule.OWN_UID for rule, _ in self.verdicts)

    def under(self, rule: Rule) -> Nights:
        """Nights on which *rule* decided."""
        if len(self.verdicts) == 1:
            other, nights = self.verdicts[0]
            return nights if other is rule else EMPTY
        return union(nights for other, nights in self.verdicts if other is rule)

    def rule_on(self, night: Night) -> Rule | None:
        """By which rule *night* is what it is; None where it is not claimed."""
        return next((rule for rule, nights in self.verdicts if night in nights), None)

    def only(self, nights: Nights) -> Claim:
        """The same claim without the nights that are not in *nights*."""
        if self.nights <= nights:
            return self
        return replace(
            self,
            verdicts=tuple((rule, left) for rule, held in self.verdicts if (left := held & nights)),
            contested=self.contested & nights,
            grown=self.grown & nights,
            doubtful=self.doubtful & nights,
        )


def outlive(claim: Claim, withdrawn: Nights, others: Nights) -> Claim:
    """*claim*, still there in a good copy though the portal had time to act on our feed without the nights *withdrawn*.

    Its echoes on them were none, and where no other sync claims them any more (*others*) they are contested no longer. An
    event under our own UID stays an echo: nobody but us can have made it.
    """
    proved_wrong = (claim.echoes - claim.under(Rule.OWN_UID)) & withdrawn
    alone = withdrawn - others
    contested = (claim.contested - alone) | (proved_wrong & others)
    # the nights around a run that the portal is still told may be that run's for as long as it is told
    grown = EMPTY if claim.grown <= alone else claim.grown
    if claim.echoes - proved_wrong:
        grown = claim.grown | proved_wrong
    if not proved_wrong and contested == claim.contested and grown == claim.grown:
        return claim
    verdicts = tuple((rule, held - proved_wrong if rule in ECHOES else held) for rule, held in claim.verdicts)
    return replace(
        claim,
        verdicts=merged((*verdicts, (Rule.OUTLIVED, proved_wrong))),
        contested=contested,
        grown=grown,
        doubtful=claim.doubtful - proved_wrong,
    )


def widen(claim: Claim, more: Claim) -> Claim:
    """*claim* with the nights of *more*, the same event, that came back after they had been given up."""
    return replace(
        claim,
        verdicts=merged((*claim.verdicts, *more.verdicts)),
        contested=claim.contested | more.contested,
        grown=claim.grown | more.grown,
        doubtful=claim.doubtful | more.doubtful,
    )


def merged(verdicts: Iterable[tuple[Rule, Nights]]) -> Verdicts:
    """One entry for each rule that decides on any night."""
    by_rule: dict[Rule, Nights] = {}
    for rule, nights in verdicts:
        if nights:
            by_rule[rule] = by_rule.get(rule, EMPTY) | nights
    return reuse_verdicts(tuple(by_rule.items()))


@lru_cache(ALIKE)
def reuse_verdicts(verdicts: Verdicts) -> Verdicts:
    """*verdicts*, or equal ones that were seen before: most claims are alike, and this is most of their memory."""
    return verdicts


@lru_cache(ALIKE)
def reuse_stay(check_in: Night, check_out: Night) -> Stay:
    """The stay from *check_in* to *check_out*, the same object for all claims on it."""
    return Stay(check_in, check_out)
