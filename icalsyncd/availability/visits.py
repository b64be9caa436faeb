"""Who comes and goes, as far as portals tell: one visit a stay, each portal's own, none merged with another.

Feeds close nights; people want to know of stays. A portal clips what has begun to the nights that are left, so what was
known of a running visit before says when it began (:func:`continued`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.offers import Trouble, origins
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import Night, Nights, Stay

LOCAL = ""
"""The source of the host's own blocks."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Nights that one source has taken in one go."""

    source: str
    """The name under which the link of the sync was first made, which stays through a rename; :data:`LOCAL` for a block."""
    sync: str
    """The sync's id; :data:`LOCAL` for a block."""
    stay: Stay
    closed: bool = False
    """The portal calls it a closure, not a reservation."""
    overbooked: bool = False
    possible_ghost: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a visit: enough to know it again."""

    source: str
    stay: Stay


def visits(ledger: Ledger, trouble: Trouble) -> Iterator[Visit]:
    """The visits of *ledger* from yesterday's night on, and all of the host's own blocks."""
    yesterday = ledger.today - 1
    for block in ledger.blocks:
        yield _marked(Visit(LOCAL, LOCAL, block.stay), trouble)
    for name, taken in origins(ledger).items():
        sync = ledger.syncs[name]
        found: dict[Stay, bool] = {}
        for claim in sync.claims:
            genuine = claim.nights & taken
            whole = Nights.between(max(yesterday, claim.stay.check_in), claim.stay.check_out)
            # where only some of its nights are the portal's own, these are what is known to be taken
            for stay in (claim.stay,) if genuine and whole <= genuine else genuine.since(yesterday).stays():
                found[stay] = found.get(stay, True) and claim.kind is Kind.BLOCK
        for stay, closed in found.items():
            yield _marked(Visit(sync.link.first_name, name, stay, closed), trouble)


def continued(now: Iterable[Visit], before: Iterable[Known], today: Night) -> list[tuple[Visit, Stay]]:
    """The visits *now*, each with its whole stay as it is known from *before*: running ones began when they did."""
    running: dict[str, list[Stay]] = {}
    for known in before:
        if known.stay.check_in < today:
            running.setdefault(known.source, []).append(known.stay)
    found: list[tuple[Visit, Stay]] = []
    # those that end when a known one did are that one, before another may be taken for it
    for visit in sorted(now, key=lambda each: (not _ends_alike(each.stay, running.get(each.source, ())), each.stay)):
        begun = running.get(visit.source, [])
        alike = [stay for stay in begun if _goes_on(stay, visit.stay, today)]
        if visit.source == LOCAL or not alike:
            found.append((visit, visit.stay))
            continue
        former = next((stay for stay in alike if stay.check_out == visit.stay.check_out), alike[0])
        begun.remove(former)
        found.append((visit, Stay(former.check_in, visit.stay.check_out)))
    return found


def _goes_on(known: Stay, stay: Stay, today: Night) -> bool:
    """Whether *stay* may be what is left, or has become, of *known*, which runs."""
    return known.check_in <= stay.check_in <= today and stay.check_in < known.check_out


def _ends_alike(stay: Stay, known: Iterable[Stay]) -> bool:
    return any(each.check_out == stay.check_out for each in known)


def _marked(visit: Visit, trouble: Trouble) -> Visit:
    nights = Nights.between(*visit.stay)
    overbooked, ghost = not nights.isdisjoint(trouble.overbooked), not nights.isdisjoint(trouble.possible_ghosts)
    if not overbooked and not ghost:
        return visit
    return Visit(visit.source, visit.sync, visit.stay, visit.closed, overbooked, ghost)
