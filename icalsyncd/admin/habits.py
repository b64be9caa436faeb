"""What is known of a portal that a host needs, in sentences: what to choose there, and how to hurry it."""

from __future__ import annotations

from icalsyncd.admin.overview import SyncRow
from icalsyncd.admin.sentences import day
from icalsyncd.availability.habits import Change
from icalsyncd.availability.learning import is_sticky
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.mirroring import mirrors
from icalsyncd.availability.sifting import closing
from icalsyncd.calendars.nights import Night
from icalsyncd.config.portals import profile
from icalsyncd.language import decimal, listed, say, say_many
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
    if notice := rules.notice.since(today):
        until = day(notice.hull[1])
        found.append(
            say("{portal}'s own notice: closed there until {day}, and not told to the others.", portal=name, day=until)
            if notice.isdisjoint(closes)
            else say(
                "{portal}'s own notice: closed there until {day}, and at the others, too (`rules: close`).",
                portal=name,
                day=until,
            )
        )
    if window := rules.window.since(today):
        first = day(window.hull[0])
        found.append(
            say(
                "{portal}'s own booking window: closed there from {day} on, and not told to the others.",
                portal=name,
                day=first,
            )
            if window.isdisjoint(closes)
            else say(
                "{portal}'s own booking window: closed there from {day} on, and at the others, too (`rules: close`).",
                portal=name,
                day=first,
            )
        )
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
            say(
                "It reads the link every {time}, and the longest pause was {longest}.",
                time=_span(habits.rhythm[0]),
                longest=_span(habits.rhythm[1]),
            )
        )
    if habits.shows:
        found.append(say("It shows what it has read after {time} at most.", time=_span(max(habits.shows))))
    if is_sticky(ledger):
        found.append(
            say(
                "It does not open again what it has imported. Where a stay was cancelled elsewhere, open the nights there by "
                "hand, or remove our calendar there and add it again."
            )
        )
    elif habits.drops:
        found.append(_opens(_span(max(habits.drops)), _span(ledger.delay), given=ledger.channel.lag_is_given))
    if habits.change:
        found.append(_changed(habits.change))
        found.append(say("We take that for what it is."))
    elif habits.form and habits.form != "whole":
        found.append(_formed(habits.form))
    if habits.goes_back:
        found.append(say("Now and then its calendar is an older one, so a night is free when two copies lack it."))
    if mirrors(ledger):
        found.append(say("It shows what other portals show before we tell it: take the link between them out."))
    return tuple(found)


def _opens(after: str, wait: str, *, given: bool) -> str:
    if given:
        return say(
            "It opens what it has read to be free after {time} at most; we wait {wait}, as the config says.",
            time=after,
            wait=wait,
        )
    return say("It opens what it has read to be free after {time} at most; we wait {wait}.", time=after, wait=wait)


def _formed(form: str) -> str:
    match form:
        case "by night":
            return say("It shows what it has read night by night.")
        case "by month":
            return say("It shows what it has read cut at the ends of months.")
        case _:
            return say("It shows what it has read as one stay where it was several.")


def _changed(change: Change) -> str:
    first, last = change
    if first == last:
        if first < 0:
            return say_many(
                "It shows what it has read {count} day early.", "It shows what it has read {count} days early.", -first
            )
        return say_many(
            "It shows what it has read {count} day late.", "It shows what it has read {count} days late.", first
        )
    changes: list[str] = []
    if first:
        changes.append(
            say_many("{count} night more at the start", "{count} nights more at the start", -first)
            if first < 0
            else say_many("{count} night less at the start", "{count} nights less at the start", first)
        )
    if last:
        changes.append(
            say_many("{count} night more at the end", "{count} nights more at the end", last)
            if last > 0
            else say_many("{count} night less at the end", "{count} nights less at the end", -last)
        )
    return say("It shows what it has read with {changes}.", changes=listed(changes))


def _span(seconds: float) -> str:
    """A length of time, to a tenth of its unit: `30 min`, `2.5 h`."""
    if seconds < 5400:
        return say("{number} min", number=f"{seconds / 60:.0f}")
    return say("{number} h", number=decimal(round(seconds / 3600, 1)))
