"""What happened to each night, kept for a while in the state file: a host in a dispute can show who was told what, and when.

Events are told from two states of one accommodation, and appended in the commit that makes the later one durable; what the
host did is entered beside them. They hold names of the config, dates and a portal's User-Agent, and nothing of a calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from icalsyncd.availability.ledger import Block, Ledger, Presence, SyncLedger, Word
from icalsyncd.availability.offers import Trouble, trouble
from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Night, Nights, Stay, date_of
from icalsyncd.state.state import Facts, State

MAX_ROWS: Final = 100_000
"""Events that are kept at most; of each at most some 300 bytes, so 30 MB at most in all."""
MAX_SHOWN: Final = 1_000
"""Events that one answer holds at most: the latest."""
MAX_AT_ONCE: Final = 2_000
"""Events that one commit appends at most: of a calendar that changes as a whole the first of them."""
_MAX_TEXT: Final = 120
_PRESENCES: Final = {
    Presence.ACTIVE: "resumed",
    Presence.PAUSED: "paused",
    Presence.KEPT: "paused, and kept as it was",
    Presence.LEAVING: "leaving: no longer in the config",
    Presence.GONE: "left",
}

Execute = Callable[..., Iterable[Any]]
"""Runs one statement of SQL with its parameters."""


class Event(NamedTuple):
    """One thing that happened."""

    at: Moment
    what: str
    accommodation: str = ""
    """`""` where it is about the whole."""
    sync: str = ""
    stay: Stay | None = None
    """The nights that it is about, half-open."""
    reader: str = ""
    """The User-Agent of the portal that read a feed."""

    def json(self) -> dict[str, str]:
        """As the interface tells it: times in UTC, keys that do not apply left out."""
        at = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {"at": at, "what": self.what, "accommodation": self.accommodation, "sync": self.sync}
        if self.stay is not None:
            found["from"], found["to"] = (date_of(each).isoformat() for each in self.stay)
        return {key: value for key, value in {**found, "reader": self.reader}.items() if value}


def events(accommodation: str, before: State | None, after: State | None, at: Moment) -> Iterator[Event]:
    """What happened to *accommodation* between two of its states; None where there is, or was, none."""
    if after is None:
        yield Event(at, "the accommodation has left", accommodation)
        return
    was = before.ledger if before is not None else Ledger(after.ledger.today)
    now, today = after.ledger, after.ledger.today
    if was is not now:
        yield from (each._replace(accommodation=accommodation) for each in _of_blocks(was.blocks, now.blocks, at))
        for word in now.words:
            if word not in was.words:
                yield from _stretches(_of_word(word, Event(at, "", accommodation)), word.nights)
        for name, sync in now.syncs.items():
            known = was.syncs.get(name)
            if known is not sync:
                facts = after.of(name)
                for event in _of_sync(known, sync, facts, today, at):
                    yield event._replace(accommodation=accommodation, sync=name)
        for name in was.syncs.keys() - now.syncs.keys():
            yield Event(at, "the sync is forgotten", accommodation, name)
        if was.kin is not now.kin:
            yield from _of_kin(was, now, Event(at, "", accommodation))
        none = Trouble(EMPTY, EMPTY, EMPTY)
        old, new = trouble(was) if before is not None else none, trouble(now)
        for nights, words in (
            (new.overbooked - old.overbooked, "overbooked"),
            (old.overbooked - new.overbooked, "overbooked no more"),
            (new.perhaps_two - old.perhaps_two, "perhaps booked twice"),
            (old.perhaps_two - new.perhaps_two, "perhaps booked twice no more"),
            (new.possible_ghosts - old.possible_ghosts, "possible ghost"),
            (old.possible_ghosts - new.possible_ghosts, "possible ghost no more"),
        ):
            yield from _stretches(Event(at, words, accommodation), nights.since(today))
    for name in now.syncs:
        old_facts, new_facts = before.of(name) if before is not None else Facts(), after.of(name)
        if old_facts is not new_facts:
            for event in _of_facts(old_facts, new_facts, at):
                yield event._replace(accommodation=accommodation, sync=name)


def _of_word(word: Word, event: Event) -> Event:
    if word.by is None:
        return event._replace(what="you said that nobody has it")
    if word.is_of_a_kin:
        return event._replace(what=f"you said that it is booked at {word.by}")
    return event._replace(what="you said that it is booked here", sync=word.by)


def _of_kin(was: Ledger, now: Ledger, event: Event) -> Iterator[Event]:
    """What those that share units with it took, or gave up."""
    for kin in dict.fromkeys((*was.kin, *now.kin)):
        old, new = (each.kin[kin].taken if kin in each.kin else EMPTY for each in (was, now))
        yield from _stretches(event._replace(what=f"taken at {kin}"), (new - old).since(now.today))
        yield from _stretches(event._replace(what=f"taken no more at {kin}"), (old - new).since(now.today))
        old, new = (each.kin[kin].doubted if kin in each.kin else EMPTY for each in (was, now))
        yield from _stretches(event._replace(what=f"perhaps taken at {kin}"), (new - old).since(now.today))


def _of_blocks(was: tuple[Block, ...], now: tuple[Block, ...], at: Moment) -> Iterator[Event]:
    old, new = ({block.stay: block.leaving_since is not None for block in each} for each in (was, now))
    for stay, leaving in new.items():
        if stay not in old:
            yield Event(at, "your own block", stay=stay)
        elif leaving is not old[stay]:
            yield Event(at, "your own block is leaving" if leaving else "your own block is back", stay=stay)
    for stay in old.keys() - new.keys():
        yield Event(at, "your own block is gone", stay=stay)


def _of_sync(was: SyncLedger | None, now: SyncLedger, facts: Facts, today: Night, at: Moment) -> Iterator[Event]:
    if was is None:
        yield Event(at, "a new sync")
    elif was.presence is not now.presence:
        yield Event(at, _PRESENCES[now.presence])
    compared = [(was.retained if was else EMPTY, now.retained, "held: its calendar lacks it", "held no more")]
    if was is None or was.claims is not now.claims or was.silent is not now.silent:
        # most changes concern one sync, and the others only what they are told
        compared[:0] = (
            (was.genuine if was else EMPTY, now.genuine, "taken", "taken no more"),
            (was.echoes if was else EMPTY, now.echoes, "repeats us", "repeats us no more"),
        )
    for old, new, begun, ended in compared:
        if old != new:
            yield from _stretches(Event(at, begun), (new - old).since(today))
            yield from _stretches(Event(at, ended), (old - new).since(today))
    told = was.told.nights if was is not None and was.told is not None else EMPTY
    knows = now.told.nights if now.told is not None else EMPTY
    if told != knows:
        read = Event(now.last_fetch or at, "", reader=facts.reader[:_MAX_TEXT])
        yield from _stretches(read._replace(what="read our feed: taken"), (knows - told).since(today))
        yield from _stretches(read._replace(what="read our feed: free"), (told - knows).since(today))


def _of_facts(was: Facts, now: Facts, at: Moment) -> Iterator[Event]:
    if was.reason is not now.reason:
        yield Event(at, f"failing: {now.reason.value}" if now.reason is not None else "answers again")
    if (was.outcome == "partial") is not (now.outcome == "partial"):
        yield Event(at, "partial: some of it cannot be read" if now.outcome == "partial" else "readable again")


def _stretches(event: Event, nights: Nights) -> Iterator[Event]:
    for stay in nights.stays():
        yield event._replace(stay=stay)


def append(execute: Execute, happened: Iterable[Event], *, at: Moment, kept: float) -> None:
    """Enter *happened*, in order, and let go of what is older than *kept* seconds, or more than can be kept."""
    for number, event in enumerate(happened):
        if number == MAX_AT_ONCE:
            break
        first, last = event.stay if event.stay is not None else (None, None)
        row = (event.at, event.what[:_MAX_TEXT], event.accommodation, event.sync, first, last, event.reader[:_MAX_TEXT])
        execute(
            "INSERT INTO history (id, at, what, accommodation, sync, first, last, reader) "
            "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM history), ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    execute("DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?", (MAX_ROWS,))
    execute(
        "DELETE FROM history WHERE id < coalesce((SELECT id FROM history WHERE at >= ? ORDER BY id LIMIT 1), "
        "(SELECT max(id) FROM history) + 1)",
        (at - kept,),
    )


def entries(execute: Execute, accommodation: str, night: Night | None) -> tuple[Event, ...]:
    """What happened to *accommodation*, or to one *night* of it, oldest first; the latest :data:`MAX_SHOWN`."""
    of_night, asked = "", (accommodation,)
    if night is not None:
        of_night, asked = "AND first <= ? AND ? < last", (accommodation, night, night)  # type: ignore[assignment]
    rows = execute(
        "SELECT at, what, accommodation, sync, first, last, reader FROM history "  # noqa: S608  # no value is in it
        f"WHERE accommodation IN (?, '') {of_night} ORDER BY id DESC LIMIT {MAX_SHOWN}",
        asked,
    )
    found = [
        Event(at, what, of, sync, Stay(first, last) if first is not None else None, reader)
        for at, what, of, sync, first, last, reader in rows
    ]
    # what was noted late, as who read a feed, is put where it belongs
    found.reverse()
    return tuple(sorted(found, key=lambda event: event.at))
