"""Which addresses a pull may go to, decided for every special-purpose block and every disguise."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.pulling.address import EVERYWHERE, refused

REFUSED = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "10.0.0.0": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "shared by the customers of a provider",
    "100.127.255.255": "shared by the customers of a provider",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "the host service of a cloud",
    "192.31.196.1": "reserved for AS112",
    "192.52.193.255": "reserved for AMT",
    "192.175.48.6": "reserved for AS112",
    "2620:4f:8000::1": "reserved for AS112",
    "::ffff:168.63.129.16": "the host service of a cloud",
    "64:ff9b::a83f:8110": "the host service of a cloud",
    "169.254.0.1": "link-local",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.170": "reserved",
    "192.0.2.1": "reserved for documentation",
    "192.88.99.1": "reserved",
    "192.168.1.1": "private",
    "198.18.0.1": "reserved for benchmarks",
    "198.51.100.1": "reserved for documentation",
    "203.0.113.1": "reserved for documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "reserved",
    "::ffff:10.0.0.1": "private",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "link-local",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b:1::8.8.8.8": "private",
    "100::1": "reserved",
    "2001::1": "unspecified",
    "2001:0:c0a8:101:0:0:f7f7:f7f7": "private",
    "2001:0:808:808:0:0:3f57:fefe": "private",
    "2001:2::1": "reserved",
    "2001:10::1": "reserved",
    "2001:db8::1": "reserved for documentation",
    "2002:a00:1::1": "private",
    "2002:7f00:1::": "loopback",
    "3fff::1": "reserved for documentation",
    "4000::1": "reserved",
    "5f00::1": "reserved",
    "fc00::1": "unique-local",
    "fd00:ec2::254": "unique-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}
ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:4860:4860::8888",
    "2002:808:808::1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]


@pytest.mark.parametrize(("written", "word"), REFUSED.items())
def test_what_is_not_the_public_internet_is_refused(written, word):
    assert refused(ip_address(written)) == word


@pytest.mark.parametrize("written", ALLOWED)
def test_the_public_internet_is_not_refused(written):
    assert refused(ip_address(written)) is None


@pytest.mark.parametrize("written", REFUSED)
def test_everywhere_is_everywhere(written):
    assert refused(ip_address(written), EVERYWHERE) is None


@pytest.mark.parametrize(
    ("written", "network", "word"),
    [
        ("192.168.1.7", "192.168.1.0/24", None),
        ("192.168.2.7", "192.168.1.0/24", "private"),
        ("::ffff:192.168.1.7", "192.168.1.0/24", None),
        ("64:ff9b::c0a8:107", "192.168.1.0/24", None),
        ("64:ff9b::c0a8:107", "64:ff9b::/96", None),
        ("2002:c0a8:107::1", "192.168.1.0/24", None),
        ("fd12::1", "fd12::/16", None),
        ("fd13::1", "fd12::/16", "unique-local"),
        ("fe80::1%eth0", "fe80::/10", None),
        ("::1", "127.0.0.0/8", "loopback"),
        ("10.0.0.1", "::/0", "private"),
    ],
)
def test_a_listed_network_is_allowed_and_no_other(written, network, word):
    assert refused(ip_address(written), (ip_network(network),)) == word


@given(st.integers(0, 2**32 - 1))
def test_a_disguise_is_judged_as_what_it_hides(number):
    plain = IPv4Address(number)
    disguises = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        # Teredo: a public server, and the client turned over
        IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
    ]
    assert {refused(disguise) for disguise in disguises} == {refused(plain)}


@given(st.ip_addresses())
def test_what_python_knows_as_local_is_never_allowed(address):
    if refused(address) is None:
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
        named = (inner.is_loopback, inner.is_link_local, inner.is_multicast, inner.is_unspecified)
        assert not any(named)
        # versions of Python differ about NAT64's well-known prefix and 6to4
        gateways = (ip_network("64:ff9b::/96"), ip_network("2002::/16"))
        assert not inner.is_private or any(inner in network for network in gateways)
