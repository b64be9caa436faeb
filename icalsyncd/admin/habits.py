"""What is known of a portal that a host needs, in sentences: what to choose there, and how to hurry it."""

from __future__ import annotations

from icalsyncd.admin.overview import SyncRow
from icalsyncd.availability.ledger import Presence
from icalsyncd.config.portals import profile
from icalsyncd.language import say
from icalsyncd.state.view import has_feed


def needed_facts(sync: SyncRow, *, late: bool) -> tuple[str, ...]:
    """The facts of the portal that the host needs as things stand: before it is first read, and while it has yet to
    read what has changed. *late*: it has not read for too long."""
    ledger, known = sync.ledger, profile(sync.ledger.channel.portal)
    found: list[str] = []
    if ledger.presence not in (Presence.ACTIVE, Presence.KEPT):
        return ()
    if known.export and ledger.channel.receives and ledger.pulled_at is None:
        found.append(
            say("At {portal} choose, for the calendar that we pull: {what}.", portal=known.name, what=known.export)
        )
    if not has_feed(ledger) or ledger.published:
        return tuple(found)
    if known.limits and ledger.last_fetch is None:
        found.append(say("{portal}: {what}.", portal=known.name, what=known.limits))
    behind = ledger.told is None or ledger.told.nights != ledger.offered.nights
    if known.refresh and (late or behind):
        found.append(say("To have {portal} read at once: {what}.", portal=known.name, what=known.refresh))
    return tuple(found)
