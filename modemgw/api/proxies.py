"""Whose request it is when a proxy hands it on: the one place that says where a client is.

What a header says of it anybody can write. So it is read from the right, where the nearest proxy
writes, and only as far as those who wrote are trusted (http.trusted_proxies).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from aiohttp import web

from modemgw.config import HttpSection

UNIX: Final = "unix"
"""The address of whoever comes through the unix socket."""

_PAIR = re.compile(r'\s*([\w!#$%&\'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*([;,]|$)', re.ASCII)
"""RFC 7239, 4: one parameter of a Forwarded element and what follows it."""
_WITH_PORT = re.compile(r"(?:\[([^]]*)\]|([^:]*))(?::[0-9]{1,5})?", re.ASCII)


class Proxies:
    """Which peers may say for whom they ask, and in which header."""

    def __init__(self, http: HttpSection) -> None:
        self.header = http.forwarded_header
        self._networks = [ip_network(entry) for entry in http.trusted_proxies if entry != UNIX]
        self._unix = UNIX in http.trusted_proxies

    def client(self, peer: str, given: Sequence[str]) -> str:
        """The address of the client behind `peer`; `given`: the lines of the header.

        It is the nearest that is no trusted proxy. Where one says that it does not know whom it
        asks for (`unknown`, RFC 7239, 6), or what cannot be read, it is that proxy itself.
        """
        address = peer
        hops = self._hops(given)
        while self._trusts(address):
            said = next(hops, None)
            found = None if said is None else read_address(said)
            if found is None:
                break
            address = found
        return address

    def _trusts(self, address: str) -> bool:
        if address == UNIX:
            return self._unix
        found = _parsed(address)
        return found is not None and any(found in network for network in self._networks)

    def _hops(self, given: Sequence[str]) -> Iterator[str]:
        line = ",".join(given)
        if self.header == "Forwarded":
            return iter(read_forwarded(line)[::-1])
        return (hop.strip() for hop in reversed(line.split(",")))


PROXIES: Final = web.AppKey("proxies", Proxies)


def client_address(request: web.Request) -> str:
    """The IP address of who asks, or UNIX for a client of the unix socket.

    A client that writes its own headers cannot choose it. With many clients behind one proxy that
    is not trusted it is the proxy's.
    """
    proxies = request.app[PROXIES]
    peer = read_address(request.remote or "") or UNIX
    return proxies.client(peer, request.headers.getall(proxies.header, ()))


def read_address(text: str) -> str | None:
    """An address as ip_address writes it, of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or
    `[2001:db8::1]:80`; None for anything else. One of IPv4 in IPv6's clothes is one of IPv4.
    """
    text = text.strip()
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2] or ""
    found = _parsed(text)
    return None if found is None else str(found)


def read_forwarded(line: str) -> list[str]:
    """Who is named by `for=` in each element of a Forwarded header (RFC 7239, 4).

    Empty where an element does not say, or the header is not valid: then nothing in it is.
    """
    names: list[str] = []
    name, at = "", 0
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None:
            return []
        if pair[1].lower() == "for":
            name = re.sub(r"\\(.)", r"\1", pair[2].removeprefix('"').removesuffix('"'))
        if pair[3] != ";":
            names.append(name)
            name = ""
        at = pair.end()
    return names


@lru_cache(maxsize=256)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.version == 6 and found.ipv4_mapped) or found
