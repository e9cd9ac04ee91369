"""The mail server of [smtp]: connections that are used again, and what it says to each mail."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from modemgw.config import ConfigError, SmtpSection
from modemgw.gateway.deliveries.names import Names

IDLE_S = 5.0
"""How long a connection is kept for the next mail."""
QUIT_S = 1.0
"""How long the server may take to say goodbye."""
_LATER = range(400, 500)
_HOST = re.compile(r"[A-Za-z0-9.-]+")


class NoServer(Exception):
    """No mail can be handed over just now: `detail` is what the server, or the system, says."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server has against a mail, or against one who is to get it."""

    code: int
    """RFC 5321, 4.2: 4xx for now, 5xx for good."""
    text: str

    @property
    def for_now(self) -> bool:
        """Whether it may be taken later."""
        return self.code in _LATER


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of a mail: it was taken for some, and refused for others."""

    taken: tuple[str, ...] = ()
    refused: dict[str, Refusal] = field(default_factory=dict)


class MailServer:
    """Hands mails over, as many at the same time as it is asked to."""

    def __init__(self, section: SmtpSection, at_once: int) -> None:
        self._section = section
        self._names = Names(at_once, section.timeout)
        self._idle: list[tuple[SMTP, asyncio.TimerHandle]] = []
        self._tls: ssl.SSLContext | None = None

    async def hand_over(self, recipients: Sequence[str], octets: bytes) -> Handed:
        """Hand a mail over once. Raises NoServer: then it is not known to be taken by anybody."""
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            try:
                return await self._hand_over(client, recipients, octets)
            except _Closed:  # since the last mail, so that this one was not begun
                continue
        client = await self._connect()
        try:
            return await self._hand_over(client, recipients, octets)
        except _Closed as error:
            raise NoServer("the mail server has closed the connection", str(error)) from error

    async def close(self) -> None:
        """Say goodbye."""
        idle, self._idle = self._idle, []
        for _, timer in idle:
            timer.cancel()
        await asyncio.gather(*(_quit(client) for client, _ in idle))
        await self._names.close()

    async def _hand_over(self, client: SMTP, recipients: Sequence[str], octets: bytes) -> Handed:
        try:
            handed = await self._speak(client, recipients, octets)
        except BaseException:
            client.close()
            raise
        timer = asyncio.get_running_loop().call_later(IDLE_S, self._let_go, client)
        self._idle.append((client, timer))
        return handed

    async def _speak(self, client: SMTP, recipients: Sequence[str], octets: bytes) -> Handed:
        refused: dict[str, Refusal] = {}
        try:
            try:
                await client.mail(self._section.sender)
            except SMTPServerDisconnected as error:
                raise _Closed(str(error)) from error
            except SMTPSenderRefused as error:
                await client.rset()
                return Handed(refused=dict.fromkeys(recipients, _refusal(error)))
            for recipient in recipients:
                try:
                    await client.rcpt(recipient)
                except SMTPRecipientRefused as error:
                    refused[recipient] = _refusal(error)
            taken = tuple(r for r in recipients if r not in refused)
            if not taken:
                await client.rset()
                return Handed(refused=refused)
            try:
                await client.data(octets)
            except SMTPDataError as error:
                await client.rset()
                return Handed(refused=refused | dict.fromkeys(taken, _refusal(error)))
        except SMTPException as error:
            raise NoServer("the mail server did not answer to the end", _says(error)) from error
        return Handed(taken, refused)

    async def _connect(self) -> SMTP:
        """Raises NoServer."""
        section = self._section
        try:
            password = section.read_password()
        except ConfigError as error:
            raise NoServer(str(error)) from error
        where = f"{section.host}:{section.listens_at}"
        try:
            tls = None if section.tls == "none" else await self._context()
            client = SMTP(
                hostname=section.host,
                sock=await self._socket(),
                username=section.user,
                password=password,
                local_hostname=_own_name(),
                timeout=section.timeout,
                use_tls=section.tls == "tls",
                start_tls=section.tls == "starttls",
                tls_context=tls,
            )
            await client.connect()
        except SMTPAuthenticationError as error:
            raise NoServer(
                f"the mail server at {where} does not accept the user and password of [smtp]",
                _says(error),
            ) from error
        except ssl.SSLError as error:
            raise NoServer(
                f"the mail server at {where} is not who it should be, or speaks no TLS there",
                str(error),
            ) from error
        except (SMTPException, OSError) as error:
            raise NoServer(f"no connection to the mail server at {where}", _says(error)) from error
        return client

    async def _socket(self) -> socket.socket:
        """A connection to the first of the server's addresses that takes one. Raises OSError."""
        loop = asyncio.get_running_loop()
        section = self._section
        found = await self._names.resolve(section.host, section.listens_at, socket.AF_UNSPEC)
        last: OSError = OSError("the server's name has no address")
        for one in found:
            family = socket.AF_INET6 if ":" in one["host"] else socket.AF_INET
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                async with asyncio.timeout(section.timeout):
                    await loop.sock_connect(connection, (one["host"], one["port"]))
            except OSError as error:
                connection.close()
                last = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise last

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            ca_file = self._section.ca_file
            self._tls = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
        return self._tls

    def _let_go(self, client: SMTP) -> None:
        self._idle = [(one, timer) for one, timer in self._idle if one is not client]
        client.close()


class _Closed(Exception):
    """A connection was closed before a mail was begun."""


def _refusal(error: SMTPResponseException) -> Refusal:
    return Refusal(error.code, error.message)


def _says(error: Any) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _own_name() -> str:
    """For EHLO, without asking a name server."""
    name = socket.gethostname()
    return name if _HOST.fullmatch(name) else "localhost"


async def _quit(client: SMTP) -> None:
    with contextlib.suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(QUIT_S):
            await client.quit()
    client.close()
