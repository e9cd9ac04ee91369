r"""URLs that are posted to: which form they may have, before anything is looked up.

One reading of a URL is as dangerous as two: what is checked and what is connected to must be the
same. So there is one spelling for each host here (RFC 3986 without its freedoms), and whatever
another parser might read otherwise (`127.1`, `http://a\@b`, digits that are no ASCII) is refused.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

MAX_LENGTH = 2000
MAX_NAME = 253
"""Characters of a host's name (RFC 1035, 2.3.4, as text without the last dot)."""

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
PATTERN = (
    rf"^[Hh][Tt][Tt][Pp][Ss]?://(?:{_NAME}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?"
    r'(?:[/?][!"$-\[\]-~]*)?$'
)
"""What JSON Schema can say of them; every URL that is taken looks like this."""

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)
_IS_NAME = re.compile(_NAME)
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
"""Hosts that everybody takes for an IPv4 address, in one of its spellings."""

Address = IPv4Address | IPv6Address


class UnfitUrl(ValueError):
    """Nothing can be posted to this URL; says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads."""

    host: str
    """In small letters, without a last dot; of an address its usual form."""
    address: Address | None
    """If the host is one and no name."""


def place_of(url: str) -> Place:
    """Where a URL leads. Raises UnfitUrl."""
    if len(url) > MAX_LENGTH:
        raise UnfitUrl(f"this may have {MAX_LENGTH:,} characters at most")
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise UnfitUrl(
            "this may hold printable ASCII only, no space and no backslash: write a name of other "
            "letters as xn--…, and other characters of the path as %XX"
        )
    parts = _PARTS.fullmatch(url)
    if parts is None or parts[1].lower() not in ("http", "https"):
        raise UnfitUrl("this must begin with http:// or https://")
    if "#" in url:
        raise UnfitUrl("this must have no fragment (#…): it is never sent")
    return _place(parts[2])


def _place(authority: str) -> Place:
    if "@" in authority:
        raise UnfitUrl(
            "this must have no user name or password (…@): put a token into the path, or check the "
            "signature"
        )
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not found[1]:
        raise UnfitUrl("this must name a host behind http:// or https://")
    host, port = found[1], found[2]
    if port is not None and not (
        port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535  # `isascii` was asked
    ):
        raise UnfitUrl(f"the port must be a number from 1 to 65535, not {port!r}")
    if host.startswith("["):
        return _address_6(host[1:-1])
    if _ENDS_IN_NUMBER.fullmatch(host):
        return _address_4(host)
    if len(host.removesuffix(".")) > MAX_NAME or not _IS_NAME.fullmatch(host):
        raise UnfitUrl(f"{host[:64]!r} is no name of a host")
    return Place(host.removesuffix(".").lower(), None)


def _address_6(host: str) -> Place:
    if "%" in host:
        raise UnfitUrl("an address with a zone (%…) cannot be posted to")
    try:
        address = IPv6Address(host)
    except AddressValueError as error:
        raise UnfitUrl(f"{host[:64]!r} is no IPv6 address") from error
    return Place(str(address), address)


def _address_4(host: str) -> Place:
    try:
        address = IPv4Address(host)
    except AddressValueError as error:
        raise UnfitUrl(f"{host[:64]!r} {_meant(host.removesuffix('.'))}") from error
    return Place(str(address), address)


def _meant(host: str) -> str:
    """What an odd spelling stands for, as the C library and most programs read it."""
    try:
        usual = IPv4Address(socket.inet_aton(host))
    except OSError:
        return "is no IPv4 address, and the last part of a name is no number"
    return f"is another way to write {usual}: write that"
