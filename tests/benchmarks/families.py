"""What a pull costs in a family of 30 accommodations and 100 syncs: `python -m tests.benchmarks.families`.

Beside it stands a single house with as many syncs as the family's largest member. Each portal shows twenty stays; a pull is
attributed, and what its kin make of it, as one step. CPU time, medians.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icalsyncd.availability.attribution import pulled
from icalsyncd.availability.families import rejoined
from icalsyncd.availability.ledger import Channel, Ledger, Link, SyncLedger
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.state.kinship import with_kin
from icalsyncd.state.state import State
from tests.benchmarks.attribution import TODAY, none_of_ours
from tests.benchmarks.figures import Figure, medians, table

ROOMS = 29
OF_THE_HOUSE = 13
"""Syncs of the house; each room has three: 100 in all."""
STAYS = 20


def shown(number: int, *more: Event) -> list[Event]:
    """What one portal shows: stays of its own, which no other one has."""
    starts = range(TODAY + number % 400, TODAY + number % 400 + STAYS * 50, 50)
    return [*(Event(start, start + 2, Kind.UNKNOWN, f"{number}-{start}") for start in starts), *more]


def ledger(name: str, syncs: int, first: int, parts: tuple[str, ...] = ()) -> Ledger:
    """One accommodation, every sync pulled once."""
    made = Ledger(
        TODAY,
        parts=parts,
        syncs={
            f"s{each}": SyncLedger(Channel(f"{name}-{each}", receives=True, sends=True), Link(f"{name}/{each}"))
            for each in range(syncs)
        },
    )
    for each in range(syncs):
        made = pulled(made, f"s{each}", shown(first + 3 * each), began=1.0, now=2.0, ours=none_of_ours)
    return made


def states(ledgers: Mapping[str, Ledger]) -> dict[str, State]:
    made = dict(ledgers) | rejoined(ledgers, 3.0)
    return {name: State(each) for name, each in made.items()}


def pull(known: dict[str, State], name: str, first: int, *more: Event) -> None:
    """A pull of the first sync of an accommodation, and all that it changes."""
    state = known[name]
    after = pulled(state.ledger, "s0", shown(first, *more), began=5.0, now=6.0, ours=none_of_ours)
    with_kin(known, {name: state.with_ledger(after, 6.0)}, 6.0)


def figures() -> Iterator[Figure]:
    rooms = tuple(f"room-{number}" for number in range(ROOMS))
    family = {name: ledger(name, 3, 40 + 7 * number) for number, name in enumerate(rooms)}
    family["house"] = ledger("house", OF_THE_HOUSE, 0, rooms)
    known, single = states(family), states({"single": ledger("single", OF_THE_HOUSE, 0)})
    new = Event(TODAY + 5, TODAY + 6, Kind.UNKNOWN, "new")
    found = medians(
        {
            "single, same": lambda: pull(single, "single", 0),
            "single, new": lambda: pull(single, "single", 0, new),
            "room, same": lambda: pull(known, "room-3", 40 + 21),
            "room, new": lambda: pull(known, "room-3", 40 + 21, new),
            "house, same": lambda: pull(known, "house", 0),
            "house, new": lambda: pull(known, "house", 0, new),
        },
        rounds=40,
    )
    for who, what in (("room", "same"), ("room", "new"), ("house", "same"), ("house", "new")):
        ours, beside = found[f"{who}, {what}"], found[f"single, {what}"]
        yield Figure(
            f"A family of 30 with 100 syncs: a pull of a {who}, {'nothing new' if what == 'same' else 'a new stay'}",
            f"{ours * 1e3:.2f} ms CPU",
            f"a single house of {OF_THE_HOUSE} syncs {beside * 1e3:.2f} ms, {ours / beside:.1f} times",
            "at most 3 times",
            ours <= 3 * beside,
        )


if __name__ == "__main__":
    print(table(list(figures())))
