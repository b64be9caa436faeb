"""How a sync is, and when something was or will be, in words that a host reads without knowing the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.status import safe_to_resume, state_of
from icalsyncd.admin.unsafe import is_late
from icalsyncd.availability.admission import CONFIRMATIONS
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import Night, Nights, Stay, date_of
from icalsyncd.language import (
    SOURCE,
    day_of_month,
    day_of_week,
    day_of_year,
    listed,
    say,
    say_many,
    spoken,
    time_of_day,
)
from icalsyncd.state.view import has_feed

_MAX_RUNS: Final = 4
DAY: Final = 86_400.0
HOUR: Final = 3_600.0
MINUTE: Final = 60.0


def way(direction: str) -> str:
    """A direction, for people."""
    match direction:
        case "bidirectional":
            return say("both ways")
        case "export":
            return say("from us to the portal")
        case _:
            return say("from the portal to us")


def ago(moment: Moment, now: Moment) -> str:
    """How long *moment* is past: `just now`, `4 min ago`."""
    seconds = now - moment
    if seconds >= DAY:
        return say("{count} d ago", count=int(seconds // DAY))
    if seconds >= HOUR:
        return say("{count} h ago", count=int(seconds // HOUR))
    return say("{count} min ago", count=int(seconds // MINUTE)) if seconds >= MINUTE else say("just now")


def clock_time(moment: Moment, now: Moment, zone: str) -> str:
    """*moment* on the accommodation's clock: `09:12` on the same day, else with its date."""
    local, today = (datetime.fromtimestamp(each, ZoneInfo(zone)) for each in (moment, now))
    time = time_of_day(local)
    return time if local.date() == today.date() else say("{day}, {time}", day=day_of_month(local.date()), time=time)


