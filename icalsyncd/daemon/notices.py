"""What receivers of messages are to be told: what needs the host, looked at when something has changed, and now and then.

The looking is done on a thread, and no more of the time than a part: a pull waits for none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Final

from icalsyncd import log
from icalsyncd.admin.concern import Concern
from icalsyncd.admin.sentences import run
from icalsyncd.availability.explanation import called
from icalsyncd.availability.ledger import Ledger, Presence, SyncLedger
from icalsyncd.calendars.nights import Nights
from icalsyncd.config.resolved import Config
from icalsyncd.daemon.hub import Hub
from icalsyncd.language import SOURCE, say, speaking
from icalsyncd.notifying.outbox import Seeing, Taken
from icalsyncd.pace import unsearched
from icalsyncd.state.outbox import About, Turn

LOOK_EVERY: Final = 15.0
"""Seconds after which is looked again where nothing is known to have changed: time alone makes concerns, too."""
SETTLING: Final = 120.0
"""Seconds after a start in which what is not seen may still be so: targets and portals have not all been tried."""
_PAUSE: Final = 0.2
_SHARE: Final = 20
"""A look is followed by a pause this many times as long."""


class Notices:
    """Looks, and has receivers told."""

    def __init__(self, hub: Hub, concerns: Callable[[str], Sequence[Concern]]) -> None:
        """*concerns* are all that there are, in a language; it is asked on a thread."""
        self._hub = hub
        self._concerns = concerns
        self._news = asyncio.Event()
        self._changed: set[str] | None = None
        """Accommodations whose bookings may be others than at the last look; None: all."""
        self._gone: dict[str, float] = {}
        """Receivers that are no longer in the config, and since when."""
        hub.on_news = self._heard

    def _heard(self, accommodations: frozenset[str] | None) -> None:
        if accommodations is None:
            self._changed = None
        elif self._changed is not None:
            self._changed |= accommodations
        self._news.set()

    async def run(self) -> None:
        """Look until cancelled."""
        began = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._news.wait()
            self._news.clear()
            self._let_go()
            if not self._hub.accepted.config.telling.receivers:
                continue
            await asyncio.sleep(_PAUSE)
            started = monotonic()
            try:
                await self._look(settled=started - began > SETTLING)
            except Exception:
                # who is told does not hang on it for ever
                log.exception("looking for what is to be told ended in a bug")
            await asyncio.sleep(_SHARE * (monotonic() - started))

    async def _look(self, *, settled: bool) -> None:
        hub = self._hub
        config, changed, self._changed = hub.accepted.config, self._changed, set()
        hub.feeds.flush()
        seen = await asyncio.to_thread(self._seen, config)
        hub.notifier.outbox.see(seen, hub.clock.now(), all_known=settled)
        about = frozenset[About]().union(*(each.about for each in config.telling.receivers))
        languages = _languages(config)
        states = hub.journal.current
        wanted = [(each, states[each].ledger) for each in (states if changed is None else changed) if each in states]
        if About.BOOKINGS not in about:
            wanted = []
            # once somebody is to be told of them, all are looked at
            self._changed = None
        names = {each.id: each.name for each in config.accommodations}
        taken = await asyncio.to_thread(lambda: list(_taken(wanted, names, languages)))
        hub.notifier.outbox.see_nights(taken, hub.clock.now())

    def _seen(self, config: Config) -> list[Seeing]:
        intervals = {(each.accommodation, each.id): float(each.interval) for each in config.syncs()}
        words: dict[str, dict[object, str]] = {}
        with unsearched():
            found = self._concerns(SOURCE)
            for language in _languages(config) - {SOURCE}:
                words[language] = {_key(each): each.what for each in self._concerns(language)}
        seen = []
        for each in found:
            about = each.matter.value.about
            if about is None:
                continue
            interval = intervals.get((each.accommodation, each.sync), float(config.pull.interval))
            said = {SOURCE: each.what}
            said |= {language: told[_key(each)] for language, told in words.items() if _key(each) in told}
            waits = each.matter.value.waits + each.matter.value.intervals * interval
            whose = (each.accommodation, each.sync, each.target)
            seen.append(Seeing(each.matter.word, whose, about, waits, said, each.nights))
        return seen

    def _let_go(self) -> None:
        """A receiver that has vanished from the config is forgotten after the removal delay: half a file lacks it, too."""
        hub, now = self._hub, monotonic()
        there = {each.name for each in hub.accepted.config.telling.receivers}
        lacking = hub.notifier.outbox.known() - there
        self._gone = {name: self._gone.get(name, now) for name in lacking}
        over = [name for name, since in self._gone.items() if now - since > hub.removal_delay]
        if over:
            hub.notifier.outbox.forget(over)


def _languages(config: Config) -> frozenset[str]:
    return frozenset(each.language for each in config.telling.receivers) | {SOURCE}


def _key(concern: Concern) -> object:
    return concern.matter, concern.accommodation, concern.sync, concern.target, concern.nights


def _taken(
    wanted: Iterable[tuple[str, Ledger]], names: Mapping[str, str], languages: frozenset[str]
) -> Iterator[Taken]:
    for accommodation, ledger in wanted:
        unsure: Nights | None = None
        for name, sync in ledger.syncs.items():
            if sync.presence is not Presence.ACTIVE or sync.pulled_at is None or not sync.channel.receives:
                # what a pause releases is not free again at its portal
                continue
            if unsure is None:
                unsure = _unsure(ledger)
            tell = partial(_told, names.get(accommodation, accommodation), name, sync, languages)
            yield Taken(accommodation, name, sync.summed.genuine.since(ledger.today), unsure, ledger.today, tell)


def _unsure(ledger: Ledger) -> Nights:
    from icalsyncd.availability.offers import trouble

    return trouble(ledger).possible_ghosts


def _told(
    house: str, name: str, sync: SyncLedger, languages: frozenset[str], nights: Nights, turn: Turn
) -> Iterator[Mapping[str, str]]:
    """The sentences of *nights*, a stay at a time where it is known which they are."""
    left = nights
    parts = []
    for claim in sync.claims if turn is Turn.TAKEN else ():
        part = left & claim.nights
        if part:
            parts.append(part)
            left = left - part
    for part in (*parts, left):
        for stay in part.stays():
            words = {}
            for language in languages:
                with speaking(language):
                    if turn is Turn.TAKEN:
                        words[language] = say(
                            "{house}: taken at {portal}, {nights}.", house=house, portal=called(name), nights=run(stay)
                        )
                    else:
                        words[language] = say(
                            "{house}: free again at {portal}, {nights}.",
                            house=house,
                            portal=called(name),
                            nights=run(stay),
                        )
            yield words
