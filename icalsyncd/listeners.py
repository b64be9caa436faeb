"""The daemon's open ports: bound before anything else changes, and moved without refusing anybody."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from icalsyncd.config import Address

CLOSING_GRACE: Final = 0.25
"""Seconds in which whoever was let in a moment ago can still say what it wants."""
CLOSING_MOST: Final = 1.0
"""Seconds that running answers are given when a listener closes."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class CannotListen(Exception):
    """An address could not be bound; the message says which and why."""


class Listener:
    """One bound address and the handler behind it."""

    def __init__(self, address: Address, server: web.Server, sockets: asyncio.Server) -> None:
        self.address = address
        self._server = server
        self._sockets = sockets

    @property
    def port(self) -> int:
        """The port that is bound: the address's own, or the one that the system chose for 0."""
        return int(self._sockets.sockets[0].getsockname()[1]) if self._sockets.sockets else self.address.port

    async def close(self) -> None:
        """Take no more connections, and let running answers end."""
        self._sockets.close()
        if self._server.connections:
            await asyncio.sleep(CLOSING_GRACE)
        await self._server.shutdown(CLOSING_MOST)


async def listen(address: Address, handler: Handler, given: socket.socket | None = None) -> Listener:
    """Bind *address*, or take the socket *given* by the service manager. Raises CannotListen."""
    server = web.Server(handler, access_log=None)
    loop = asyncio.get_running_loop()
    try:
        if given is not None:
            sockets = await loop.create_server(server, sock=given)
        else:
            sockets = await loop.create_server(server, address.host, address.port, reuse_address=True, backlog=256)
    except OSError as error:
        raise CannotListen(f"cannot listen on {address}: {_why(error)}") from error
    except UnicodeError:  # a label of the name is empty or too long
        raise CannotListen(f"cannot listen on {address}: that is no host name") from None
    return Listener(address, server, sockets)


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
