"""The certificate of the door: read at the start, and again whenever its files have changed.

A pair that cannot be used, such as one of which half is written, changes nothing: the pair that was
read before stays, and what is wrong is told once.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import re
import ssl
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Final, cast

from modemgw.config import HttpSection

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often the files are looked at."""
TELL_S = 86400.0
"""How often it is told that the certificate ends soon."""
SOON_S = 7 * 86400.0
"""So long before its end a certificate should have been renewed."""
MAX_OCTETS = 1 << 20
"""Of a file: what is longer is no certificate."""
_CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name."""
_MOST_FLIGHTS: Final = 8
"""Of a handshake, each way: TLS 1.3 needs two."""


class TlsError(Exception):
    """The certificate or its key cannot be used; one sentence says why, and what would help."""


class _Encrypted(Exception):
    """OpenSSL has asked for the password of a key."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, ready to be used."""

    context: ssl.SSLContext
    not_before: float
    not_after: float
    """Unix times."""

    def concern(self, now: float) -> str | None:
        """What clients will have, or soon have, against it."""
        if now > self.not_after:
            return f"it ended on {_date(self.not_after)}: clients refuse it"
        if now < self.not_before:
            return f"it is not valid before {_date(self.not_before)}: clients refuse it"
        if self.not_after - now < SOON_S:
            return f"it ends on {_date(self.not_after)}"
        return None


class Tls:
    """The pair in use. Make it with `open_tls`."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises TlsError."""
        self._certificate = certificate
        self._key = key
        self._seen = self._content()
        self._pair = load(certificate, key)
        self._told = 0.0
        self._refreshing = asyncio.Lock()
        self._tell_concern()

    @property
    def context(self) -> ssl.SSLContext:
        """What the next connection is to use."""
        return self._pair.context

    async def watch(self) -> None:
        """Read the files again when they have changed, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.refresh()
            if time.time() - self._told > TELL_S:
                self._tell_concern()

    async def refresh(self) -> None:
        """Read the files again if they have changed."""
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            content = await asyncio.to_thread(self._content)
        except TlsError as error:
            self._keep(b"", error)
            return
        if content == self._seen:
            return
        try:
            # What is written between the look and this is seen by the next look.
            self._pair = await asyncio.to_thread(load, self._certificate, self._key)
        except TlsError as error:
            self._keep(content, error)
            return
        self._seen = content
        log.info(
            "new connections get the certificate that is in %s now, good until %s",
            self._certificate,
            _date(self._pair.not_after),
        )
        self._tell_concern()

    def _keep(self, content: bytes, error: TlsError) -> None:
        if content != self._seen:
            self._seen = content
            log.warning("the certificate that was read before stays in use: %s", error)

    def _tell_concern(self) -> None:
        self._told = time.time()
        if concern := self._pair.concern(self._told):
            log.warning("the certificate in %s: %s", self._certificate, concern)

    def _content(self) -> bytes:
        """What tells whether the files have changed, whichever way they were written."""
        digest = hashlib.sha256()
        for file, name in ((self._certificate, "tls_certificate"), (self._key, "tls_key")):
            digest.update(_read(file, name))
        return digest.digest()


def open_tls(http: HttpSection) -> Tls | None:
    """The certificate that is configured, read; None for plain HTTP. Raises TlsError."""
    if http.tls_certificate is None:
        return None
    return Tls(http.tls_certificate, http.tls_key or http.tls_certificate)


def load(certificate: Path, key: Path) -> Pair:
    """Read a pair, and try it. Raises TlsError."""
    if _CERTIFICATE not in _read(certificate, "tls_certificate"):
        raise TlsError(f"{certificate} has no certificate in PEM in it (http.tls_certificate)")
    if not _PRIVATE_KEY.search(_read(key, "tls_key")):
        raise TlsError(f"{key} has no private key in PEM in it (http.tls_key)")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, _no_password)
        found = _try(context, certificate)
    except _Encrypted:
        raise TlsError(
            f"{key} is encrypted, and nobody is there to type its password; "
            f"`openssl pkey -in {key}` writes it without one (http.tls_key)"
        ) from None
    except OSError as error:
        raise TlsError(_why(error, certificate, key)) from error
    return Pair(context, *map(ssl.cert_time_to_seconds, (found["notBefore"], found["notAfter"])))


def _try(server: ssl.SSLContext, certificate: Path) -> dict[str, str]:
    """What a client sees of the certificate that trusts it whatever the time. Raises SSLError."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(certificate)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(down, up)
    sides = [asking, server.wrap_bio(up, down, server_side=True)]
    for _ in range(_MOST_FLIGHTS):
        for side in tuple(sides):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
                sides.remove(side)
    return cast(dict[str, str], asking.getpeercert())


def _read(file: Path, key: str) -> bytes:
    """Raises TlsError. `key`: of the configuration, that names the file."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise TlsError(f"{file} is no file (http.{key})")
        with file.open("rb") as stream:
            content = stream.read(MAX_OCTETS + 1)
    except FileNotFoundError as error:
        raise TlsError(f"there is no file {file} (http.{key})") from error
    except OSError as error:
        hint = "; the user of the daemon must be able to" if error.errno == errno.EACCES else ""
        raise TlsError(f"{file} cannot be read: {error.strerror}{hint} (http.{key})") from error
    if len(content) > MAX_OCTETS:
        raise TlsError(f"{file} is larger than {MAX_OCTETS:,} octets (http.{key})")
    return content


def _no_password() -> str:
    raise _Encrypted


def _why(error: OSError, certificate: Path, key: Path) -> str:
    match getattr(error, "reason", None):
        case "KEY_VALUES_MISMATCH" | "KEY_TYPE_MISMATCH":
            return (
                f"the key in {key} is not that of the first certificate in {certificate} "
                "(http.tls_key)"
            )
        case "EE_KEY_TOO_SMALL":
            return f"the key of {certificate} is too short for today: RSA wants 2048 bits at least"
        case reason:
            why = reason or error.strerror or str(error)
            return f"{certificate} and {key} cannot be used: {why} (http.tls_certificate)"


def _date(moment: float) -> str:
    return formatdate(moment, usegmt=True)
