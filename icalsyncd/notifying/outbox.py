"""Who has still to be told what, decided from what is the case and from what each receiver knows.

Nothing here waits. What changes is handed on as rows to be stored, and at most is lost with a kill what can be found again
by looking: an affair is compared with what is the case now, bookings with the nights that receivers know of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from icalsyncd.availability.stamps import Moment
from icalsyncd.calendars.nights import EMPTY, Night, Nights, union
from icalsyncd.config.telling import Receiver
from icalsyncd.state.outbox import AFFAIRS, SEEN, About, Affair, Kept, Key, Notice, Seen, Turn, dump, shortened

MAX_BOOKINGS: Final = 500
"""Bookings that wait for one receiver at most; of more, the newest are told."""
TOGETHER: Final = 0.1
"""Part of its wait that an affair may lack to be told together with another one that has lasted for long enough."""
TOGETHER_LEAST: Final = 60.0
"""Seconds that it may lack, where that part is less."""

SELF: Final = "notify/"
"""What the target of an affair about a receiver itself begins with."""

Post: TypeAlias = Callable[[Mapping[Key, str | None]], None]


@dataclass(frozen=True, slots=True)
class Seeing:
    """One thing that needs the host now."""

    word: str
    whose: tuple[str, str, str]
    about: About
    waits: float
    """Seconds that it lasts before anybody is told."""
    words: Mapping[str, str]
    nights: Nights = EMPTY


@dataclass(frozen=True, slots=True)
class Taken:
    """Nights of one sync as they are now."""

    accommodation: str
    sync: str
    nights: Nights
    """Taken there, and perhaps by nobody: see *unsure*."""
    unsure: Nights
    """Of which it is not known whether anybody took them: nothing is told of these."""
    today: Night
    tell: Callable[[Nights, Turn], Iterator[Mapping[str, str]]]
    """The sentences of nights that were taken, or are free again."""


class Outbox:
    """What receivers know and are to be told, under one config."""

    def __init__(self, kept: Kept, post: Post) -> None:
        """*post* has rows stored."""
        self._post = post
        self._last = kept.last
        self._affairs = {each.number: each for each in kept.affairs}
        self._seen = {(each.accommodation, each.sync): each for each in kept.seen}
        self._waiting: dict[str, list[Notice]] = {name: list(notices) for name, notices in kept.notices.items()}
        self._receivers: dict[str, Receiver] = {}
        self.on_news: Callable[[str], None] = lambda _: None
        """Called with the name of a receiver that has something new to be told."""

    def configure(self, receivers: Sequence[Receiver]) -> None:
        """Tell *receivers* from now on. What waits for one that is no longer there waits on, see :meth:`forget`."""
        self._receivers = {each.name: each for each in receivers}

    def forget(self, names: Iterable[str]) -> None:
        """Receivers that are gone for good: nothing waits for them any more."""
        for name in names:
            self._post({(name, notice.number): None for notice in self._waiting.pop(name, ())})
            for affair in list(self._affairs.values()):
                if name in affair.told:
                    self._put(replace(affair, told=affair.told - {name}))

    def known(self) -> frozenset[str]:
        """All receivers that something waits for, or that were told something that is not over."""
        return frozenset(self._waiting).union(*(each.told for each in self._affairs.values()))

    def waiting(self, receiver: str) -> Sequence[Notice]:
        """What *receiver* is still to be told, in order."""
        return self._waiting.get(receiver, ())

    def see(self, seen: Sequence[Seeing], now: Moment, *, all_known: bool) -> None:
        """What needs the host *now* is *seen*, all of it; unless *all_known*, what is not seen may still be so."""
        going_on: set[int] = set()
        by_place: dict[tuple[str, tuple[str, str, str]], list[Affair]] = {}
        for affair in self._affairs.values():
            by_place.setdefault((affair.word, affair.whose), []).append(affair)
        for each in seen:
            known = [
                affair
                for affair in by_place.get((each.word, each.whose), ())
                if not affair.nights or affair.nights & each.nights or not each.nights
            ]
            going_on.update(affair.number for affair in known)
            if not known:
                begun = Affair(self._next(), each.word, each.whose, each.about, now, shortened(each.words), each.nights)
                self._put(begun)
                going_on.add(begun.number)
                by_place.setdefault((each.word, each.whose), []).append(begun)
            elif each.nights - union(affair.nights for affair in known):
                self._grow(known[0], each, now)
        if all_known:
            for number in self._affairs.keys() - going_on:
                self._end(self._affairs[number], now)
        self._raise({(each.word, each.whose): each.waits for each in seen}, now)

    def see_nights(self, taken: Iterable[Taken], now: Moment) -> None:
        """The nights that are *taken* at each sync now; of a sync that is not among them nothing new is known."""
        told = [name for name, each in self._receivers.items() if About.BOOKINGS in each.about]
        if not told:
            self._post({(SEEN, each.number): None for each in self._seen.values()})
            self._seen = {}
            return
        for each in taken:
            place = (each.accommodation, each.sync)
            known = self._seen.get(place)
            if known is None:
                # what was there before anybody was to be told of bookings is no news
                self._know(Seen(self._next(), *place, each.nights))
                continue
            new = (each.nights - each.unsure - known.nights).since(each.today)
            gone = (known.nights - each.nights - each.unsure).since(each.today)
            for nights, turn in ((new, Turn.TAKEN), (gone, Turn.FREE)):
                for words in each.tell(nights, turn) if nights else ():
                    for name in told:
                        self._book(name, place, turn, words, now)
            if new or gone:
                self._know(replace(known, nights=((known.nights - gone) | new).since(each.today)))

    def trying(self, receiver: str, notices: Sequence[Notice]) -> None:
        """*notices* are about to be given to *receiver*: from now on it may have them."""
        tried = {notice.number for notice in notices if not notice.tried}
        if not tried:
            return
        self._waiting[receiver] = [
            replace(notice, tried=True) if notice.number in tried else notice for notice in self._waiting[receiver]
        ]
        self._post({(receiver, each.number): dump(each) for each in self._waiting[receiver] if each.number in tried})
        for notice in notices:
            affair = self._affair_of(notice)
            if affair is not None and notice.turn is Turn.BEGUN and receiver not in affair.told:
                self._put(replace(affair, told=affair.told | {receiver}))

    def told(self, receiver: str, notices: Sequence[Notice]) -> None:
        """*receiver* has taken *notices*."""
        numbers = {notice.number for notice in notices}
        self._waiting[receiver] = [each for each in self._waiting.get(receiver, ()) if each.number not in numbers]
        self._post({(receiver, number): None for number in numbers})

    def _grow(self, affair: Affair, each: Seeing, now: Moment) -> None:
        """*affair* is about nights that it was not about before: whoever was told is told again."""
        grown = replace(affair, words=shortened(each.words), nights=affair.nights | each.nights)
        self._put(grown)
        if affair.raised:
            for name in affair.told & self._receivers.keys():
                self._tell(name, grown, Turn.BEGUN, now)

    def _raise(self, waits: Mapping[tuple[str, tuple[str, str, str]], float], now: Moment) -> None:
        due = [
            (affair, now - affair.since - waits.get((affair.word, affair.whose), 0.0))
            for affair in self._affairs.values()
            if not affair.raised and (affair.word, affair.whose) in waits
        ]
        ripe = {affair.word for affair, over in due if over >= 0.0}
        for affair, over in due:
            wait = waits[affair.word, affair.whose]
            if over >= 0.0 or (affair.word in ripe and over >= -max(TOGETHER * wait, TOGETHER_LEAST) and wait):
                self._put(replace(affair, raised=True))
        for affair in list(self._affairs.values()):
            for name, receiver in self._receivers.items() if affair.raised else ():
                # that it takes no messages is told through the others
                if affair.about in receiver.about and name not in affair.told and affair.whose[2] != f"{SELF}{name}":
                    self._tell(name, affair, Turn.BEGUN, now)

    def _end(self, affair: Affair, now: Moment) -> None:
        del self._affairs[affair.number]
        self._post({(AFFAIRS, affair.number): None})
        for name in self._receivers.keys() | affair.told:
            queued = [each for each in self._waiting.get(name, ()) if each.matter == str(affair.number)]
            untold = [each for each in queued if not each.tried]
            if affair.about is not About.URGENT and untold and name not in affair.told:
                # it came and went before anybody could be told
                self.told(name, untold)
            elif queued or name in affair.told:
                self._tell(name, affair, Turn.OVER, now)

    def _tell(self, name: str, affair: Affair, turn: Turn, now: Moment) -> None:
        """Have *name* told; what waits to be told of the same, and was not given to it yet, says the newest."""
        matter = str(affair.number)
        for notice in self._waiting.get(name, ()):
            if notice.matter == matter and notice.turn is turn and not notice.tried:
                if notice.words != affair.words:
                    self._replace(name, replace(notice, words=affair.words))
                return
        self._enter(name, Notice(self._next(), matter, affair.about, turn, now, affair.words))

    def _book(self, name: str, place: tuple[str, str], turn: Turn, words: Mapping[str, str], now: Moment) -> None:
        matter = f"{'/'.join(place)} {next(iter(words.values()), '')}"
        notice = Notice(self._next(), matter, About.BOOKINGS, turn, now, shortened(words))
        self._enter(name, notice)
        waiting = [each for each in self._waiting[name] if each.about is About.BOOKINGS and not each.tried]
        if len(waiting) > MAX_BOOKINGS:
            self.told(name, waiting[:1])

    def _enter(self, name: str, notice: Notice) -> None:
        self._waiting.setdefault(name, []).append(notice)
        self._post({(name, notice.number): dump(notice)})
        self.on_news(name)

    def _replace(self, name: str, notice: Notice) -> None:
        self._waiting[name] = [notice if each.number == notice.number else each for each in self._waiting[name]]
        self._post({(name, notice.number): dump(notice)})

    def _affair_of(self, notice: Notice) -> Affair | None:
        return self._affairs.get(int(notice.matter)) if notice.matter.isdecimal() else None

    def _put(self, affair: Affair) -> None:
        self._affairs[affair.number] = affair
        self._post({(AFFAIRS, affair.number): dump(affair)})

    def _know(self, seen: Seen) -> None:
        self._seen[seen.accommodation, seen.sync] = seen
        self._post({(SEEN, seen.number): dump(seen)})

    def _next(self) -> int:
        self._last += 1
        return self._last
