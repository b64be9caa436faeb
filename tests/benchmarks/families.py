"""What a pull costs in a family of 30 accommodations and 100 syncs: `python -m tests.benchmarks.families`.

Beside it stands a single house with as many syncs as the family's largest member. Each portal shows twenty stays, and the
rooms are sold at portals where the house is. First a pull is attributed, and what its kin make of it, as one step; then the
daemon's own hub pulls, one after the other: fetch, read, attribute, commit, render, swap. CPU time, medians.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time, thread_time

from icalsyncd import log
from icalsyncd.availability.attribution import pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.families import rejoined
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.state.kinship import with_kin
from icalsyncd.state.state import State
from tests.benchmarks.attribution import TODAY, none_of_ours
from tests.benchmarks.figures import Figure, medians, table
from tests.benchmarks.portals import PORTALS, portals, url
from tests.benchmarks.pulls import hub_of

ROOMS = 29
OF_THE_HOUSE = 13
"""Syncs of the house; each room has three: 100 in all."""
STAYS = 20
ROUNDS = 20
BEHAVIOURS = {"grows": "a new stay", "moves": "a stay new and one gone"}


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
            f"s{each}": SyncLedger(Channel(f"portal-{each}", receives=True, sends=True), Link(f"{name}/{each}"))
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


def household(port: int, behaviour: str) -> str:
    """A config of the family and the single house; the first portal of each that is measured changes at every pull."""
    rooms = [f"room-{number}" for number in range(ROOMS)]
    lines = [
        "terms: accepted",
        "official_only: []",
        "pull: {allow_private_addresses: true, hold: 0s}",
        "accommodations:",
    ]
    number = 2
    for name in ("single", *rooms, "house"):
        lines += [f"  {name}:", "    timezone: Europe/Madrid"]
        lines += [f"    parts: [{', '.join(rooms)}]"] if name == "house" else []
        lines += ["    syncs:"]
        for sync in range(3 if name in rooms else OF_THE_HOUSE):
            number += 1
            # none of what is new lies on nights of another one
            changes = sync == 0 and name in ("single", "house", rooms[3])
            offset = (108 if name == rooms[3] else 101) if changes else 1 + 3 * number % 60
            where = url(port, behaviour if changes else "known", number, f"{name}-{sync}", events=STAYS, offset=offset)
            portal = PORTALS[sync] if sync < len(PORTALS) else f"portal-{sync}"
            lines.append(f"      s{sync}: {{portal: {portal}, direction: bidirectional, url: '{where}'}}")
    return "\n".join(lines) + "\n"


async def whole(port: int, behaviour: str) -> dict[str, tuple[float, float]]:
    """CPU seconds of whole pulls, and for how many of them the loop stood still at the longest, by accommodation."""
    with tempfile.TemporaryDirectory() as folder:
        hub = hub_of(household(port, behaviour), Path(folder))
        await hub.begin()
        writing = asyncio.create_task(hub.journal.run())

        async def pull(name: str, sync: str) -> None:
            report = await hub.intake.pull((name, sync))
            assert report is not None
            assert report.is_good, report
            await hub.journal.stored()

        for sync in hub.accepted.config.syncs():
            await pull(sync.accommodation, sync.id)
        found: dict[str, tuple[list[float], list[float]]] = {}
        for _ in range(ROUNDS):
            for name in ("single", "house", "room-3"):
                spent, held = found.setdefault(name, ([], []))
                _longest[0], start = 0.0, process_time()
                await pull(name, "s0")
                spent.append(process_time() - start)
                held.append(_longest[0])
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await hub.end()
    return {name: (statistics.median(spent), statistics.median(held)) for name, (spent, held) in found.items()}


_longest = [0.0]
_run = asyncio.Handle._run


def _timed(handle: asyncio.Handle) -> None:
    start = thread_time()
    _run(handle)
    _longest[0] = max(_longest[0], thread_time() - start)


def of_whole_pulls() -> Iterator[Figure]:
    log.configure(None, 40)
    asyncio.Handle._run = _timed  # type: ignore[method-assign]
    try:
        with portals() as port:
            found = {behaviour: asyncio.run(whole(port, behaviour)) for behaviour in BEHAVIOURS}
    finally:
        asyncio.Handle._run = _run  # type: ignore[method-assign]
    for behaviour, words in BEHAVIOURS.items():
        beside, stood = found[behaviour]["single"]
        for name, who in (("room-3", "room"), ("house", "house")):
            ours, held = found[behaviour][name]
            yield Figure(
                f"The same family: a whole pull of a {who}, {words}",
                f"{ours * 1e3:.1f} ms CPU, the loop held for {held * 1e3:.1f} ms",
                f"the single house {beside * 1e3:.1f} ms, {ours / beside:.1f} times; the loop held for {stood * 1e3:.1f} ms",
                "at most 3 times",
                ours <= 3 * beside,
            )


def figures() -> Iterator[Figure]:
    yield from of_steps()
    yield from of_whole_pulls()


def of_steps() -> Iterator[Figure]:
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
