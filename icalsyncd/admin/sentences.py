"""How a sync is, and when something was or will be, in words that a host reads without knowing the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.status import safe_to_resume, state_of
from icalsyncd.availability.admission import CONFIRMATIONS
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.readers import portals_own
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import Night, Nights, Stay, date_of
from icalsyncd.state.view import has_feed

_SPANS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
_MAX_RUNS: Final = 4
DIRECTIONS: Final = {
    "bidirectional": "both ways",
    "export": "from us to the portal",
    "import": "from the portal to us",
}


def span(seconds: float) -> str:
    """A length of time, in its largest unit: `4 min`, `2 h`, `3 d`."""
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "less than a minute"


def ago(moment: Moment, now: Moment) -> str:
    """How long *moment* is past: `just now`, `4 min ago`."""
    return f"{span(now - moment)} ago" if now - moment >= 60 else "just now"


def clock_time(moment: Moment, now: Moment, zone: str) -> str:
    """*moment* on the accommodation's clock: `09:12` on the same day, else with its date."""
    local, today = (datetime.fromtimestamp(each, ZoneInfo(zone)) for each in (moment, now))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local.day} {local:%b}, {local:%H:%M}"


def absolute(moment: Moment) -> str:
    """*moment* to the second, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(night: Night) -> str:
    """The date of *night*: `Fri 10 Jul 2026`."""
    return _day(date_of(night))


def stretch(stay: Stay) -> str:
    """A range of nights: `the night of Fri 10 Jul 2026`, or `the 3 nights from Fri 10 Jul to Mon 13 Jul 2026`."""
    count = stay.check_out - stay.check_in
    if count == 1:
        return f"the night of {day(stay.check_in)}"
    return f"the {count} nights from {day(stay.check_in)} to {day(stay.check_out)}"


def runs(nights: Nights) -> str:
    """*nights* by their first and last mornings: `Fri 10 Jul to Mon 13 Jul 2026 and Sat 1 Aug to Mon 3 Aug 2026`."""
    stays = nights.stays()
    said = [_run(stay) for stay in stays[:_MAX_RUNS]]
    if len(stays) > _MAX_RUNS:
        said.append(f"{len(stays) - _MAX_RUNS} more times")
    return listed(said) if said else "no night"


def counted(count: int, noun: str) -> str:
    """`1 night`, `2 nights`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def state(overview: Overview, sync: SyncRow) -> str:
    """How a sync is, in one sentence."""
    ledger, facts, now = sync.ledger, sync.facts, overview.now
    zone = sync.house.state.ledger.timezone
    match state_of(ledger, facts):
        case "paused" if ledger.presence is Presence.KEPT:
            since = clock_time(ledger.since, now, zone)
            return f"Paused since {since} and kept as it was: nothing is pulled, and no night opens."
        case "paused":
            return f"Paused since {clock_time(ledger.since, now, zone)}. {_resuming(sync, now, zone)}"
        case "leaving":
            return _leaving(overview, sync, zone)
        case "never":
            return f"Not pulled yet{_next(overview, sync)}."
        case "failing":
            since = clock_time(facts.failing_since or now, now, zone)
            return f"Failing since {since}: {facts.detail or facts.reason or 'unknown'}{_next(overview, sync)}."
        case "held":
            times = max((lack.times for lack in ledger.held), default=0)
            freed = counted(len(ledger.retained), "night")
            return f"Held: {freed} would be freed, confirmed {times} of {CONFIRMATIONS}{_next(overview, sync)}."
        case "partial":
            kept = counted(len(ledger.retained), "night")
            events = counted(len(ledger.broken.fingerprints) if ledger.broken else 0, "event")
            return f"Partly unreadable: {events} could not be read, {kept} kept{_next(overview, sync)}."
        case _ if not ledger.channel.receives:
            return "Nothing to pull: it only sends."
        case _:
            return f"Pulled {_last_pull(sync, now)}{_next(overview, sync)}."


def reading(overview: Overview, sync: SyncRow) -> str:
    """When the portal last read the sync's feed, in one sentence."""
    if not has_feed(sync.ledger):
        return "It has no feed: it only receives."
    if sync.ledger.published:
        return "Its feed is published; who reads it there is not seen."
    if sync.ledger.last_fetch is None:
        return "Its portal has never read the link."
    return f"Its portal read the link {ago(sync.ledger.last_fetch, overview.now)}"


def is_unread(overview: Overview, sync: SyncRow) -> bool:
    """Whether the portal of a sync that sends has not read its feed for too long."""
    ledger = sync.ledger
    if ledger.presence not in (Presence.ACTIVE, Presence.KEPT) or not ledger.channel.sends or ledger.published:
        return False
    if ledger.surely_read_at is None:
        return False
    seen_from = max(ledger.surely_read_at, sync.house.state.ledger.awake_since)
    return overview.now - seen_from > ledger.patience()


def other_readers(sync: SyncRow) -> tuple[str, str] | None:
    """What is to be said, and what to do, where more than one program reads the link of *sync*; None where one does."""
    names = [reader.product or "one without a name" for reader in sync.ledger.readers if reader.is_steady]
    if len(names) < 2:
        return None
    own = portals_own(sync.ledger.readers)
    known = (
        "which of them is the portal's is not known" if own is None else f"the portal's is {own.product or 'nameless'}"
    )
    return (
        f"The link of {sync.whole} is read by {listed(names)}; {known}.",
        "A link is for its portal alone. Until it is known who is the portal, nights open later there. Take the link out "
        "of the other program, or give the portal a new one: raise its `link_generation`.",
    )


def _last_pull(sync: SyncRow, now: Moment) -> str:
    last = sync.facts.attempts.last
    return "at some time" if last is None else ago(last, now)


def _next(overview: Overview, sync: SyncRow) -> str:
    due = overview.next_pulls.get(sync.key)
    if due is None:
        return ""
    return f", next in {span(due - overview.now)}" if due - overview.now >= 60 else ", next in a moment"


def _resuming(sync: SyncRow, now: Moment, zone: str) -> str:
    safe = safe_to_resume(sync.ledger)
    if safe is None:
        return "Not safe to resume: its portal has still to read the empty feed."
    return "Safe to resume." if safe <= now else f"Safe to resume from {clock_time(safe, now, zone)} on."


def _leaving(overview: Overview, sync: SyncRow, zone: str) -> str:
    if sync.ledger.presence is Presence.GONE:
        return "Gone: it is no longer in the config, and its feed holds no nights."
    until = clock_time(sync.ledger.since + overview.removal_delay, overview.now, zone)
    return f"Leaving: no longer in the config, and kept as it was until {until}."


def _run(stay: Stay) -> str:
    first, last = date_of(stay.check_in), date_of(stay.check_out)
    return f"{first:%a} {first.day} {first:%b}{f' {first.year}' if first.year != last.year else ''} to {_day(last)}"


def _day(when: date) -> str:
    return f"{when:%a} {when.day} {when:%b} {when.year}"
