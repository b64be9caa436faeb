"""The host's word: somebody looked at the portals, and says who has some nights, or that nobody has.

It covers the events that the host has seen, and ends with them: an event that differs is judged anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final, NamedTuple

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.claims import Claim, Rule, merged
from icalsyncd.availability.ledger import Ledger, Word
from icalsyncd.availability.offers import trouble
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Nights, Stay, union

WORDS_KEPT: Final = 64
"""Of one accommodation, the last ones."""


class Seen(NamedTuple):
    """One event that the host was shown."""

    sync: str
    """Of a kin, as `accommodation/sync`."""
    stay: Stay
    kind: Kind


def concerned(ledgers: Mapping[str, Ledger], accommodation: str, nights: Nights) -> dict[str, Nights]:
    """Which of *nights* the host's word on *accommodation* is about there, and at each of its kin, by their ids.

    At the kin they are those of which it is not clear there who has them: what is, the host did not speak of. *ledgers* are
    those of the family.
    """
    found = {accommodation: nights}
    for kin in ledgers[accommodation].kin:
        if kin not in ledgers:
            continue
        seen = trouble(ledgers[kin])
        if unclear := nights & union((seen.possible_ghosts, seen.overbooked, seen.perhaps_two)):
            found[kin] = unclear
    return found


def seen_on(ledgers: Mapping[str, Ledger], accommodation: str, nights: Nights) -> tuple[Seen, ...]:
    """The events that portals show on any of *nights*, in order, and those of the kin that the host's word is about."""
    return tuple(
        Seen(_called(accommodation, each, name), claim.stay, claim.kind)
        for each, there in concerned(ledgers, accommodation, nights).items()
        for name, sync in ledgers[each].syncs.items()
        for claim in sync.claims
        if not claim.nights.isdisjoint(there)
    )


def _called(accommodation: str, each: str, sync: str) -> str:
    return sync if each == accommodation else f"{each}/{sync}"


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
    ledgers: Mapping[str, Ledger],
    accommodation: str,
    nights: Nights,
    by: str | None,
    *,
    now: Moment,
    seen: Iterable[Seen] | None = None,
) -> dict[str, Ledger]:
    """Those of *ledgers*, a family's, that change when the host says that the sync *by* of *accommodation* has *nights*.

    None: nobody has. Whoever has an accommodation has what it shares with its kin, so it is said of these as well. *seen*
    are the events that the host was shown; None: all that there are. What a portal itself calls a reservation stays one.
    """
    covered = set(seen_on(ledgers, accommodation, nights) if seen is None else seen)
    moved: dict[str, Ledger] = {}
    for each, there in concerned(ledgers, accommodation, nights).items():
        who = by if by is None or each == accommodation else f"{accommodation}/{by}"
        ledger = ledgers[each]
        syncs = dict(ledger.syncs)
        for name, sync in ledger.syncs.items():
            called = _called(accommodation, each, name)
            claims = tuple(
                _confirmed(claim, there, name, who) if Seen(called, claim.stay, claim.kind) in covered else claim
                for claim in sync.claims
            )
            if claims != sync.claims:
                syncs[name] = replace(sync, claims=claims)
        words = (*ledger.words, Word(there, who, now))[-WORDS_KEPT:]
        moved[each] = settled(replace(ledger, syncs=syncs, words=words), now)
    return moved


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
