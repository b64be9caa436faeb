"""Who asks the admin listener, by what the request itself shows."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from aiohttp import HttpVersion11, hdrs, web

from icalsyncd.pulling.address import Network

_HOST: Final = re.compile(r"(?P<v4>[0-9.]+)|\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+)", re.ASCII)
_PORT: Final = re.compile(r":[0-9]{1,5}", re.ASCII)
_FORWARDING: Final = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "client-ip",
        "x-proxyuser-ip",
    }
)
_FORWARDING_STARTS: Final = ("x-forwarded", "x-original", "x-envoy-", "cf-", "tailscale-", "fly-")


class By(Enum):
    """By what somebody is known."""

    SESSION = auto()
    PASSWORD = auto()
    TOKEN = auto()
    """It may read the daemon's state folder."""
    PLACE = auto()
    """It sits at the machine itself, and there are no users."""
    NOTHING = auto()
    """There are no users, so that whoever reaches the listener may look."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, once that is known."""

    by: By
    user: str = ""

    @property
    def may_act(self) -> bool:
        """Whether it may open nights, or change the config."""
        return self.by is not By.NOTHING


def name_in(host: str) -> str:
    """The name or address of a Host header, without brackets and port; ``""`` where it is no such header."""
    name, port = host.lower(), ""
    if (end := name.find(":", name.rfind("]") + 1)) >= 0:
        name, port = name[:end], name[end:]
    match = _HOST.fullmatch(name)
    if match is None or (port and not _PORT.fullmatch(port)):
        return ""
    return match["v4"] or match["v6"] or match["name"]


def is_address(name: str) -> bool:
    """Whether *name* is an IP address: it cannot be made to lead elsewhere, as a name can."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether *name* is this machine's own for itself."""
    return name == "localhost" or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def is_at_the_machine(request: web.BaseRequest) -> bool:
    """Whether it comes from this machine, under its own name, through nothing that passes on what others ask.

    A proxy's peers are all loopback: what it adds to a request, or leaves out, tells it.
    """
    peer = _peer(request)
    return (
        peer is not None
        and peer.is_loopback
        and is_loopback(name_in(request.headers.get(hdrs.HOST, "")))
        and not _is_forwarded(request)
    )


def peer_of(request: web.BaseRequest, proxies: tuple[Network, ...]) -> str:
    """From where it comes, for a count of guesses: behind one of *proxies*, whom the proxy names; IPv6 by its /64."""
    peer = _peer(request)
    if peer is None:
        return "unknown"
    if _is_forwarded(request) and any(peer in network for network in proxies if network.version == peer.version):
        # the last one is what the proxy itself has seen; those before it anybody can write
        named = _address(request.headers.getall("X-Forwarded-For", [""])[-1].rpartition(",")[2].strip())
        if named is None:
            return f"behind {peer}"
        peer = named
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((peer, 64), strict=False))
    return str(peer)


def is_encrypted(request: web.BaseRequest) -> bool:
    """Whether it came to us, or to the proxy before us as that says, by TLS."""
    if request.transport is not None and request.transport.get_extra_info("sslcontext") is not None:
        return True
    return request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"


def _is_forwarded(request: web.BaseRequest) -> bool:
    # some proxies say nothing of themselves, but speak an older HTTP
    return request.version < HttpVersion11 or any(
        name in _FORWARDING or name.startswith(_FORWARDING_STARTS) for name in map(str.lower, request.headers)
    )


def _peer(request: web.BaseRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    found = request.transport.get_extra_info("peername") if request.transport is not None else None
    return _address(str(found[0])) if isinstance(found, tuple) else None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
