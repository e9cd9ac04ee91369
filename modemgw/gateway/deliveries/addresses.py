"""Addresses that are posted to only where somebody has listed them.

Loopback and private addresses are none of these: the applications live there. These are: what
answers without being asked for it (multicast, broadcast), what stands for no host, and what hands
out secrets to whoever asks from this machine (the metadata of clouds).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

from modemgw.gateway.urls import Address

_METADATA = "where clouds keep the secrets of their machines"
_FORBIDDEN = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.0.0/16", f"link-local, {_METADATA}"),  # RFC 3927
        ("fe80::/10", "link-local"),  # RFC 4291, 2.5.6
        ("100.100.100.200/32", _METADATA),  # Alibaba
        ("168.63.129.16/32", _METADATA),  # Azure
        ("192.0.0.192/32", _METADATA),  # Oracle, before 169.254.169.254
        ("fd00:ec2::/32", _METADATA),  # Amazon
        ("fd20:ce::254/128", _METADATA),  # Google
        ("fd00:42::42/128", _METADATA),  # Scaleway
        ("255.255.255.255/32", "the broadcast address"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("0.0.0.0/8", "unspecified"),  # RFC 1122, 3.2.1.3: this host, as a source only
        ("::/128", "unspecified"),
        ("240.0.0.0/4", "reserved"),  # RFC 1112
        ("fec0::/10", "site-local, which is no longer used"),  # RFC 3879
    )
)
_IN_LAST_BITS = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible: RFC 4291, 2.5.5.1
        "::ffff:0:0/96",  # IPv4-mapped: RFC 4291, 2.5.5.2
        "::ffff:0:0:0/96",  # IPv4-translated: RFC 2765
        "64:ff9b::/96",  # NAT64: RFC 6052
    )
)
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
"""Of a network's own (RFC 8215): its prefix may have 48 bits, or up to 96."""
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of an interface's identifier that holds an IPv4 address (RFC 5214, 6.1)."""


def forbidden(address: Address) -> str | None:
    """What an address is, if nobody is posted to there unless it is listed."""
    for network, what in _FORBIDDEN:
        if address.version == network.version and address in network:
            return what
    return None


def meanings(address: Address) -> Iterator[Address]:
    """An address, and the IPv4 addresses at which what is sent to it may arrive."""
    yield address
    if isinstance(address, IPv4Address) or address in (IPv6Address("::"), IPv6Address("::1")):
        return
    bits = int(address)
    if any(address in network for network in _IN_LAST_BITS):
        yield IPv4Address(bits & 0xFFFFFFFF)
    if address in _NAT64_LOCAL:
        # RFC 6052, 2.2: the first and the last place; octet 8 is left out. Unused ones are zero.
        first, last = (bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF, bits & 0xFFFFFFFF
        yield from (IPv4Address(n) for n in {first, last} if n or first == last)
    if address.sixtofour is not None:  # RFC 3056
        yield address.sixtofour
    if address.teredo is not None:  # RFC 4380: the server, and the client
        yield from address.teredo
    if bits >> 32 & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(bits & 0xFFFFFFFF)
