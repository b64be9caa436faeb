"""A process that commits to a store as fast as it can, and says each number that is durable."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.state.commit import Commit
from icalsyncd.state.copy import Copies, Copy, Role
from icalsyncd.state.database import Place, Server
from icalsyncd.state.state import Facts, State
from icalsyncd.state.store import Store

P = TypeVar("P", Path, Server, Place)
KEY = ("house/s", Role.SNAPSHOT)


def numbered(number: int) -> State:
    """A state in which every part bears *number*."""
    sync = SyncLedger(Channel("portal", receives=True, sends=True), Link("house/s"), pulled_at=float(number))
    facts = Facts(copies=Copies(Copy()), last_success=float(number))
    return State(Ledger(today=number, syncs={"s": sync, "t": replace(sync, link=Link("house/t"))}), {"s": facts})


def body_of(number: int) -> bytes:
    """A body of some kilobytes that bears *number*."""
    return b"%d " % number * 2000


def made(place: P, number: int = 7) -> P:
    """A store in which something is stored."""
    store = Store(place)
    store.commit(Commit(5.0, {"house": (None, numbered(number))}, {KEY: body_of(number)}, ("mark", 3.0)))
    store.close()
    return place


def files(path: Path) -> list[str]:
    """The names of all that lies in the folder of the file at *path*."""
    return sorted(each.name for each in path.parent.iterdir())


def write(place: Place, most: int) -> None:
    store = Store(place)
    stored = store.load()
    before = stored.states.get("house")
    first = before.ledger.today + 1 if before else 1
    print("open", flush=True)
    for number in count(first):
        if number == first + most:
            return
        after = numbered(number)
        store.commit(Commit(float(number), {"house": (before, after)}, {KEY: body_of(number)}))
        before = after
        print(number, flush=True)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    write(Server(sys.argv[3], file.parent) if sys.argv[3:] else file, int(sys.argv[2]))
