"""Accommodations that share units: a house and its rooms, and rooms that are sold in several sets.

A booking takes the units of the accommodation where it was made, and closes each one that has any of them. Each ledger
holds what its kin take; whatever changes one ledger changes theirs in the same step.

    parts ─▶ units ─▶ kin: whoever shares one
    a ledger changes ─▶ what it takes ─▶ the kin's ledgers, settled ─▶ what they take ─▶ …

What goes on from one to the next is only what it takes itself, so that a room's booking closes the house and, through the
house, no other room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from icalsyncd.availability.attribution import possible_again, settled
from icalsyncd.availability.bystanders import Changes, beside
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.listings import linked, links_of, shown_at, suspects
from icalsyncd.availability.offers import origins, stays_of, weighed
from icalsyncd.availability.sifting import closing
from icalsyncd.availability.stamps import Moment
from icalsyncd.availability.support import doubts_alone
from icalsyncd.availability.taking import Kin, Taking
from icalsyncd.calendars.nights import Nights, union

_TURNS: Final = 16
"""Times that one accommodation is settled for one change. Two are enough: who stands in for whom is then agreed."""


def units_of(parts: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """The units of each accommodation that has parts or is one, by its id; *parts* are the parts of each.

    One with parts counts as a unit beside theirs: whoever has it has them, so nobody meets it for that alone. Parts may be
    shared, be unknown, and even go round in a circle, as they may while old and new ones count.
    """
    found: dict[str, frozenset[str]] = {}
    for whole in dict.fromkeys(
        (*(each for each in parts if parts[each]), *(p for each in parts.values() for p in each))
    ):
        reached: set[str] = set()
        waiting = [whole]
        while waiting:
            if (each := waiting.pop()) not in reached:
                reached.add(each)
                waiting += parts.get(each, ())
        found[whole] = frozenset(reached)
    return found


def components(groups: Iterable[Collection[str]]) -> tuple[frozenset[str], ...]:
    """*groups*, those that have a member in common made one, until none have."""
    owner: dict[str, set[str]] = {}
    for group in groups:
        whole = set(group)
        for each in group:
            whole |= owner.get(each, set())
        owner.update(dict.fromkeys(whole, whole))
    return tuple(frozenset(whole) for whole in {id(whole): whole for whole in owner.values()}.values())


def taking_of(ledger: Ledger) -> Taking:
    """What the accommodation of *ledger* takes itself, as its kin see it."""
    return _taking(ledger, origins(ledger))


def _stood(ledger: Ledger) -> dict[str, Nights]:
    """The origins as they were when *ledger* was settled last, whatever its kin take: who stands in is not told of it."""
    return {
        name: (sync.genuine - linked(ledger, sync)) | (_doubted(sync) - sync.offered.nights)
        for name, sync in ledger.syncs.items()
    }


def _doubted(sync: SyncLedger) -> Nights:
    return sync.summed.doubtful | sync.perhaps_sold


def _own_perhaps(sync: SyncLedger) -> Nights:
    """Echoes behind which more than their portal's delay speaks for a guest, whoever else has the night."""
    return sync.summed.was_own | sync.summed.twice_told | sync.perhaps_sold


def _taking(ledger: Ledger, found: Mapping[str, Nights]) -> Taking:
    split = [stays_of(ledger.syncs[name], taken) for name, taken in found.items()]
    links = links_of(ledger)
    judged, _, certain = weighed(ledger, links)
    doubts = [(name, _own_perhaps(sync) - found[name]) for name, sync in ledger.syncs.items()]
    doubted = union(nights for _, nights in doubts)
    guesses = {name: doubts_alone(sync) for name, sync in ledger.syncs.items()}
    sure = ledger.local | union(
        (found[name] | _own_perhaps(sync)) - guesses[name] for name, sync in ledger.syncs.items()
    )
    return Taking(
        units=ledger.units,
        origins=tuple((name, nights) for name, nights in (("local", ledger.local), *found.items()) if nights),
        doubts=tuple((name, nights) for name, nights in doubts if nights),
        guessed=((union(found.values()) | doubted) & union(guesses.values())) - sure,
        stays=ledger.local | union(stays for stays, _ in split),
        unsure=union(unsure for _, unsure in split),
        ruled=union(closing(sync) for sync in ledger.syncs.values()),
        before=ledger.before,
        after=ledger.after,
        claimed=union(sync.claimed for sync in ledger.syncs.values()),
        judged=judged,
        certain=certain,
        initial=union(sync.summed.initial for sync in ledger.syncs.values()),
        confirmed=union(sync.summed.confirmed for sync in ledger.syncs.values()),
        shown=shown_at(ledger),
        links=tuple(
            (name, len({claim.stay for claim in suspects(ledger, sync)}), nights)
            for name, sync in ledger.syncs.items()
            if (nights := links[name]) and not sync.channel.linked
        ),
        known=ledger.complete or not any(sync.awaited for sync in ledger.syncs.values()),
    )


