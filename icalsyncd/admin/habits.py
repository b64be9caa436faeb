"""What is known of a portal that a host needs, in sentences: what to choose there, and how to hurry it."""

from __future__ import annotations

from icalsyncd.admin.overview import SyncRow
from icalsyncd.admin.sentences import day
from icalsyncd.availability.habits import Change, is_sticky
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.mirroring import mirrors
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
    rules = sync.ledger.rules
    closes = closing(sync.ledger)
    name = portal_name(sync)
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


def portal_name(sync: SyncRow) -> str:
    """The portal's name for people; as the config has it where it is not a known one."""
    portal = sync.ledger.channel.portal
    return profile(portal).name if profile(portal).id == portal else portal


def learned(sync: SyncRow) -> tuple[str, ...]:
    """What was learned of the portal, a sentence each."""
    ledger = sync.ledger
    habits = ledger.habits
    found: list[str] = []
    if habits.rhythm:
        found.append(
            f"It reads the link every {_span(habits.rhythm[0])}, and the longest pause was {_span(habits.rhythm[1])}."
        )
    if habits.shows:
        found.append(f"It shows what it has read after {_span(max(habits.shows))} at most.")
    if is_sticky(ledger):
        found.append(
            "It does not open again what it has imported. Where a stay was cancelled elsewhere, open the nights there by "
            "hand, or remove our calendar there and add it again."
        )
    elif habits.drops:
        waits = f"we wait {_span(ledger.delay)}{', as the config says' if ledger.channel.lag_is_given else ''}"
        found.append(f"It opens what it has read to be free after {_span(max(habits.drops))} at most; {waits}.")
    if habits.change:
        found.append(f"{_changed(habits.change)} We take that for what it is.")
    elif habits.form and habits.form != "whole":
        found.append(f"It shows what it has read {habits.form}.")
    if habits.goes_back:
        found.append("Now and then its calendar is an older one, so a night is free when two copies lack it.")
    if mirrors(ledger):
        found.append("It shows what other portals show before we tell it: take the link between them out.")
    return tuple(found)


def _changed(change: Change) -> str:
    first, last = change
    if first == last:
        return f"It shows what it has read {_counted(abs(first), 'day')} {'early' if first < 0 else 'late'}."
    before = f"{_counted(abs(first), 'night')} {'more' if first < 0 else 'less'} at the start" if first else ""
    after = f"{_counted(abs(last), 'night')} {'more' if last > 0 else 'less'} at the end" if last else ""
    return f"It shows what it has read with {' and '.join(part for part in (before, after) if part)}."


def _span(seconds: float) -> str:
    """A length of time, to a tenth of its unit: `30 min`, `2.5 h`."""
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{round(seconds / 3600, 1):g} h"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
