"""What is known of a portal that a host needs, in sentences: what to choose there, and how to hurry it."""

from __future__ import annotations

from icalsyncd.admin.overview import SyncRow
from icalsyncd.admin.sentences import day
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.rules import closing
from icalsyncd.calendars.nights import Night
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


def own_rules(sync: SyncRow, today: Night) -> tuple[str, ...]:
    """What the portal closes by its own settings, a sentence each."""
    known, rules = profile(sync.ledger.channel.portal), sync.ledger.rules
    closes = closing(sync.ledger)
    name = known.name if known.id == sync.ledger.channel.portal else sync.ledger.channel.portal
    found: list[str] = []
    for what, nights in (("notice", rules.notice.since(today)), ("booking window", rules.window.since(today))):
        if nights:
            first, end = nights.hull
            span = f"from {day(first)} on" if what == "booking window" else f"until {day(end)}"
            others = (
                "and at the others, too (`rules: close`)"
                if not nights.isdisjoint(closes)
                else "and not told to the others"
            )
            found.append(f"{name}'s own {what}: closed there {span}, {others}.")
    return tuple(found)
