"""A portal: what it has sold, what it shows, how it answers, and how it reads the feed that it was given."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from typing import Final, Protocol

from tests.simulation.calendars import Night, Stay, nights, read, write
from tests.simulation.messages import Asked, Question, response
from tests.simulation.network import Network, Peer, Wire
from tests.simulation.world import DAY, HOUR, MINUTE, World

READ_PATIENCE: Final = 30.0
"""Seconds for which a portal waits for its feed."""


@dataclass(frozen=True)
class Showing:
    """What a calendar says at one moment."""

    sold: frozenset[Night]
    """Nights of the portal's own bookings."""
    shown: frozenset[Night]
    """All nights of its events."""
    events: frozenset[tuple[Stay, str]]
    """All of them, with their UIDs."""


@dataclass
class Answer:
    """One request for a calendar, and what it came to."""

    portal: Portal
    wire: Wire
    asked_at: float
    conditional: bool
    current: bool = True
    """It was asked for under the address that it has now."""
    showing: Showing | None = None
    """What a whole answer, or a 304, says; None for anything else."""
    status: int | None = None
    wait: float | None = None
    """Seconds of a Retry-After."""
    delivered_at: float | None = None
    ended: bool = False
    """Answered in full, or the connection is gone."""

    @property
    def is_open(self) -> bool:
        """The daemon waits for it still."""
        return not self.ended and not self.wire.is_closing()


class Watcher(Protocol):
    """Who sees all that passes between the daemon and the portals."""

    def tried(self, portal: Portal) -> None:
        """The daemon tries to reach a portal."""

    def asked(self, answer: Answer) -> None:
        """A portal was asked for its calendar."""

    def delivered(self, answer: Answer) -> None:
        """The daemon has the last byte of it."""

    def unreadable(self, portal: Portal, body: bytes) -> None:
        """A portal has read a feed that is no whole calendar."""

    def fetched(self, portal: Portal, asked_at: float, status: int | None, told: frozenset[Night] | None) -> None:
        """A portal has read its feed: its nights, those of the tag it named where the answer was 304, or nothing."""


@dataclass
class Mood:
    """How a portal answers for a while."""

    kind: str = "well"
    until: float = 0.0
    wait: float = 0.0


