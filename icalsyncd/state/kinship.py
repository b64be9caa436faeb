"""States of accommodations that share units: whatever is put of one changes those of its kin in the same step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from icalsyncd.availability.families import joined, rejoined, related
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.stamps import Moment
from icalsyncd.state.state import State


def with_kin(current: Mapping[str, State], put: Mapping[str, State | None], now: Moment) -> Mapping[str, State | None]:
    """*put* (None: the accommodation has left), and beside it the states of the kin that change with it.

    What shares nothing, as most houses do, costs nothing.
    """
    regrouped = any(_parts(current.get(each)) != _parts(state) for each, state in put.items())
    if not regrouped and not any(state is not None and state.ledger.kin for state in put.values()):
        return put
    after = _Ledgers(current, put)
    moved = rejoined({name: after[name] for name in after}, now, put) if regrouped else joined(after, put, now)
    states = dict(put)
    for name, ledger in moved.items():
        state = put.get(name) or current[name]
        states[name] = state.with_ledger(ledger, now)
    return states


def as_kin(states: Mapping[str, State]) -> Mapping[str, State]:
    """*states* as they were stored, each with what its kin take: that is not stored, since it follows from the rest."""
    ledgers = {name: state.ledger for name, state in states.items()}
    # what is certain depends on what the kin's portals show
    ledgers = related(related(ledgers))
    return {
        name: state if ledgers[name] is state.ledger else replace(state, ledger=ledgers[name])
        for name, state in states.items()
    }


def _parts(state: State | None) -> tuple[tuple[str, ...], frozenset[str]]:
    """What decides whom an accommodation is kin to."""
    return (state.ledger.parts, state.ledger.units) if state is not None else ((), frozenset())


class _Ledgers(Mapping[str, Ledger]):
    """The ledgers as they will be, without a copy of all of them."""

    def __init__(self, current: Mapping[str, State], put: Mapping[str, State | None]) -> None:
        self._current = current
        self._put = put

    def __getitem__(self, name: str) -> Ledger:
        state = self._put[name] if name in self._put else self._current[name]
        if state is None:
            raise KeyError(name)
        return state.ledger

    def __iter__(self) -> Iterator[str]:
        for name in dict.fromkeys((*self._current, *self._put)):
            if name not in self._put or self._put[name] is not None:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)
