"""Who reads a link. A portal's link may lie in somebody else's hands too: a calendar of the host's, a monitor, a preview.

Readers are told apart by their program's product token. Until it is known which of them is the portal's, each of them is
only *perhaps* the portal: what one has read may be what the portal acts on, and proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from icalsyncd.availability.stamps import NONE, Moment, Stamps
from icalsyncd.calendars.nights import Nights, Stay, union

KEPT: Final = 4
"""Readers of one link that are told apart; the one that has not read for longest makes room."""
STEADY: Final = 3
"""Readings after which somebody is no passer-by."""
PASSES: Final = 86400.0
"""Seconds after which a passer-by is forgotten; a steady reader after three times as long."""
PROOFS: Final = 3
"""So many times the portal's calendar must have followed one reader, and none of the others, to know whose that is."""
_LONGEST: Final = 40

_PRODUCT: Final = re.compile(r"[^\s/(),;]+")


@dataclass(frozen=True, slots=True)
class Reader:
    """One program that reads a link."""

    product: str
    """Its product token, without version; empty where it does not say."""
    at: Moment
    """When it last read."""
    told: Stamps = NONE
    """The nights of the feed that it last read, each since its first such reading in a row."""
    times: int = 1
    """How often it was seen to read, up to :data:`STEADY`."""
    proofs: int = 0
    """How often the portal showed what it can only have from this reader, up to :data:`PROOFS`."""

    @property
    def is_steady(self) -> bool:
        return self.times >= STEADY


@lru_cache(64)
def product(agent: str) -> str:
    """The product token of a User-Agent, without its version: what stays the same while a program grows older."""
    found = _PRODUCT.search(agent)
    token = found[0][:_LONGEST] if found else ""
    return token if token.isprintable() else ""


def after_reading(readers: tuple[Reader, ...], agent: str, nights: Nights, now: Moment) -> tuple[Reader, ...]:
    """*readers* after the program *agent* has read a feed that holds *nights*; the last to read is the last."""
    name = product(agent)
    known = next((reader for reader in readers if reader.product == name), None)
    read = Reader(name, now, Stamps(((now, nights),) if nights else ()))
    if known is not None:
        read = replace(known, at=now, told=known.told.holding(nights, now), times=min(known.times + 1, STEADY))
    others = (
        reader
        for reader in readers
        if reader.product != name and now - reader.at < (3 * PASSES if reader.is_steady else PASSES)
    )
    return (*others, read)[-KEPT:]


def portals_own(readers: tuple[Reader, ...]) -> Reader | None:
    """The reader that is the portal's; None where that is not known."""
    if len(readers) == 1:
        return readers[0]
    proven = [reader for reader in readers if reader.proofs]
    return proven[0] if len(proven) == 1 and proven[0].proofs >= PROOFS else None


def perhaps(readers: tuple[Reader, ...]) -> tuple[Reader, ...]:
    """Those that may be the portal's."""
    own = portals_own(readers)
    return readers if own is None else (own,)


def perhaps_told(readers: tuple[Reader, ...]) -> Nights:
    """The nights that one at least of those who may be the portal's last read as taken."""
    return union(reader.told.nights for reader in perhaps(readers))


def followed(readers: tuple[Reader, ...], appeared: Iterable[Stay], seen: Moment, delay: float) -> tuple[Reader, ...]:
    """*readers* after the runs *appeared* in a good copy of the portal's calendar, the one before which was *seen* then.

    A run that only one of them had read in time tells whose program that is: the others had not read it, or had for so
    much longer than the portal takes to act (*delay*) that it would have been there before.
    """
    if len(readers) < 2:
        return readers
    proofs = dict.fromkeys((reader.product for reader in readers), 0)
    for run in appeared:
        nights = Nights.between(*run)
        able = [reader.product for reader in readers if _can_have_told(reader, nights, seen - delay)]
        if len(able) == 1 and any(_has_read(reader, nights) for reader in readers):
            proofs[able[0]] += 1
    if not any(proofs.values()):
        return readers
    return tuple(
        replace(reader, proofs=min(reader.proofs + proofs[reader.product], PROOFS))
        if proofs[reader.product]
        else reader
        for reader in readers
    )


def _has_read(reader: Reader, nights: Nights) -> bool:
    return nights <= reader.told.nights and _is_run(reader.told.nights, nights)


def _can_have_told(reader: Reader, nights: Nights, since: Moment) -> bool:
    return _has_read(reader, nights) and not nights <= reader.told.by(since)


def _is_run(told: Nights, nights: Nights) -> bool:
    first, end = nights.hull
    return told & Nights.between(first - 1, end + 1) == nights


def silent_since(readers: tuple[Reader, ...]) -> Moment | None:
    """The last reading of the one of them that may be the portal's and has not read for longest; None without any.

    A passer-by among them tells nothing.
    """
    able = perhaps(readers)
    steady = [reader.at for reader in able if reader.is_steady]
    return min(steady) if len(able) > 1 and steady else max((reader.at for reader in able), default=None)
