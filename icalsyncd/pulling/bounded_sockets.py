"""Connections from which little is taken at a time, whoever opened them.

The event loop reads up to 256 KiB at once, and what they hold is parsed in one go. Where they are early answers, or chunks
of one byte, that takes longer than the loop may stand still. So portals and strangers are heard in small pieces, and
between two of them everybody else has a turn.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from aiohttp import AddrInfoType

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST: Final = 8 * 1024
"""Bytes that are taken from a connection in one turn of the loop."""


class BoundedSocket(socket.socket):
    """A socket that gives no more than :data:`MOST` bytes at a time, whatever is asked of it."""

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """As a socket's, for plain connections."""
        return super().recv(min(bufsize, MOST), flags)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        """As a socket's, for encrypted connections."""
        with memoryview(buffer) as room:
            return super().recv_into(room, min(nbytes or room.nbytes, MOST, room.nbytes), flags)


def socket_for(address: AddrInfoType) -> socket.socket:
    """A socket that can be connected to *address*."""
    family, kind, protocol, *_ = address
    return BoundedSocket(family, kind, protocol)