def related(ledgers: Mapping[str, Ledger]) -> dict[str, Ledger]:
    """All *ledgers*, each with its units and with what its kin take at present; a ledger that has them is the same object.

    Nothing is settled.
    """
    units = units_of({name: ledger.parts for name, ledger in ledgers.items()})
    made = {
        name: ledger if ledger.units == (own := units.get(name, frozenset())) else replace(ledger, units=own)
        for name, ledger in ledgers.items()
    }
    holders: dict[str, list[str]] = {}
    for name in units.keys() & made.keys():
        for unit in units[name]:
            holders.setdefault(unit, []).append(name)
    takings = {name: _taking(made[name], _stood(made[name])) for name in units.keys() & made.keys()}
    for name, ledger in made.items():
        seen = sorted({kin for unit in ledger.units for kin in holders[unit]} - {name})
        kin = Kin((each, takings[each]) for each in seen)
        if kin != ledger.kin:
            made[name] = replace(ledger, kin=kin)
    return made


def joined(ledgers: Mapping[str, Ledger], changed: Iterable[str], now: Moment) -> dict[str, Ledger]:
    """Those of *ledgers* that are to be other ones after those *changed*: each kin is settled under what they take now.

    Of a family all ledgers that are there must be in *ledgers*; their units must be right (see :func:`related`).
    """
    moved: dict[str, Ledger] = {}
    turns: dict[str, int] = {}
    news: dict[str, dict[str, Taking]] = {}
    untold = set(changed)
    changes = Changes()
    waiting = dict.fromkeys(changed)
    while waiting:
        name = next(iter(waiting))
        del waiting[name]
        ledger = moved.get(name) or ledgers.get(name)
        if ledger is None or not ledger.kin:
            continue
        if told := news.pop(name, None):
            # one after the other, each under all that is new: of two that would stand in for each other, one does
            kin, touching_nothing = Kin({**ledger.kin, **told}), changes.touching_nothing(ledger, told)
            if touching_nothing is None:
                given_back = union(
                    ledger.kin[each].confirmed - taking.confirmed for each, taking in told.items() if each in ledger.kin
                )
                ledger = moved[name] = settled(replace(possible_again(ledger, given_back), kin=kin), now)
            else:
                ledger = moved[name] = beside(ledger, kin, touching_nothing, now)
                if name not in untold:
                    continue
        untold.discard(name)
        taking = taking_of(ledger)
        for each in ledger.kin:
            seen = moved.get(each) or ledgers.get(each)
            if seen is None:
                continue
            known = news.get(each, {}).get(name) or seen.kin.get(name)
            if known == taking or (each not in news and turns.get(each, 0) >= _TURNS):
                continue
            if each not in news:
                turns[each] = turns.get(each, 0) + 1
            news.setdefault(each, {})[name] = taking
            waiting[each] = None
    return moved


def rejoined(ledgers: Mapping[str, Ledger], now: Moment, changed: Iterable[str] = ()) -> dict[str, Ledger]:
    """The same where parts have changed, or accommodations come or gone; *ledgers* are all that there are."""
    made = related(ledgers)
    moved = {name: settled(ledger, now) for name, ledger in made.items() if ledger is not ledgers[name]}
    moved |= joined(made | moved, (*moved, *changed), now)
    return {name: ledger for name, ledger in moved.items() if ledger != ledgers[name]}
