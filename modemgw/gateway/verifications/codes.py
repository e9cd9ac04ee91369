"""Codes: made from a salt and a secret, so that none has to be kept.

A code has a million values or so: whatever is stored of it that tells right from wrong is undone by
trying them all, however slow the hash, unless a secret is needed to try. So nothing is stored of
it. The row has 128 random bits; with them and the secret, the pepper, HMAC-SHA256 gives the code.
The pepper is no part of the database: a copy of that alone says nothing at all about any code.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import secrets
import unicodedata
from pathlib import Path

SALT_BYTES = 16
PEPPER_BYTES = 32
FILE_NAME = "verifications-pepper"
_IPV6_NETWORK = 64
"""Bits of an IPv6 address that stand for one customer (RFC 6177)."""


class Codes:
    """Makes and compares codes. Pure."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def code(self, salt: bytes, length: int) -> str:
        """The code of `length` digits that belongs to a salt; each of them is equally likely.

        To within 2**-220: that is how little 256 bits are off a multiple of 10**length.
        """
        number = int.from_bytes(self._mac(b"code", salt), "big") % 10**length
        return f"{number:0{length}d}"

    def matches(self, salt: bytes, length: int, given: str) -> bool:
        """Whether `given` is the code; takes as long whatever digits are wrong."""
        return hmac.compare_digest(self.code(salt, length).encode(), given.encode())

    def client(self, address: str) -> bytes:
        """What stands for an IP address (of IPv6, its /64) where it is counted.

        Raises ValueError for what is none.
        """
        ip = ipaddress.ip_address(address)
        if isinstance(ip, ipaddress.IPv6Address):
            if ip.ipv4_mapped is not None:
                ip = ip.ipv4_mapped
            else:
                packed = ip.packed[: _IPV6_NETWORK // 8]
                return self._mac(b"client", packed)[:SALT_BYTES]
        return self._mac(b"client", ip.packed)[:SALT_BYTES]

    def _mac(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._pepper, purpose + b"\0" + data, "sha256")


def digits(text: str) -> str | None:
    """The digits of a code as a person types it (`123 456`, `123-456`, digits of any script).

    None: it is no code.
    """
    found = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in text
        if not (char.isspace() or char in "-\u2010\u2011\u2012\u2013\u200e\u200f")
    )
    return found if 4 <= len(found) <= 10 and found.isascii() and found.isdecimal() else None


def read_pepper(file: Path) -> bytes:
    """The secret that is kept in `file`; one is made when there is none yet.

    For its owner alone. Raises OSError; ValueError for a file with fewer than 16 octets.
    """
    try:
        pepper = file.read_bytes()
    except FileNotFoundError:
        pepper = _make(file)
    if len(pepper) < SALT_BYTES:
        raise ValueError(f"{file} has {len(pepper)} octets: a secret needs {SALT_BYTES} or more")
    return pepper


def _make(file: Path) -> bytes:
    pepper = secrets.token_bytes(PEPPER_BYTES)
    made = file.with_name(f"{file.name}.{os.getpid()}.new")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pepper)
            opened.flush()
            os.fsync(opened.fileno())
            if os.geteuid() == 0:  # made by root in the service's directory, it is the service's
                owner = file.parent.stat()
                os.fchown(opened.fileno(), owner.st_uid, owner.st_gid)
        with contextlib.suppress(FileExistsError):  # another was quicker: then that one stays
            os.link(made, file)
    finally:
        made.unlink(missing_ok=True)
    return file.read_bytes()
