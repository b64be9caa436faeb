"""The host's word: somebody looked at the portals, and says who has some nights, or that nobody has.

It covers the events that the host has seen, and ends with them: an event that differs is judged anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Final, NamedTuple

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.claims import Claim, Rule, merged
from icalsyncd.availability.ledger import Ledger, Word
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Nights, Stay

WORDS_KEPT: Final = 64
"""Of one accommodation, the last ones."""


class Seen(NamedTuple):
    """One event that the host was shown."""

    sync: str
    stay: Stay
    kind: Kind


def seen_on(ledger: Ledger, nights: Nights) -> tuple[Seen, ...]:
    """The events that portals show on any of *nights*, in order."""
    return tuple(
        Seen(name, claim.stay, claim.kind)
        for name, sync in ledger.syncs.items()
        for claim in sync.claims
        if not claim.nights.isdisjoint(nights)
    )


def mark_of(seen: Iterable[Seen]) -> str:
    """A short text that is another one for other events."""
    listed = ",".join(f"{event.sync} {event.stay} {event.kind}" for event in sorted(seen))
    return sha256(listed.encode()).hexdigest()[:16]


def called_reservations(ledger: Ledger, nights: Nights) -> tuple[str, ...]:
    """The syncs whose portals themselves call something on *nights* a reservation."""
    return tuple(
        name
        for name, sync in ledger.syncs.items()
        if any(not claim.under(Rule.RESERVATION).isdisjoint(nights) for claim in sync.claims)
    )


def confirm(
    ledger: Ledger, nights: Nights, by: str | None, *, now: Moment, seen: Iterable[Seen] | None = None
) -> Ledger:
    """*ledger* after the host said that the sync *by* has *nights*, or nobody, where it is None.

    *seen* are the events that the host was shown; None: all that there are. What its portal itself calls a reservation
    stays one.
    """
    covered = set(seen_on(ledger, nights) if seen is None else seen)
    syncs = dict(ledger.syncs)
    for name, sync in ledger.syncs.items():
        claims = tuple(
            _confirmed(claim, nights, name, by) if Seen(name, claim.stay, claim.kind) in covered else claim
            for claim in sync.claims
        )
        if claims != sync.claims:
            syncs[name] = replace(sync, claims=claims, shown_on=sync.shown_on - nights)
    words = (*ledger.words, Word(nights, by, now))[-WORDS_KEPT:]
    return settled(replace(ledger, syncs=syncs, words=words), now)


def _confirmed(claim: Claim, nights: Nights, name: str, by: str | None) -> Claim:
    said = (claim.nights & nights) - claim.under(Rule.RESERVATION)
    if by == name:
        rule = Rule.CONFIRMED
    else:
        rule = Rule.NOBODYS if by is None else Rule.ANOTHERS
        said -= claim.under(Rule.OWN_UID)
    if not said:
        return claim
    return replace(
        claim,
        verdicts=merged((*((old, held - said) for old, held in claim.verdicts), (rule, said))),
        contested=claim.contested - said,
        grown=claim.grown - said,
        doubtful=claim.doubtful - said,
    )
