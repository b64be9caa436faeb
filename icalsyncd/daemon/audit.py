"""What the log says of nights: which were freed or closed, at which portals some opened, and why; one line each.

Found by comparing two ledgers of one accommodation, whatever changed the one into the other: a copy, a command, an edit of
the config, or time. A line holds dates and names of the config, nothing that a portal wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from icalsyncd import log
from icalsyncd.availability.explanation import OWN_BLOCK
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.offers import Trouble, blocked
from icalsyncd.calendars.nights import EMPTY, Nights, Stay

_MAX_LISTED: Final = 12
_PRESENCES: Final = {
    Presence.ACTIVE: "takes part again",
    Presence.PAUSED: "is paused",
    Presence.KEPT: "is paused, and kept as it was",
    Presence.LEAVING: "is leaving, it is no longer in the config",
    Presence.GONE: "has left",
}


class Entry(NamedTuple):
    """One line."""

    event: str
    said: dict[str, str]


def log_changes(accommodation: str, before: Ledger | None, after: Ledger) -> None:
    """Log how the nights of *accommodation* have changed from *before*, None if it is new, to *after*."""
    for entry in entries(before or Ledger(after.today), after):
        log.info(entry.event, accommodation=accommodation, **entry.said)


def log_trouble(accommodation: str, before: Trouble | None, now: Trouble) -> None:
    """Log when overbooked nights and possible ghosts of *accommodation* begin, and when they end."""
    none = Nights()
    for words, was, nights in (
        ("overbooked", before.overbooked if before else none, now.overbooked),
        ("perhaps booked twice", before.perhaps_two if before else none, now.perhaps_two),
        ("possible ghost", before.possible_ghosts if before else none, now.possible_ghosts),
    ):
        for stay in (nights - was).stays():
            log.warning(f"{words}: begins", accommodation=accommodation, nights=str(stay))
        for stay in (was - nights).stays():
            log.info(f"{words}: ended", accommodation=accommodation, nights=str(stay))


def entries(before: Ledger, after: Ledger) -> Iterator[Entry]:
    """The lines of a change, in the order in which it is understood: what was done, then what that did."""
    yield from _acts(before, after)
    was, now = blocked(before).since(after.today), blocked(after).since(after.today)
    if freed := was - now:
        yield Entry("nights freed", {"nights": dates(freed), "why": _why(before, after, freed)})
    if closed := now - was:
        yield Entry("nights closed", {"nights": dates(closed), "why": _why(before, after, closed)})
    for name, sync in after.syncs.items():
        known = before.syncs.get(name)
        if known is None or known.offered is sync.offered:
            continue
        # still taken, but no longer in this feed; what was freed everywhere has its own line
        if opened := (known.offered.nights - sync.offered.nights).since(after.today) & now - sync.claimed:
            yield Entry(
                "nights opened at a portal, though taken",
                {"sync": name, "nights": dates(opened), "why": _why(before, after, opened)},
            )


def dates(nights: Nights) -> str:
    """*nights* as half-open ranges of dates, from arrival to departure."""
    stays = nights.stays()
    shown = " ".join(map(str, stays[:_MAX_LISTED]))
    return f"{shown} and {len(stays) - _MAX_LISTED} more" if len(stays) > _MAX_LISTED else shown


def _acts(before: Ledger, after: Ledger) -> Iterator[Entry]:
    """What the host did, or what time ended."""
    if before.blocks != after.blocks:
        was, now = ({block.stay: block.leaving_since for block in each.blocks} for each in (before, after))
        for stay, leaving in now.items():
            if stay not in was:
                yield Entry("a block was added", {"nights": str(stay)})
            elif (leaving is None) != (was[stay] is None):
                words = "is back in the config" if leaving is None else "is leaving: no longer in the config"
                yield Entry(f"a block {words}", {"nights": str(stay)})
        for stay in was:
            if stay not in now:
                yield Entry("a block has left", {"nights": str(stay)})
    for name, sync in after.syncs.items():
        known = before.syncs.get(name)
        if known is not None and known.presence is not sync.presence:
            yield Entry(f"a sync {_PRESENCES[sync.presence]}", {"sync": name})


def _why(before: Ledger, after: Ledger, nights: Nights) -> str:
    causes = [*_blocks(before, after, nights)]
    for name in dict.fromkeys((*before.syncs, *after.syncs)):
        was, now = before.syncs.get(name), after.syncs.get(name)
        if cause := _cause(was, now, nights):
            causes.append(f"{name} {cause}")
    for kin in dict.fromkeys((*before.kin, *after.kin)):
        if before.kin.get(kin) is after.kin.get(kin):
            continue
        had, has = (
            each.kin[kin].taken | each.kin[kin].doubted if kin in each.kin else EMPTY for each in (before, after)
        )
        if (had ^ has) & nights:
            causes.append(f"{kin} {'has them' if has & nights else 'no longer has them'}")
    return "; ".join(causes) or "judged anew"


def _blocks(before: Ledger, after: Ledger, nights: Nights) -> Iterator[str]:
    if before.blocks == after.blocks:
        return
    was, now = ({block.stay for block in each.blocks} for each in (before, after))
    if _touches(now - was, nights):
        yield OWN_BLOCK
    if _touches(was - now, nights):
        yield f"{OWN_BLOCK} has left the config"


def _touches(stays: set[Stay], nights: Nights) -> bool:
    return bool(Nights.of_stays(stays) & nights)


def _cause(was: SyncLedger | None, now: SyncLedger | None, nights: Nights) -> str:
    """What changed in one sync and explains these nights; empty if nothing did."""
    if was is None or now is None:
        sync = was or now
        touched = sync is not None and bool((sync.claimed | sync.offered.nights) & nights)
        return ("is new" if was is None else "has left") if touched else ""
    if was.presence is not now.presence:
        seen = was.claimed | now.claimed | was.offered.nights | now.offered.nights
        return _PRESENCES[now.presence] if seen & nights else ""
    if was.claims is now.claims and was.silent is now.silent:
        return ""
    gone, come = (was.claimed - now.claimed) & nights, (now.claimed - was.claimed) & nights
    if gone & was.retained:
        return "no longer keeps what its calendar lacks"
    if gone and gone <= now.rules.nights:
        return "closes them by its own settings: that is no booking"
    if gone or come:
        return "no longer shows them" if gone else "shows them"
    if was.silent is not now.silent and (was.genuine ^ now.genuine) & nights:
        return "does not read its feed" if now.silent else "reads its feed again"
    return "is judged anew" if (was.genuine ^ now.genuine) & nights else ""
