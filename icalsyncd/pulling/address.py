"""Which network addresses a pull may connect to.

A calendar's URL comes from outside, and so does every redirect: without this, either could make the daemon ask the
router, a neighbour in the host's network, or a cloud's metadata service. What is refused are the special-purpose blocks
of the IANA registries (RFC 6890), written out here, since :mod:`ipaddress` has changed its mind about them between
patch versions of Python. Beside them stands the one address of a cloud's host service that is in none of these blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

EVERYWHERE: Final[tuple[Network, ...]] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""The list of allowed networks that allows all."""


def _blocks(*named: tuple[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(network), word) for network, word in named)


_SPECIAL_V4: Final = _blocks(
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by the customers of a provider"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("168.63.129.16/32", "the host service of a cloud"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "reserved for documentation"),
    ("192.31.196.0/24", "reserved for AS112"),
    ("192.52.193.0/24", "reserved for AMT"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "reserved for AS112"),
    ("198.18.0.0/15", "reserved for benchmarks"),
    ("198.51.100.0/24", "reserved for documentation"),
    ("203.0.113.0/24", "reserved for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_SPECIAL_V6: Final = _blocks(
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "private"),
    ("fc00::/7", "unique-local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    ("2001:db8::/32", "reserved for documentation"),
    ("3fff::/20", "reserved for documentation"),
    ("2001::/23", "reserved"),
    ("2620:4f:8000::/48", "reserved for AS112"),
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TEREDO: Final = IPv6Network("2001::/32")


def refused(address: Address, allowed: Iterable[Network] = ()) -> str | None:
    """Why no pull may connect to *address*, as one word or a few; None where it may.

    *allowed* are networks where pulls may go all the same. An IPv6 address that stands for an IPv4 one (mapped, 6to4,
    NAT64, Teredo) is judged by that one too, and the allowed networks then count for it as well.
    """
    allowed = tuple(allowed)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        # the kernel connects to the IPv4 address itself
        return refused(address.ipv4_mapped, allowed)
    if any(address.version == network.version and address in network for network in allowed):
        return None
    if isinstance(address, IPv4Address):
        return next((word for network, word in _SPECIAL_V4 if address in network), None)
    embedded = _embedded(address)
    if embedded:
        return next((word for inner in embedded if (word := refused(inner, allowed)) is not None), None)
    special = next((word for network, word in _SPECIAL_V6 if address in network), None)
    if special is None and address not in _GLOBAL_V6:
        return "reserved"
    return special


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a gateway would pass a packet for *address* on to."""
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address in _TEREDO and address.teredo is not None:
        return address.teredo
    return ()
