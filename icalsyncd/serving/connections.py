"""The open connections of one listener: how many there may be, and for how long one may say nothing.

Whoever connects may be anybody. Without a bound a thousand that stay silent take every descriptor, and with them the
pulls, the disk and the status page. A newcomer is always let in; where there is no room, the one that has been silent
longest gives way, and among those that wait before those that are being answered.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import StrEnum
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final, Protocol, cast

from icalsyncd.pulling.address import Network

MAX_HEAD: Final = 15.0
"""Seconds in which the whole head of a request must come, counted from its first byte, or from the connection."""
MAX_IDLE: Final = 60.0
"""Seconds for which a connection is kept after an answer."""
MAX_UNREAD: Final = 30.0
"""Seconds in which something of an answer must be taken."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks for those that are late."""
_PEERS_LEAST: Final = 8
"""Peers that it takes, at the least, to fill all the room."""


class Closed(StrEnum):
    """Why a connection was closed from here."""

    MALFORMED = "malformed"
    """What it sent was no request."""
    SILENT = "silent"
    """It did not send its request, or not read its answer, in time."""
    PEER_FULL = "peer_full"
    """Its peer had as many as one may have, and opened another."""
    FULL = "full"
    """There were as many as there may be, and another one came."""


class ClosingTally(Protocol):
    """Where closed connections are counted."""

    def closed(self, listener: str, why: str) -> None:
        """One connection of *listener* was closed from here."""


class Connection(asyncio.Protocol):
    """One connection, watched; what is said on it is the affair of the protocol behind it."""

    def __init__(self, room: Connections, speaking: Callable[[Connection], asyncio.Protocol]) -> None:
        self._room = room
        self._behind = speaking(self)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._idle = False
        self._unsent = 0
        self._taken_at = self._until = 0.0
        self.answering = False
        """A whole request has come, and its answer is being made."""
        self.peer: str | None = None
        """Whose share it counts to; None where no share is counted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, and let the protocol begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._until = self._loop.time() + MAX_HEAD
        self.peer = self._room.peer_of(transport.get_extra_info("peername"))
        self._room.enter(self)
        self._behind.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Something was said: the beginning of a request, or more of it."""
        if self._idle:
            self._idle = False
            self._until = self._loop.time() + MAX_HEAD
        self._room.heard(self, answering=self.answering)
        self._behind.data_received(data)

    def eof_received(self) -> bool | None:
        """The peer sends no more."""
        return self._behind.eof_received()

    def pause_writing(self) -> None:
        """The peer reads more slowly than is written."""
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._behind.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place up."""
        self._room.leave(self)
        self._behind.connection_lost(exc)
        # the two know each other: nothing is left to be searched for
        self._behind = asyncio.Protocol()

    def asked(self) -> None:
        """A whole request has come, and is being answered."""
        self._room.heard(self, answering=True)

    def answered(self) -> None:
        """The answer is written, or on its way."""
        self._idle = True
        self._until = self._loop.time() + MAX_IDLE
        self._room.heard(self, answering=False)

    def misunderstood(self) -> None:
        """What was said is no request; whoever speaks on the connection says so and closes it."""
        self._room.count(Closed.MALFORMED)

    def is_late(self, now: float) -> bool:
        """Whether it has been silent, or has left its answer lying, for too long; *now* by the loop's clock."""
        unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if not self._unsent or unsent < self._unsent:
            self._taken_at = now
        self._unsent = unsent
        if unsent:
            return now - self._taken_at > MAX_UNREAD
        return not self.answering and now > self._until

    def cut(self) -> None:
        """Close it at once; nothing more is sent."""
        if self._transport is not None:
            self._transport.abort()


class _Crowd:
    """Connections in the order in which they were last heard, those that are being answered by themselves."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._answering: OrderedDict[Connection, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._answering)

    def __iter__(self) -> Iterator[Connection]:
        yield from self._waiting
        yield from self._answering

    def __contains__(self, connection: Connection) -> bool:
        return connection in self._waiting or connection in self._answering

    def add(self, connection: Connection) -> None:
        (self._answering if connection.answering else self._waiting)[connection] = None

    def heard(self, connection: Connection, *, answering: bool) -> None:
        """*connection*, one of them, is the last from now on; *answering*: its answer is being made."""
        if answering is connection.answering:
            (self._answering if answering else self._waiting).move_to_end(connection)
            return
        left, entered = (self._waiting, self._answering) if answering else (self._answering, self._waiting)
        del left[connection]
        entered[connection] = None

    def remove(self, connection: Connection) -> None:
        (self._answering if connection.answering else self._waiting).pop(connection, None)

    @property
    def most_silent(self) -> Connection:
        return next(iter(self))


class Connections:
    """All connections of the listener called *name*, and the room that there is for them."""

    def __init__(self, name: str, most: int, tally: ClosingTally) -> None:
        self._name = name
        self._most = most
        self._most_of_peer = max(1, most // _PEERS_LEAST)
        self._tally = tally
        self._all = _Crowd()
        self._peers: dict[str, _Crowd] = {}
        self._looking: asyncio.TimerHandle | None = None
        self.proxies: tuple[Network, ...] = ()
        """Where many come through one peer, so that it has no share of its own."""

    def __len__(self) -> int:
        return len(self._all)

    def peer_of(self, address: object) -> str | None:
        """Whose share a connection from *address* (a socket's) counts to; None where no share is counted.

        An IPv6 peer is its /64, since that is the least that a home or a rented server has.
        """
        if not isinstance(address, tuple):
            return None
        try:
            host = ip_address(str(address[0]).partition("%")[0])
        except ValueError:
            return None
        host = getattr(host, "ipv4_mapped", None) or host
        if any(host in network for network in self.proxies):
            return None
        return str(host if isinstance(host, IPv4Address) else ip_network((host, 64), strict=False))

    def enter(self, connection: Connection) -> None:
        """Let a newcomer in; where there is no room, the one that has been silent longest gives way."""
        crowd = self._peers.get(connection.peer) if connection.peer is not None else None
        if crowd is not None and len(crowd) >= self._most_of_peer:
            self._close(crowd.most_silent, Closed.PEER_FULL)
        elif len(self._all) >= self._most:
            self.make_room()
        self._add(connection)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def leave(self, connection: Connection) -> None:
        """A connection has ended."""
        self._all.remove(connection)
        crowd = self._peers.get(connection.peer) if connection.peer is not None else None
        if crowd is not None and connection.peer is not None:
            crowd.remove(connection)
            if not crowd:
                del self._peers[connection.peer]

    def heard(self, connection: Connection, *, answering: bool) -> None:
        """*connection* was heard of, so that it is the last to give way from now on."""
        if connection in self._all:
            self._all.heard(connection, answering=answering)
            if connection.peer is not None:
                self._peers[connection.peer].heard(connection, answering=answering)
        connection.answering = answering

    def make_room(self) -> None:
        """Close the connection that has been silent longest, where there is one."""
        if self._all:
            self._close(self._all.most_silent, Closed.FULL)

    def count(self, why: Closed) -> None:
        """One connection is closed, by whoever speaks on it."""
        self._tally.closed(self._name, why)

    def _add(self, connection: Connection) -> None:
        self._all.add(connection)
        if connection.peer is not None:
            self._peers.setdefault(connection.peer, _Crowd()).add(connection)

    def _close(self, connection: Connection, why: Closed) -> None:
        self.leave(connection)
        connection.cut()
        self.count(why)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [each for each in self._all if each.is_late(now)]:
            self._close(connection, Closed.SILENT)
        self._looking = loop.call_later(LOOK_EVERY, self._look) if self._all else None
