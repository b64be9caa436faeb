"""What an accommodation waits for before it frees nights or is complete, in words for the host."""

from __future__ import annotations

from icalsyncd.availability.admission import CONFIRMATIONS
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.availability.narrowing import gives_up_direction, takes_back_settings


def waits(ledger: Ledger, sync: str | None) -> list[str]:
    """All that is waited for; of one *sync*, or of the whole accommodation if it is None."""
    found: list[str] = []
    for name, known in ledger.syncs.items():
        if sync in (None, name):
            found.extend(f"{name}: {wait}" for wait in _waits_of(known))
    if sync is None:
        found.extend(f"the block {block.stay} is leaving" for block in ledger.blocks if block.leaving_since is not None)
        if ledger.shrinking:
            found.append("smaller buffers wait")
        if ledger.parting:
            gone = [part for part in ledger.parts if part not in ledger.parting.parts]
            found.append(f"parts are leaving: {', '.join(gone)}")
    return found


def _waits_of(sync: SyncLedger) -> list[str]:
    found: list[str] = []
    if sync.held:
        times = max(lack.times for lack in sync.held)
        found.append(f"held, confirmed {times} of {CONFIRMATIONS}")
    if sync.broken:
        found.append("events that cannot be read keep their nights")
    if sync.presence is Presence.LEAVING:
        found.append("leaving")
    if gives_up_direction(sync):
        found.append("a direction is being given up")
    if sync.narrowing and takes_back_settings(sync):
        found.append("settings that are no longer in the config count on; accepted, nights that they alone close open")
    if sync.presence is Presence.ACTIVE and sync.channel.receives and sync.pulled_at is None and not sync.counted_empty:
        found.append("never pulled; accepted, it counts as empty: nights that are taken there look free")
    return found
