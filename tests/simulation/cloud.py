"""A WebDAV server that the feeds are published on: it fails, takes its time, and another machine writes there as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tests.simulation.calendars import Night, nights, read
from tests.simulation.messages import Asked, response
from tests.simulation.network import Peer
from tests.simulation.portal import Mood
from tests.simulation.world import MINUTE, World

ADDRESS: Final = "10.1.0.200"
STORMS: Final = ("late", "late", "503", "no move", "no move", "refused", "slow")
_DRAFT: Final = ".draft"
_SOON: Final = 11 * MINUTE
"""Seconds in which a copy that landed late is replaced: it is looked for twice, and not at every moment."""
_AT_LAST: Final = 36 * MINUTE
"""Seconds in which what somebody else wrote is: all is looked at every half hour."""
_PLAIN_FOR: Final = 31 * MINUTE
"""Seconds for which a server that said that it moves no file is not asked to."""


@dataclass
class _Lying:
    """What lies under a name."""

    body: bytes
    number: int
    """Of the request that brought it."""


class Cloud:
    """The files of one server, and how it answers."""

    def __init__(
        self,
        world: World,
        find: Callable[[str, str], None],
        runs: Callable[[], int],
        awake: Callable[[], float],
        *,
        moves: bool,
    ) -> None:
        self._world = world
        self._find = find
        self._runs = runs
        """How often the daemon has been started."""
        self._awake = awake
        """How long its machine has been awake, in seconds."""
        self._moves = moves
        self._files: dict[str, _Lying] = {}
        self._newest: dict[str, _Lying] = {}
        """What of all that has come to lie under a name was asked for last."""
        self._stale: dict[str, tuple[float, float]] = {}
        """Names under which something older lies, or something foreign: since when, and for how long it may."""
        self._foreign: dict[str, tuple[int, bytes]] = {}
        """What lay there when another machine wrote over it, and the run of the daemon in which that was."""
        self.noticed: dict[int, float] = {}
        """Runs of the daemon in which what another machine wrote was replaced by the same, so that it was seen; and when."""
        self._number = self._before = 0
        self._unmoved = 0
        """Moves in a row that were refused."""
        self._refused_at = self._unable_at = -1e18
        self.mood = Mood()
        self.troubled_until = 0.0

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}/dav"

    def nights(self, link: str) -> frozenset[Night] | None:
        """The nights of the feed that lies there; None where none does."""
        lying = self._files.get(link)
        return None if lying is None else nights(stay for stay, _ in read(lying.body) or ())

    def fall_into(self, mood: Mood) -> None:
        """Answer in another way for a while."""
        self.mood = mood
        self.troubled_until = max(self.troubled_until, mood.until)
        self._world.note(f"the cloud is {mood.kind} until {mood.until - self._world.now:.0f} s from now")

    def began(self) -> None:
        """The daemon has begun anew."""
        self._unmoved, self._before = 0, self._number
        self._unable_at = self._refused_at = -1e18

    def write_over(self) -> None:
        """Another machine with the same secret writes what it knows."""
        names = [name for name in self._files if not name.endswith(_DRAFT)]
        if names:
            name = self._world.dice.choice(names)
            was = self._files[name]
            self._files[name] = _Lying(was.body.replace(b"END:VCALENDAR", b"X-OTHER:1\r\nEND:VCALENDAR"), -1)
            self._stale[name] = self._world.now, _AT_LAST
            if was.number > self._before:
                self._foreign[name] = self._runs(), was.body
            self._world.note(f"another machine writes {name[:8]}")

    def look(self, well_since: float) -> None:
        """Whether what lies there is what came last; *well_since*: since when the daemon could see to that."""
        if self.mood.kind != "well" and self._world.now < self.mood.until:
            return
        for name, (since, patience) in list(self._stale.items()):
            if self._world.now > max(since, self.troubled_until, well_since) + patience:
                del self._stale[name]
                self._find("an older copy stays", f"{name[:8]} at the cloud, for {self._world.now - since:.0f} s")

    # what it is asked

    def answers(self) -> Callable[[], Peer] | OSError | None:
        if self._kind() == "refused":
            return ConnectionRefusedError(111, "refused")
        return lambda: Asked(self._asked)

    def _kind(self) -> str:
        return self.mood.kind if self._world.now < self.mood.until else "well"

    def _asked(self, asked: Asked, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        dice, kind = self._world.dice, self._kind()
        self._number += 1
        number, name = self._number, path.removeprefix("/dav")
        if method == "PUT" and not name.endswith(_DRAFT):
            self._judge_plain(name)
        if kind == "503":
            asked.wire.send(response(503, {}), dice.uniform(0, 0.3))
            return
        if method == "MOVE" and (kind == "no move" or not self._moves):
            self._refuse()
            if not self._moves:
                self._unable_at = self._awake()
            asked.wire.send(response(502 if self._moves else 405, {}), dice.uniform(0, 0.3))
            return
        after = dice.uniform(0, 0.3)
        if kind in ("late", "slow"):
            after = dice.uniform(21, 90) if kind == "late" and method != "GET" else dice.uniform(1, 12)
            self.troubled_until = max(self.troubled_until, self._world.now + after)

        def done() -> None:
            status, found = self._do(method, name, headers, body, number)
            if asked.open:
                asked.wire.send(response(status, {}, found))

        self._world.after(after, done)

    def _do(self, method: str, name: str, headers: dict[str, str], body: bytes, number: int) -> tuple[int, bytes]:
        lying = self._files.get(name)
        match method:
            case "PUT":
                self._land(name, _Lying(body, number))
                return 201, b""
            case "MOVE":
                if lying is None:
                    self._refuse()
                    return 404, b""
                self._unmoved = 0
                del self._files[name]
                self._land(urlsplit(headers["destination"]).path.removeprefix("/dav"), lying)
                return 201, b""
            case "DELETE":
                self._files.pop(name, None)
                self._stale.pop(name, None)
                return (204 if lying else 404), b""
            case "GET":
                return (200, lying.body) if lying else (404, b"")
            case _:
                return 405, b""

    def _refuse(self) -> None:
        self._unmoved += 1
        self._refused_at = self._world.now

    def _land(self, name: str, lying: _Lying) -> None:
        self._files[name] = lying
        if name.endswith(_DRAFT):
            # nobody reads it
            return
        newest = self._newest.get(name)
        if newest is not None and newest.number > lying.number and newest.body != lying.body:
            self._stale.setdefault(name, (self._world.now, _SOON))
            return
        self._newest[name] = lying
        self._stale.pop(name, None)
        run, was = self._foreign.pop(name, (0, b""))
        if run == self._runs() and was == lying.body:
            self.noticed.setdefault(run, self._world.now)

    def _judge_plain(self, name: str) -> None:
        now = self._world.now
        unable = self._awake() < self._unable_at + _PLAIN_FOR
        unmoved = self._unmoved >= 3 and now < self._refused_at + MINUTE
        if not unable and not unmoved:
            self._find("torn", f"{name[:8]} is written in place, though the cloud moves files")