@dataclass
class Portal:
    """One listing at one portal."""

    world: World
    network: Network
    watcher: Watcher
    key: str
    validators: str
    """none, etag, date."""
    repeats: str
    """What of what it reads its calendar shows: nothing, ours (under our UIDs), own (under UIDs of its own)."""
    summary: str
    repeated: str
    """The summary of what it repeats."""
    reads_every: float
    stamps: bool
    """Each copy has other DTSTAMPs."""
    tells_date: bool = True
    link: str | None = None
    """The path of its feed."""
    shelf: Callable[[], frozenset[Night]] = frozenset
    """The nights of the published copy of its feed: whoever published it must take them for read."""
    mood: Mood = field(default_factory=Mood)
    sold: dict[str, Stay] = field(default_factory=dict)
    told: list[tuple[Stay, str]] = field(default_factory=list)
    _feeds: list[tuple[float, frozenset[Night]]] = field(default_factory=list)
    """The feeds of which each may be taken for the last that it has read: when it had read them, and their nights."""
    elsewhere: str = "404"
    """What there is at addresses that it never gave out: 404, never."""
    token: int = 1
    """Which URL of its calendar is the one in force."""
    _tag: str | None = None
    _tagged: list[tuple[Stay, str]] = field(default_factory=list)
    _changed: int = 0
    _was: str = ""
    _count: int = 0
    reading: bool = False
    _unsure: bool = False
    """An answer that it was to read was cut: who sent it may think that it came."""
    ever_sold: set[Night] = field(default_factory=set)
    sour_until: float = 0.0
    """Until when it could not be reached at all."""
    sold_out: dict[Night, float] = field(default_factory=dict)
    """Nights of bookings that were cancelled, and when."""

    @property
    def host(self) -> str:
        return f"{self.key}.example"

    @property
    def url(self) -> str:
        return f"http://{self.host}/{self.token}/calendar.ics"

    @property
    def can_be_asked(self) -> bool:
        """It could be reached for the last minutes."""
        return self.world.now - self.sour_until > 3 * MINUTE

    def fall_into(self, mood: Mood) -> None:
        """Answer in another way for a while."""
        self.mood = mood
        if mood.kind in ("refused", "unreachable", "dns"):
            self.sour_until = max(self.sour_until, mood.until)

    # what it sells

    @property
    def can_sell(self) -> bool:
        """What it has read of its feed is all that it was sent: else nobody could tell what it sells from what it repeats."""
        return not self.reading and not self._unsure

    def sell(self, stay: Stay) -> str:
        self._count += 1
        uid = f"{self.key}-{self._count}@portal"
        self.sold[uid] = stay
        self.ever_sold.update(nights([stay]))
        return uid

    def cancel(self, uid: str) -> None:
        stay = self.sold.pop(uid, None)
        if stay is not None:
            self.sold_out.update(dict.fromkeys(nights([stay]), self.world.now))

    def closed(self) -> frozenset[Night]:
        """What cannot be booked here, or would be taken for a feed that it may have read last."""
        return nights(self.sold.values()).union(*(told for _, told in self._feeds), self.shelf())

    def seen(self, asked_at: float) -> None:
        """What it showed to whoever asked at *asked_at* is known: it shows what it had read before that, or reads later."""
        older = [feed for feed in self._feeds if feed[0] < asked_at]
        self._feeds = [*older[-1:], *(feed for feed in self._feeds if feed[0] >= asked_at)]

    def _events(self) -> list[tuple[Stay, str, str]]:
        day = int(self.world.now // DAY) + 719163
        events = [(stay, uid, self.summary) for uid, stay in self.sold.items() if stay[1] > day]
        if self.repeats != "nothing":
            for (first, last), uid in self.told:
                if last > day:
                    named = uid if self.repeats == "ours" else f"{self.key}-{first}-{last}@repeated"
                    events.append(((max(first, day), last), named, self.repeated))
        return sorted(events)

    def showing(self) -> Showing:
        events = self._events()
        return Showing(
            nights(self.sold.values()),
            nights(stay for stay, _, _ in events),
            frozenset((stay, uid) for stay, uid, _ in events),
        )

    # how it answers

    def answers(self) -> Callable[[], Peer] | OSError | None:
        kind = self._kind()
        self.watcher.tried(self)
        if kind == "refused":
            return ConnectionRefusedError(111, "refused")
        if kind == "unreachable":
            return None
        return lambda: Asked(self._asked)

    def looked_up(self) -> None:
        """Raises where its name cannot be found."""
        if self._kind() == "dns":
            self.watcher.tried(self)
            raise socket.gaierror(socket.EAI_AGAIN, "try again")

    def _kind(self) -> str:
        return self.mood.kind if self.world.now < self.mood.until else "well"

    def _asked(self, asked: Asked, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        dice, now = self.world.dice, self.world.now
        answer = Answer(self, asked.wire, now, "if-none-match" in headers or "if-modified-since" in headers)
        kind = self._kind()
        answer.current = path == f"/{self.token}/calendar.ics"
        self.watcher.asked(answer)

        def close() -> None:
            answer.ended = True

        asked.on_close = close
        dated = {"Date": formatdate(now, usegmt=True)} if self.tells_date else {}
        if not answer.current:
            if self.elsewhere == "never":
                self.world.after(400.0, lambda: asked.wire.cut(error=True))
                return
            answer.status = 404
            self._send(asked, answer, response(404, dated), dice.uniform(0, 0.2))
            return
        match kind:
            case "429" | "503":
                answer.status = int(kind)
                answer.wait = self.mood.wait or None
                more = {"Retry-After": f"{self.mood.wait:.0f}"} if self.mood.wait else {}
                self._send(
                    asked, answer, response(answer.status, {**dated, **more}), dice.uniform(0, dice.choice([0.2, 5.0]))
                )
            case "500" | "404":
                answer.status = int(kind)
                self._send(asked, answer, response(answer.status, dated), dice.uniform(0, 0.2))
            case "html":
                answer.status = 200
                self._send(asked, answer, response(200, dated, b"<html>wait</html>"), dice.uniform(0, 0.2))
            case "empty":
                answer.status = 200
                self._send(asked, answer, response(200, dated, b""), dice.uniform(0, 0.2))
            case "cut":
                whole = self._whole(headers, answer, dated)
                answer.showing = None
                asked.wire.send(whole[: dice.randrange(len(whole))], dice.uniform(0, 2))
                asked.wire.cut(dice.uniform(0, 0.1), error=self.world.chance(0.5))
                answer.ended = True
            case "never":
                self.world.after(400.0, lambda: asked.wire.cut(error=True))
            case "bug":
                answer.status = 200
                if not self._events():
                    # nothing in it that a reading could stumble over
                    answer.showing = self.showing()
                self._send(asked, answer, response(200, dated, write(self._events(), self._stamp(), " BUG")), 0.05)
            case "late":
                self._send(asked, answer, self._whole(headers, answer, dated), dice.uniform(0.5, 29))
            case "slow":
                self._send(asked, answer, self._whole(headers, answer, dated), dice.uniform(15, 60))
            case _:
                self._send(asked, answer, self._whole(headers, answer, dated), dice.uniform(0, 0.4))

    def _whole(self, headers: dict[str, str], answer: Answer, dated: dict[str, str]) -> bytes:
        events = self._events()
        answer.showing = self.showing()
        plain = write(events, "20260101T000000Z")
        tag = '"' + sha256(plain).hexdigest()[:12] + '"'
        if tag != self._was:
            self._was = tag
            self._changed = max(int(self.world.now), self._changed + 1)
        described = dict(dated)
        known = False
        if self.validators == "etag":
            described["ETag"] = tag
            known = headers.get("if-none-match") == tag
        elif self.validators == "date":
            described["Last-Modified"] = formatdate(self._changed, usegmt=True)
            since = headers.get("if-modified-since")
            known = since is not None and parsedate_to_datetime(since).timestamp() >= self._changed
        answer.status = 304 if known else 200
        if known:
            return response(304, described)
        body = write(events, self._stamp())
        return response(200, {**described, "Content-Type": "text/calendar"}, body)

    def _stamp(self) -> str:
        return f"{datetime.fromtimestamp(self.world.now if self.stamps else 1_700_000_000, UTC):%Y%m%dT%H%M%SZ}"

    def _send(self, asked: Asked, answer: Answer, raw: bytes, after: float) -> None:
        def delivered() -> None:
            if not answer.ended:
                answer.ended = True
                answer.delivered_at = self.world.now
                self.watcher.delivered(answer)

        # in two pieces, as it may come over a real network
        place = self.world.dice.randrange(1, len(raw))
        asked.wire.send(raw[:place], after)
        asked.wire.send(raw[place:], after, delivered)

    # how it reads

    def read(self) -> None:
        """Read the feed, as its time has come."""
        if self.reading:
            return
        if self.link is None:
            return
        began = self.world.now
        self.reading = True
        headers = {"User-Agent": self.key, "Accept": "text/calendar"}
        if self._tag is not None and self.world.chance(0.7):
            headers["If-None-Match"] = self._tag

        def done(status: int | None, came: dict[str, str], body: bytes) -> None:
            self.reading = False
            self._unsure = status is None and question.was_connected
            told: frozenset[Night] | None = None
            if status == 200:
                told = self._read_in(body, came.get("etag"))
            elif status == 304:
                self.told = self._tagged
                told = nights(stay for stay, _ in self.told)
            if told is not None:
                self._feeds.append((self.world.now, told))
            self.watcher.fetched(self, began, status, told)

        question = Question("GET", self.link, headers, done)
        port = self.port()
        if port is None or not self.network.connect(port, question):
            self.reading = False
            return
        self.world.after(READ_PATIENCE, question.give_up)

    port: Callable[[], int | None] = lambda: None

    def _read_in(self, body: bytes, tag: str | None) -> frozenset[Night] | None:
        found = read(body)
        if found is None:
            self.watcher.unreadable(self, body)
            return None
        day = int(self.world.now // DAY) + 719163
        self.told = [each for each in found if each[0][1] > day - 30]
        self._tag, self._tagged = tag, self.told
        return nights(stay for stay, _ in self.told)


def make(world: World, network: Network, watcher: Watcher, key: str) -> Portal:
    """A portal of habits that the seed chooses."""
    dice = world.dice
    repeats = dice.choice(["nothing", "nothing", "ours", "own"])
    summary = dice.choice(["Booked", "Booked", "Reserved"])
    return Portal(
        world,
        network,
        watcher,
        key,
        validators=dice.choice(["none", "etag", "etag", "date"]),
        repeats=repeats,
        summary=summary,
        # many say the same of every night that cannot be booked; under UIDs of their own nobody could tell them then
        repeated=summary if repeats == "ours" and world.chance(0.5) else "Not available",
        reads_every=dice.choice([20 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]),
        stamps=world.chance(0.5),
        tells_date=world.chance(0.9),
    )
