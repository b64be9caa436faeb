"""The network between machines: bytes that take their time, connections that are refused, cut, or never answered.

Under aiohttp, unaltered, lie transports of this module. The other end of each is a :class:`Peer`, a plain object.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from tests.simulation.loop import Loop
from tests.simulation.world import World


class Peer(Protocol):
    """The far end of a connection of the daemon's."""

    def connected(self, wire: Wire) -> None:
        """There is a connection now."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def closed(self) -> None:
        """The daemon's end was closed, or has died."""


class Wire(asyncio.Transport):
    """One connection: the daemon's end is a transport, the other a peer."""

    def __init__(self, world: World, loop: Loop, protocol: asyncio.BaseProtocol, peer: Peer, local: Any) -> None:
        super().__init__({"peername": ("198.51.100.7", 40000), "sockname": local})
        self._world = world
        self._loop = loop
        self._protocol: Any = protocol
        self._peer = peer
        self._closing = False
        self._lost = False
        self._sent_until = 0.0
        self._arrive_at = 0.0
        self._paused = False
        self._held: list[bytes] = []
        self.delay = world.dice.uniform(0.001, 0.06)

    # the daemon's end

    def write(self, data: Any) -> None:
        if self._closing or not data:
            return
        self._to_peer(partial(self._peer.received, bytes(data)))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._to_peer(self._peer.closed)
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        held, self._held = self._held, []
        for data in held:
            self._loop.call_soon(self._hear, data)

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol = protocol

    # the other end

    def send(self, data: bytes, after: float = 0.0, then: Callable[[], None] | None = None) -> None:
        """Send *data* to the daemon; *then* is done when it was given to the daemon's protocol."""

        def arrive() -> None:
            self._loop.call_soon(self._hear, data)
            if then is not None:
                self._loop.call_soon(then)

        self._to_daemon(arrive, after)

    def cut(self, after: float = 0.0, error: bool = False) -> None:
        """End the connection from the far end."""
        problem = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) if error else None
        self._to_daemon(lambda: self._loop.call_soon(self._end, problem), after)

    def die(self) -> None:
        """The daemon is dead: the system closes its end."""
        if not self._closing:
            self._closing = self._lost = True
            self._to_peer(self._peer.closed)

    def _to_peer(self, what: Callable[[], None]) -> None:
        self._sent_until = max(self._sent_until, self._world.now + self.delay)
        self._world.at(self._sent_until, what)

    def _to_daemon(self, what: Callable[[], None], after: float) -> None:
        def arrive() -> None:
            if not self._loop.halted and not self._lost:
                what()

        self._arrive_at = max(self._arrive_at, self._world.now + after + self.delay)
        self._world.at(self._arrive_at, arrive)

    def _hear(self, data: bytes) -> None:
        if self._closing or self._lost:
            return
        if self._paused:
            self._held.append(data)
            return
        self._protocol.data_received(data)

    def _end(self, problem: Exception | None) -> None:
        if self._closing or self._lost:
            return
        if problem is None and self._protocol.eof_received():
            return
        self._closing = True
        self._lose(problem)

    def _lose(self, problem: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._protocol.connection_lost(problem)


class Door:
    """Stands for a socket that listens; what it lets in stands for one that is connected."""

    def __init__(self, network: Network, loop: Loop, host: str, port: int) -> None:
        self.network, self.loop, self.host, self.port = network, loop, host, port
        self._waiting: deque[Peer] = deque()
        self._told: Callable[[], object] | None = None
        self.handles = 1

    @property
    def sockets(self) -> list[Door]:
        return [self]

    def dup(self) -> Door:
        self.handles += 1
        return self

    def listen(self, _: int) -> None:
        """It does."""

    def getsockname(self) -> tuple[str, int]:
        return self.host, self.port

    def wait(self, callback: Callable[..., object] | None, *args: object) -> bool:
        """Have *callback* called while somebody waits; None: nobody cares."""
        had, self._told = self._told is not None, None if callback is None else partial(callback, *args)
        self._tell()
        return had

    def _tell(self) -> None:
        if self._told is not None and self._waiting:
            self.loop.call_soon(self._knocked)

    def _knocked(self) -> None:
        if self._told is not None and self._waiting:
            self._told()
            self._tell()

    def come(self, peer: Peer) -> None:
        """Somebody stands before it."""
        self._waiting.append(peer)
        self._tell()

    def accept(self) -> tuple[Newcomer, object]:
        if not self._waiting:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return Newcomer(self, self._waiting.popleft()), None

    def close(self) -> None:
        self.handles -= 1
        if not self.handles:
            self.network.listening = [each for each in self.network.listening if each is not self]
            for peer in self._waiting:
                peer.closed()
            self._waiting.clear()

    def overlaps(self, host: str, port: int) -> bool:
        return port == self.port and (host == self.host or "0.0.0.0" in (host, self.host))


class Newcomer:
    """A connection that was let in, and is not spoken on yet."""

    def __init__(self, door: Door, peer: Peer) -> None:
        self._door = door
        self._peer = peer

    def detach(self) -> Newcomer:
        """What is made of its descriptor: itself."""
        return self

    def setblocking(self, _: bool) -> None:
        """It never blocks."""

    def taken_up(self, factory: Callable[[], Any]) -> tuple[Wire, Any]:
        protocol = factory()
        return self._door.network._wire(self._door.loop, protocol, self._peer, self._door.getsockname()), protocol

    def close(self) -> None:
        self._peer.closed()


class Network:
    """Which addresses answer, and the connections between them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.listening: list[Door] = []
        self.answers: Callable[[str, int], Callable[[], Peer] | OSError | None] = lambda host, port: None
        """Who answers at an address of the outside: what makes a peer, an error, or nobody ever."""
        self._dialled: dict[int, tuple[Peer, Any]] = {}
        self.wires: list[Wire] = []

    def serve(self, loop: Loop) -> None:
        """Be the network of *loop*."""
        loop.listen, loop.dial, loop.adopt = self._listen, self._dial, self._adopt

    def _listen(self, loop: Loop, host: str, port: int) -> Door:
        if any(each.overlaps(host, port) for each in self.listening):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        door = Door(self, loop, host, port)
        self.listening.append(door)
        return door

    async def _dial(self, loop: Loop, sock: Any, address: tuple[str, int]) -> None:
        answer = self.answers(address[0], address[1])
        await asyncio.sleep(self._world.dice.uniform(0.002, 0.1))
        if answer is None:
            await asyncio.sleep(130.0)
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if isinstance(answer, OSError):
            raise answer
        self._dialled[id(sock)] = answer(), address

    def _adopt(self, loop: Loop, factory: Callable[[], Any], sock: Any) -> tuple[Wire, Any]:
        peer, _ = self._dialled.pop(id(sock))
        sock.close()
        protocol = factory()
        return self._wire(loop, protocol, peer, ("10.0.0.2", 50000)), protocol

    def _wire(self, loop: Loop, protocol: Any, peer: Peer, local: Any) -> Wire:
        wire = Wire(self._world, loop, protocol, peer, local)
        self.wires = [each for each in self.wires if not each._lost]
        self.wires.append(wire)
        protocol.connection_made(wire)
        self._world.after(wire.delay, lambda: peer.connected(wire))
        return wire

    def connect(self, port: int, peer: Peer) -> bool:
        """Connect *peer* to what listens on *port*; False where nothing does."""
        server = next((each for each in self.listening if each.port == port), None)
        if server is None or server.loop.halted:
            return False

        def arrive() -> None:
            if server in self.listening and not server.loop.halted:
                server.come(peer)
            else:
                peer.closed()

        def reach() -> None:
            # a machine that sleeps answers no one, and whoever asks gives up
            if not server.loop.is_asleep:
                server.loop.call_soon(arrive)

        self._world.after(self._world.dice.uniform(0.001, 0.05), reach)
        return True

    def die(self, loop: Loop) -> None:
        """The process of *loop* is no more: its ends are closed."""
        self.listening = [each for each in self.listening if each.loop is not loop]
        for wire in self.wires:
            if wire._loop is loop:
                wire.die()
