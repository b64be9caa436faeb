"""The daemon's open ports: bound before anything else changes, and moved without refusing anybody.

What is no HTTP gets a bare answer that tells nothing: it is counted, and not logged, since strangers would write the log.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError

from icalsyncd import log
from icalsyncd.config.forms import Address
from icalsyncd.pulling.bounded_sockets import BoundedSocket
from icalsyncd.serving.connections import MAX_IDLE, Connection, Connections
from icalsyncd.serving.encryption import HANDSHAKE, MAX_HANDSHAKES

CLOSING_GRACE: Final = 0.25
"""Seconds in which whoever was let in a moment ago can still say what it wants."""
MAX_CLOSING: Final = 1.0
"""Seconds that running answers are given when a listener closes."""
REST: Final = 0.5
"""Seconds for which nobody is let in after the system had no descriptor for a newcomer."""
TOLD_EVERY: Final = 3600.0
"""Seconds for which that is not told again."""
_BACKLOG: Final = 256
_AT_ONCE: Final = 16
"""Newcomers after which the loop turns to what else there is to do."""
_BARE: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class CannotListen(Exception):
    """An address could not be bound; the message says which and why."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.is_taken = number == errno.EADDRINUSE
        """Somebody has it already, who may be this daemon."""


class Listener:
    """One bound address and the handler behind it."""

    def __init__(
        self,
        address: Address,
        handler: Handler,
        sockets: list[socket.socket],
        room: Connections,
        *,
        given: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = address
        self.tls = tls
        """What newcomers have to agree with; None where nothing is encrypted."""
        self.given = given
        """The service manager has bound it, and holds it whatever is closed here."""
        self._server = web.Server(_watched(handler))
        self._sockets = sockets
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._entering: dict[asyncio.Task[None], None] = {}
        """Newcomers that are let in, in the order in which they came."""
        self._told_at: float | None = None
        self.port = int(sockets[0].getsockname()[1])
        """The port that is bound: the address's own, or the one that the system chose for 0."""
        self._open()

    def _open(self) -> None:
        for each in self._sockets:
            each.listen(_BACKLOG)
            self._resume(each)

    async def reopen(self) -> None:
        """Bind the address again after :meth:`shut`. Raises CannotListen."""
        self._sockets = await _bound(self.address)
        self._open()

    def shut(self) -> None:
        """Give up the address; running answers go on."""
        for each in self._sockets:
            # those that have come are let in still: they were not refused
            for _ in range(_BACKLOG // _AT_ONCE):
                self._accept(each)
            self._loop.remove_reader(each)
            each.close()
        self._sockets = []

    async def close(self) -> None:
        """Take no more connections, and let running answers end."""
        self.shut()
        await asyncio.gather(*self._entering, return_exceptions=True)
        if self._server.connections:
            await asyncio.sleep(CLOSING_GRACE)
        await self._server.shutdown(MAX_CLOSING)

    def _accept(self, door: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = door.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest(door, error)
                # or nobody is there any more
                return
            newcomer = BoundedSocket(fileno=accepted.detach())
            newcomer.setblocking(False)
            task = self._loop.create_task(self._let_in(newcomer))
            if self.tls is not None and len(self._entering) >= MAX_HANDSHAKES:
                next(iter(self._entering)).cancel()
            self._entering[task] = None
            task.add_done_callback(self._entered)

    def _entered(self, task: asyncio.Task[None]) -> None:
        del self._entering[task]

    async def _let_in(self, newcomer: socket.socket) -> None:
        agreeing = (
            {"ssl": self.tls, "ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": 1.0} if self.tls else {}
        )
        try:
            await self._loop.connect_accepted_socket(
                lambda: Connection(self._room, partial(_Speech, self._server)),
                newcomer,
                **agreeing,  # type: ignore[arg-type]
            )
        except (OSError, asyncio.CancelledError):
            # it has gone, did not agree on a key, or had to give way to one that came later
            newcomer.close()

    def _rest(self, door: socket.socket, error: OSError) -> None:
        self._loop.remove_reader(door)
        self._room.make_room()
        self._loop.call_later(REST, self._resume, door)
        now = self._loop.time()
        if self._told_at is None or now - self._told_at > TOLD_EVERY:
            self._told_at = now
            log.error("a connection could not be taken", address=str(self.address), why=error.strerror)

    def _resume(self, door: socket.socket) -> None:
        if door in self._sockets:
            self._loop.add_reader(door, self._accept, door)


async def listen(
    address: Address,
    handler: Handler,
    room: Connections,
    given: socket.socket | None = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Listener:
    """Bind *address*, or take the socket *given* by the service manager. Raises CannotListen."""
    if given is not None:
        given.setblocking(False)
    sockets = [given] if given is not None else await _bound(address)
    try:
        return Listener(address, handler, sockets, room, given=given is not None, tls=tls)
    except OSError as error:
        for each in sockets:
            each.close()
        raise CannotListen(f"cannot listen on {address}: {_why(error)}", error.errno) from error


async def _bound(address: Address) -> list[socket.socket]:
    """Sockets bound to *address*. Raises CannotListen."""
    try:
        # only to be bound: a loop's own way of accepting logs each failure a hundred times a second
        bound = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, address.host, address.port, reuse_address=True, start_serving=False
        )
        try:
            return [each.dup() for each in bound.sockets]
        finally:
            bound.close()
    except OSError as error:
        raise CannotListen(f"cannot listen on {address}: {_why(error)}", error.errno) from error
    except UnicodeError as error:
        raise CannotListen(f"cannot listen on {address}: this is no name of a machine") from error


class _Speech(web.RequestHandler):
    """HTTP on one connection."""

    def __init__(self, server: web.Server, connection: Connection) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            # the connection is watched; this must only not come before
            keepalive_timeout=2 * MAX_IDLE,
            access_log=None,  # type: ignore[arg-type]  # None switches it off
            max_line_size=4096,
            max_field_size=4096,
            max_headers=64,
            # nothing takes a body; one that was sent is read for as long only as its sender needs to see the answer
            lingering_time=2.0,
            auto_decompress=False,
        )
        self.watched = connection

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 (aiohttp calls it so)
        status: int = 500,  # noqa: ARG002
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """The answer to what is no request."""
        if not isinstance(exc, HttpProcessingError):
            raise ConnectionError from exc
        self.watched.misunderstood()
        return _Bare(status=400)

    def log_exception(self, *args: Any, **kw: Any) -> None:  # noqa: ARG002 (aiohttp calls it so)
        """Nothing that came is logged: what a body has that cannot be read ends the connection, and that is all."""
        self.watched.misunderstood()


class _Bare(web.StreamResponse):
    """An answer without a word of what it answers, or of who does."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write it."""
        self.force_close()
        if request.transport is not None:
            request.transport.write(_BARE)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """It is whole already."""


def _watched(handler: Handler) -> Handler:
    """*handler*, whose connection knows that it is being answered, and whose bugs are told as such."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        connection = cast(_Speech, request.protocol).watched
        connection.asked()
        try:
            return await handler(request)
        except ConnectionError:
            # it has gone away meanwhile
            raise
        except Exception:
            log.exception("an answer ended in a bug")
            if request.writer.output_size:
                raise ConnectionError from None
            return web.Response(status=500)
        finally:
            connection.answered()

    return answer


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program has this port (or another icalsyncd runs already)"
        case errno.EACCES:
            return "the system does not let this user have this port"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address"
        case _:
            return error.strerror or type(error).__name__
