"""What the kin of an accommodation take, by whom: for people, and for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from icalsyncd.availability.ledger import Ledger
from icalsyncd.calendars.nights import EMPTY, Night, Nights
from icalsyncd.language import say

LOCAL: Final = "local"
"""The origin of the host's own blocks."""


def taken_beside(ledger: Ledger) -> dict[str, Nights]:
    """The nights that the kin take, by their origins: `accommodation/sync`, or `accommodation/local` for a block.

    Where none of them takes a night, those who may have taken it.
    """
    found: dict[str, Nights] = {}
    for kin, taking in ledger.kin.items():
        for name, nights in taking.origins:
            found[f"{kin}/{name}"] = nights
        for name, nights in taking.doubts:
            if alone := nights - ledger.kin.taken:
                found[f"{kin}/{name}"] = found.get(f"{kin}/{name}", EMPTY) | alone
    return found


def takers_beside(ledger: Ledger, night: Night) -> tuple[str, ...]:
    """The origins of *night* at the kin."""
    return tuple(origin for origin, nights in taken_beside(ledger).items() if night in nights)


def is_block(origin: str) -> bool:
    """Whether *origin*, of an accommodation or of its kin, is a block of the host's."""
    return origin.rpartition("/")[2] == LOCAL


def because(origin: str, names: Mapping[str, str]) -> str:
    """Why a night is closed that *origin* takes at a kin; *names* are the accommodations' names for people."""
    kin, _, name = origin.partition("/")
    called = names.get(kin, kin)
    if name == LOCAL:
        return say("{house} is taken by your own block", house=called)
    return say("{house} is booked at {portal}", house=called, portal=name)