def absolute(moment: Moment) -> str:
    """*moment* to the second, in UTC."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(night: Night) -> str:
    """The date of *night*: `Fri 10 Jul 2026`."""
    return day_of_year(date_of(night))


def runs(nights: Nights) -> str:
    """*nights* by their first and last mornings: `Fri 10 Jul to Mon 13 Jul 2026 and Sat 1 Aug to Mon 3 Aug 2026`."""
    stays = nights.stays()
    said = [run(stay) for stay in stays[:_MAX_RUNS]]
    if len(stays) > _MAX_RUNS:
        more = len(stays) - _MAX_RUNS
        said.append(say_many("{count} more time", "{count} more times", more))
    return listed(said) if said else say("no night")


def run(stay: Stay) -> str:
    """A range by its first and last mornings: `Fri 10 Jul to Mon 13 Jul 2026`."""
    first, last = date_of(stay.check_in), date_of(stay.check_out)
    began = day_of_week(first) if first.year == last.year else day_of_year(first)
    return say("{first} to {last}", first=began, last=day_of_year(last))


def badge(word: str) -> str:
    """The one word for how a sync is, for people."""
    match word:
        case "ok":
            return say("well")
        case "failing":
            return say("failing")
        case "held":
            return say("held")
        case "partial":
            return say("partial")
        case "paused":
            return say("paused")
        case "leaving":
            return say("leaving")
        case _:
            return say("never pulled")


def state(overview: Overview, sync: SyncRow) -> str:
    """How a sync is, in one sentence."""
    ledger, facts, now = sync.ledger, sync.facts, overview.now
    zone = sync.house.state.ledger.timezone
    match state_of(ledger, facts):
        case "paused":
            return _paused(sync, now, zone)
        case "leaving" if ledger.presence is Presence.GONE:
            return say("Gone: it is no longer in the config, and its feed holds no nights.")
        case "leaving":
            until = clock_time(ledger.since + overview.removal_delay, now, zone)
            return say("Leaving: no longer in the config, and kept as it was until {time}.", time=until)
        case "never":
            return say("Not pulled yet.")
        case "failing":
            since = clock_time(facts.failing_since or now, now, zone)
            return say("Failing since {time}: {why}.", time=since, why=why_failing(sync))
        case "held":
            return say_many(
                "Held: {count} night would be freed, confirmed {times} of {wanted}.",
                "Held: {count} nights would be freed, confirmed {times} of {wanted}.",
                len(ledger.retained),
                times=max((lack.times for lack in ledger.held), default=0),
                wanted=CONFIRMATIONS,
            )
        case "partial":
            return say_many(
                "Partly unreadable: {count} event could not be read; nights kept: {nights}.",
                "Partly unreadable: {count} events could not be read; nights kept: {nights}.",
                len(ledger.broken.fingerprints) if ledger.broken else 0,
                nights=len(ledger.retained),
            )
        case _ if not ledger.channel.receives:
            return say("Nothing to pull: it only sends.")
        case _ if facts.attempts.last is None:
            return say("Pulled at some time.")
        case _:
            return say("Pulled {ago}.", ago=ago(facts.attempts.last, now))


def next_pull(overview: Overview, sync: SyncRow) -> str:
    """When the portal is asked next, in one sentence; empty where it is not."""
    due = overview.next_pulls.get(sync.key)
    if due is None or sync.ledger.presence is not Presence.ACTIVE:
        return ""
    seconds = due - overview.now
    if seconds >= HOUR:
        return say("Next in {count} h.", count=int(seconds // HOUR))
    return say("Next in {count} min.", count=int(seconds // MINUTE)) if seconds >= MINUTE else say("Next in a moment.")


def _paused(sync: SyncRow, now: Moment, zone: str) -> str:
    ledger = sync.ledger
    since = clock_time(ledger.since, now, zone)
    if ledger.presence is Presence.KEPT:
        return say("Paused since {time} and kept as it was: nothing is pulled, and no night opens.", time=since)
    safe = safe_to_resume(ledger)
    if safe is None:
        return say("Paused since {time}. Not safe to resume: its portal has still to read the empty feed.", time=since)
    if safe <= now:
        return say("Paused since {time}. Safe to resume.", time=since)
    return say("Paused since {time}. Safe to resume from {safe} on.", time=since, safe=clock_time(safe, now, zone))


def why_failing(sync: SyncRow) -> str:
    """Why a portal gave no calendar: in the words of the log, which say most, or in those of the language."""
    facts = sync.facts
    words = reason_words(facts.reason) if facts.reason is not None else say("unknown")
    if not facts.detail:
        return words
    return facts.detail if spoken() == SOURCE else say("{what} ({detail})", what=words, detail=facts.detail)


def reason_words(reason: Reason) -> str:
    """Why a portal gave no calendar, within a sentence."""
    match reason:
        case Reason.TIMEOUT:
            return say("it did not answer in time")
        case Reason.DNS | Reason.CONNECT | Reason.TLS:
            return say("it cannot be reached")
        case Reason.ADDRESS_REFUSED:
            return say("its address is not one that may be asked")
        case Reason.REDIRECT:
            return say("it sends us on to another address")
        case Reason.HTTP_4XX:
            return say("it refuses its calendar")
        case Reason.HTTP_429:
            return say("it wants to be asked less often")
        case Reason.HTTP_5XX:
            return say("it has a fault of its own")
        case Reason.NOT_CALENDAR:
            return say("what it sends is not a calendar")
        case Reason.TRUNCATED:
            return say("its calendar was cut off")
        case Reason.EMPTY:
            return say("its answer is empty")
        case Reason.TOO_LARGE | Reason.TOO_MANY_EVENTS:
            return say("its calendar is too large")
        case Reason.STORE:
            return say("its calendar could not be stored")
        case Reason.NO_URL:
            return say("its URL is not known")
        case _:
            return say("a fault of icalsyncd; the log says more")


def reading(overview: Overview, sync: SyncRow) -> str:
    """When the portal last read the sync's feed, in one sentence."""
    if not has_feed(sync.ledger):
        return say("It has no feed: it only receives.")
    if sync.ledger.published:
        return say("Its feed is published; who reads it there is not seen.")
    if sync.ledger.last_fetch is None:
        return say("Its portal has never read the link.")
    when, reader = ago(sync.ledger.last_fetch, overview.now), sync.facts.reader
    if reader:
        return say("Its portal read the link {ago} as {reader}.", ago=when, reader=reader)
    return say("Its portal read the link {ago}.", ago=when)


def is_unread(overview: Overview, sync: SyncRow) -> bool:
    """Whether the portal of a sync that sends has not read its feed for too long."""
    return is_late(sync.ledger, sync.house.state.ledger, overview.now)
