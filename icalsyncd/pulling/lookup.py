"""From a portal's name to the addresses that a pull may connect to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from icalsyncd.calendars.calendar import Reason
from icalsyncd.pulling.address import Network, refused

Lookup: TypeAlias = Callable[[str, int], Sequence[str]]
"""The addresses of a host name, or of an address written in any form the system knows; raises OSError as
:func:`socket.getaddrinfo` does. It may block: it is called in a thread."""

_REMEMBERED: Final = 1024
"""Hosts and addresses of which it is remembered how they are written; portals are few."""
_UNKNOWN_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


@dataclass(frozen=True, slots=True)
class Found:
    """Addresses that were looked up once and may be connected to, in the system's order of preference."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is nothing to connect to."""

    reason: Reason
    detail: str


class Pinned(AbstractResolver):
    """Gives aiohttp the addresses that were checked for the request under way, so that it looks nothing up itself."""

    def __init__(self) -> None:
        self._checked: ContextVar[tuple[str, ...]] = ContextVar("checked")

    def pin(self, found: Found) -> None:
        """Let the request that the running task makes next go to the addresses *found*, and nowhere else."""
        self._checked.set(found.addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=its_family,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._checked.get()
            if family in (socket.AF_UNSPEC, its_family := socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]

    async def close(self) -> None:
        pass


def look_up(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    return [str(sockaddr[0]) for *_, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def find(
    host: str, port: int, allowed: tuple[Network, ...], lookup: Lookup, threads: Executor
) -> Found | NotFound:
    """The addresses of *host* that a pull may connect to; an address in place of a name is checked alike."""
    try:
        addresses: Sequence[str] = _literal(host)
        if not addresses:
            addresses = await asyncio.get_running_loop().run_in_executor(threads, lookup, host, port)
    except socket.gaierror as error:
        unknown = error.errno in _UNKNOWN_NAME
        return NotFound(Reason.DNS, "no such host name" if unknown else "the host name could not be looked up")
    except (OSError, UnicodeError):  # UnicodeError: a label that is empty or too long
        return NotFound(Reason.DNS, "the host name could not be looked up")
    if not addresses:
        return NotFound(Reason.DNS, "no such host name")
    judged = [(address, refused(_parsed(address), allowed)) for address in dict.fromkeys(addresses)]
    passed = tuple(address for address, word in judged if word is None)
    if passed:
        return Found(passed)
    words = ", ".join(dict.fromkeys(word for _, word in judged if word is not None))
    return NotFound(
        Reason.ADDRESS_REFUSED, f"the host's address is {words}; `pull.allow_private_addresses` can allow its network"
    )


@lru_cache(_REMEMBERED)
def _literal(host: str) -> tuple[str, ...]:
    """*host* itself where it is an IPv4 address in the one form that nobody reads in another way; no thread for that."""
    try:
        return (str(IPv4Address(host)),)
    except ValueError:
        return ()


@lru_cache(_REMEMBERED)
def _parsed(address: str) -> IPv4Address | IPv6Address:
    return ip_address(address)
