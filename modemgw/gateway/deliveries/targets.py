"""Where webhooks may lead: to whom is posted, and to whom never.

Whoever may create a webhook could have the gateway post to what only the gateway's machine can
reach. So what is connected to is judged, not what is written: a name by each address it has at that
moment, and the address that was judged is the one that is connected to. `socket_for` is the last
gate, which nothing passes by: a URL that holds an address is never looked up, and a connection pool
does not know who asks.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from modemgw.config import WebhooksSection
from modemgw.gateway.deliveries.addresses import forbidden, meanings
from modemgw.gateway.deliveries.names import Lookup, Names, look_up
from modemgw.gateway.urls import Address, UnfitUrl, place_of


class Refused(PermissionError):
    """Nobody is posted to there. Comes out of aiohttp as `os_error` of a ClientConnectorError."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EACCES, why)


class Targets:
    """To whom webhooks may post, as [webhooks] says."""

    def __init__(self, section: WebhooksSection) -> None:
        self._allow = _Listed(section.allow)
        self._only = _Listed(section.only)
        self._confined = bool(section.only)
        self._lookup_timeout_s = section.lookup_timeout

    def problem(self, url: str) -> str | None:
        """Why nothing can be posted to a URL, as far as that can be told without a look-up.

        The names of hosts are judged when they are looked up, at each connection anew.
        """
        try:
            place = place_of(url)
        except UnfitUrl as error:
            return str(error)
        if place.address is None:
            return None
        return self.refusal(place.host, place.address)

    def refusal(self, host: str, address: Address) -> str | None:
        """Why nobody is posted to at this address of a host; None: it may be.

        `host`: as it was looked up, or the address itself.
        """
        if self._allow.name(host) or self._allow.address(address):
            return None
        shown = host if host == str(address) else f"{host} ({address})"
        for meant in meanings(address):
            what = forbidden(meant)
            if what is not None and not self._allow.address(meant):
                as_what = "" if meant == address else f"leads to {meant} and "
                return f"{shown} {as_what}is {what}; [webhooks] allow can list it"
        if self._confined and not (self._only.name(host) or self._only.address(address)):
            return f"{shown} is not among those that [webhooks] only lists"
        return None

    def guard(self, at_once: int = 2, lookup: Lookup = look_up) -> Guard:
        """What connects for one webhook: `at_once` names are looked up at the same time."""
        return Guard(self, Names(at_once, self._lookup_timeout_s, lookup))


class Guard(AbstractResolver):
    """Connects to whom it may, and to nobody else. Close it when its connector is closed."""

    def __init__(self, targets: Targets, names: Names) -> None:
        self._targets = targets
        self._names = names
        self._by_name: set[str] = set()
        """Addresses that may be connected to because of a name that was looked up."""

    def connector(self, **options: Any) -> aiohttp.TCPConnector:
        """A connector for a session; `options` are aiohttp's."""
        return aiohttp.TCPConnector(resolver=self, socket_factory=self.socket_for, **options)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host that may be posted to. Raises Refused if none may, OSError."""
        name = host.removesuffix(".").lower()
        good, why = [], None
        for found in await self._names.resolve(host, port, family):
            address = _read(found["host"])
            refusal = self._targets.refusal(name, address)
            if refusal is not None:
                why = why or refusal
                continue
            if self._targets.refusal(str(address), address) is not None:
                self._by_name.add(str(address))
            good.append(found)
        if why is not None and not good:
            raise Refused(why)
        return good

    def socket_for(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket that is about to be connected to the address in `info`. Raises Refused."""
        family, kind, protocol, _, place = info
        address = _read(place[0])
        refusal = self._targets.refusal(str(address), address)
        if refusal is not None and str(address) not in self._by_name:
            raise Refused(refusal)
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """See Names."""
        await self._names.close()


class _Listed:
    """Networks and names of hosts, as a list of the configuration has them."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._names: set[str] = set()
        self._domains: tuple[str, ...] = ()
        for entry in entries:
            try:
                self._networks.append(ip_network(entry))
            except ValueError:
                name = entry.lower()
                if name.startswith("*."):
                    self._domains += (name[1:],)
                else:
                    self._names.add(name)

    def name(self, host: str) -> bool:
        return host in self._names or host.endswith(self._domains)

    def address(self, address: Address) -> bool:
        return any(
            address.version == network.version and address in network for network in self._networks
        )


def _read(text: str) -> Address:
    return ip_address(text.partition("%")[0])  # the zone of fe80::1%eth0
