"""What needs the host of one sync: a portal that fails, a copy that is held, a pause, a link that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from icalsyncd.admin.concern import Concern
from icalsyncd.admin.matters import Matter
from icalsyncd.admin.overview import Overview, SyncRow
from icalsyncd.admin.sentences import clock_time, is_unread, runs, why_failing
from icalsyncd.admin.status import state_of
from icalsyncd.availability.ledger import Presence, SyncLedger
from icalsyncd.availability.pausing import Pause, pauses
from icalsyncd.availability.readers import portals_own
from icalsyncd.calendars.nights import Nights
from icalsyncd.language import listed, say, say_many
from icalsyncd.state.view import House

INTERVALS_OF_PATIENCE: Final = 2
"""Intervals within which a failing portal mostly recovers without help."""
_MAX_LISTED: Final = 8


def of_pauses(overview: Overview, accommodation: str, house: House) -> Iterator[Concern]:
    """Pauses that leave taken nights open."""
    ledger = house.state.ledger
    for pause in pauses(ledger):
        if pause.sold or pause.unknown:
            whole = f"{accommodation}/{pause.sync}"
            since = clock_time(pause.since, overview.now, ledger.timezone)
            yield Concern(
                Matter.PAUSED,
                _paused(pause, whole, since),
                say(
                    "Any of them can be sold twice. Once it is safe to resume: {command}",
                    command=f"icalsyncd resume {whole}",
                ),
                accommodation,
                pause.sync,
            )


def _paused(pause: Pause, whole: str, since: str) -> str:
    sold = say_many(
        "{sync} is paused since {time}: {count} night that it sold is open everywhere else ({nights}).",
        "{sync} is paused since {time}: {count} nights that it sold are open everywhere else ({nights}).",
        len(pause.sold),
        sync=whole,
        time=since,
        nights=runs(pause.sold),
    )
    unknown = say_many(
        "{sync} is paused since {time}: {count} night taken elsewhere is open there ({nights}).",
        "{sync} is paused since {time}: {count} nights taken elsewhere are open there ({nights}).",
        len(pause.unknown),
        sync=whole,
        time=since,
        nights=runs(pause.unknown),
    )
    if not pause.unknown:
        return sold
    if not pause.sold:
        return unknown
    both = {"sync": whole, "time": since, "sold": runs(pause.sold), "unknown": runs(pause.unknown)}
    if len(pause.unknown) == 1:
        return say_many(
            "{sync} is paused since {time}: {count} night that it sold is open everywhere else, and 1 night taken elsewhere "
            "is open there (sold: {sold}; taken elsewhere: {unknown}).",
            "{sync} is paused since {time}: {count} nights that it sold are open everywhere else, and 1 night taken "
            "elsewhere is open there (sold: {sold}; taken elsewhere: {unknown}).",
            len(pause.sold),
            **both,
        )
    return say_many(
        "{sync} is paused since {time}: {count} night that it sold is open everywhere else, and {more} nights taken "
        "elsewhere are open there (sold: {sold}; taken elsewhere: {unknown}).",
        "{sync} is paused since {time}: {count} nights that it sold are open everywhere else, and {more} nights taken "
        "elsewhere are open there (sold: {sold}; taken elsewhere: {unknown}).",
        len(pause.sold),
        more=len(pause.unknown),
        **both,
    )


def of_sync(overview: Overview, sync: SyncRow) -> Iterator[Concern]:
    """All else of one sync."""
    ledger, facts, now = sync.ledger, sync.facts, overview.now
    zone = sync.house.state.ledger.timezone
    where = (sync.accommodation, sync.name)
    if ledger.link.refused:
        yield Concern(
            Matter.LINK_ENDED,
            say(
                "{sync} keeps its link: {key} has ended, and does not work again.",
                sync=sync.whole,
                key=f"`link_generation: {ledger.link.refused}`",
            ),
            say(
                "Write {key} for the link that it has, or {next} for a new one.",
                key=f"`link_generation: {ledger.link.generation}`",
                next=max(ledger.link.ended, ledger.link.generation) + 1,
            ),
            *where,
        )
    match state_of(ledger, facts):
        case "failing" if facts.failing_since is not None:
            if now - facts.failing_since > INTERVALS_OF_PATIENCE * overview.intervals.get(sync.key, 0.0):
                yield Concern(
                    Matter.FAILING,
                    say(
                        "{sync} has been failing since {time}: {why}.",
                        sync=sync.whole,
                        time=clock_time(facts.failing_since, now, zone),
                        why=why_failing(sync),
                    ),
                    say("What it said last counts until it answers again. Look whether its URL still works."),
                    *where,
                )
        case "held":
            yield Concern(
                Matter.HELD,
                say_many(
                    "{sync} is held: its calendar suddenly lacks {count} night: {nights}.",
                    "{sync} is held: its calendar suddenly lacks {count} nights: {nights}.",
                    len(ledger.retained),
                    sync=sync.whole,
                    nights=runs(ledger.retained),
                ),
                say("Look at the portal. If they are free indeed: {command}", command=f"icalsyncd accept {sync.whole}"),
                *where,
            )
        case "partial":
            yield Concern(
                Matter.PARTIAL,
                say(
                    "{sync} is partial: some of it cannot be read, and no night is freed until it is whole; kept: {nights}.",
                    sync=sync.whole,
                    nights=runs(ledger.retained),
                )
                if ledger.retained
                else say(
                    "{sync} is partial: some of it cannot be read, and no night is freed until it is whole.",
                    sync=sync.whole,
                ),
                say("Look at the portal's calendar for what is unusual in it."),
                *where,
                details=facts.problems[:_MAX_LISTED],
            )
        case "leaving" if ledger.presence is Presence.LEAVING:
            until = clock_time(ledger.since + overview.removal_delay, now, zone)
            its = ledger.genuine.since(sync.house.state.ledger.today)
            yield Concern(
                Matter.LEAVING,
                say(
                    "{sync} is leaving, it is no longer in {file}: at {time} its nights open: {nights}.",
                    sync=sync.whole,
                    file=overview.file,
                    time=until,
                    nights=runs(its),
                )
                if its
                else say(
                    "{sync} is leaving, it is no longer in {file}: at {time} it ends.",
                    sync=sync.whole,
                    file=overview.file,
                    time=until,
                ),
                say("If that was not meant, put it back before then, and nothing has happened."),
                *where,
            )
        case "paused" if ledger.presence is Presence.KEPT:
            yield Concern(
                Matter.KEPT,
                say(
                    "{sync} is paused since {time} and kept as it was: what its portal sells since is not known.",
                    sync=sync.whole,
                    time=clock_time(ledger.since, now, zone),
                ),
                say(
                    "Its nights stay closed elsewhere, and its feed opens none. To go on: {command}",
                    command=f"icalsyncd resume {sync.whole}",
                ),
                *where,
            )
        case _:
            pass
    if ledger.narrowing and ledger.presence is Presence.ACTIVE:
        until = clock_time(ledger.narrowing.since + overview.removal_delay, now, zone)
        yield Concern(
            Matter.LEAVING,
            say("{sync} gives up a direction: it is leaving at {time}.", sync=sync.whole, time=until),
            say(
                "If that was not meant, put it back before then. To have it now: {command}",
                command=f"icalsyncd accept {sync.whole}",
            ),
            *where,
        )
    if several := _other_readers(sync):
        yield Concern(
            Matter.SECOND_READER,
            several,
            say(
                "A link is for its portal alone, and until it is known which of them is the portal's, nights open later "
                "there. Take the link out of the other program, or give the portal a new one: raise its {key}.",
                key="`link_generation`",
            ),
            *where,
        )
    if is_unread(overview, sync) and ledger.surely_read_at is not None:
        untold = _untold(ledger, sync.house)
        time = clock_time(ledger.surely_read_at, now, zone)
        yield Concern(
            Matter.NOT_READ,
            say(
                "The portal of {sync} has not read its link since {time}, and does not know of {nights}.",
                sync=sync.whole,
                time=time,
                nights=runs(untold),
            )
            if untold
            else say("The portal of {sync} has not read its link since {time}.", sync=sync.whole, time=time),
            say("It does not know of nights taken since. Look whether the link is still entered there."),
            *where,
        )


def _other_readers(sync: SyncRow) -> str:
    """What is to be said where more than one program reads the link of *sync* for good; empty where one does."""
    readers = sync.ledger.readers
    names = [reader.product or say("a program without a name") for reader in readers if reader.is_steady]
    if len(names) < 2:
        return ""
    if own := portals_own(readers):
        return say(
            "The link of {sync} is read by {names}: by {own} for the portal.",
            sync=sync.whole,
            names=listed(names),
            own=own.product or say("a program without a name"),
        )
    return say(
        "The link of {sync} is read by {names}, and it is not known which of them is the portal's.",
        sync=sync.whole,
        names=listed(names),
    )


def _untold(sync: SyncLedger, house: House) -> Nights:
    told = sync.told.nights if sync.told is not None else Nights()
    return (sync.offered.nights - told).since(house.state.ledger.today)
