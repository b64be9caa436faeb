"""What lies on the disk: it is what was heard, of those who take part; and no feed opens a night before that is on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation import seam
from tests.simulation.calendars import Night, read
from tests.simulation.knowledge import SETTLING
from tests.simulation.world import MINUTE

if TYPE_CHECKING:
    from tests.simulation.play import Play

_AT_REST: Final = MINUTE
"""Seconds for which nothing is to have happened to what is looked at."""


def nights_on_disk(play: Play) -> dict[str, frozenset[Night]] | None:
    """What a start would tell, by the first names of the syncs; None while all that is known is stored within moments."""
    disk = play.machine.disk
    return seam.offered_on_disk(disk.state) if disk.full or disk.slow else None


def judge_opened(
    play: Play,
    name: str,
    told: frozenset[Night],
    before: dict[str, frozenset[Night]] | None,
    after: dict[str, frozenset[Night]] | None,
) -> None:
    """Whether a feed opens what a start from the disk would close, by what lay there *before* the question and *after*."""
    if before is None or after is None:
        return
    kept = before.get(name, frozenset()) & after.get(name, frozenset())
    opened = sorted(night for night in kept - told if night >= play.oracle.today() + 2)
    if opened:
        play.oracle.find("opened before it was stored", f"{name}: {[night - play.oracle.first for night in opened]}")


def look_at_copies(play: Play) -> None:
    """Whether the stored copies are what the portals said last, and none is left of a sync that is paused."""
    oracle, disk, now = play.oracle, play.machine.disk, play.world.now
    quiet = now - _AT_REST
    if not oracle.is_up() or disk.full or disk.slow or max(oracle.broken_at, oracle.disk_well_since or now) > quiet:
        return
    copies = seam.copies_on_disk(disk.state)
    for place, plan in play.household.syncs().items():
        name = plan.first_name
        if max(oracle.changed.get(name, 0.0), oracle.saves[-1]) > quiet:
            continue
        if plan.paused and name in copies:
            oracle.find("a copy of one that is paused", "/".join(place))
        known = oracle.known.get(name)
        if not plan.receives or known is None or known.heard is None or known.heard_at > now - SETTLING:
            continue
        stored = frozenset(read(copies[name]) or ()) if name in copies else None
        if stored != known.heard.events:
            lacks = "nothing lies there" if stored is None else f"{len(stored ^ known.heard.events)} events differ"
            oracle.find("not the copy that came last", f"{'/'.join(place)}: {lacks}")
