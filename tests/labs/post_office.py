"""A mail server (aiosmtpd) on this machine, that takes and refuses what a test wants."""

from __future__ import annotations

import asyncio
import email.policy
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "gateway", "hunter2 ☃"


@dataclass
class Letter:
    """A mail that was taken."""

    sender: str
    to: list[str]
    octets: bytes

    @property
    def mail(self) -> EmailMessage:
        return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(self.octets)

    @property
    def text(self) -> str:
        part = self.mail.get_body()
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class PostOffice:
    """What the server does, and has done."""

    letters: list[Letter] = field(default_factory=list)
    connections: int = 0
    mail: Callable[[str], str] = lambda sender: "250 OK"
    rcpt: Callable[[str], str] = lambda recipient: "250 OK"
    data: Callable[[Letter], str] = lambda letter: "250 OK"
    """What is answered; what begins with 2 is taken."""
    open: int = 0
    most_open: int = 0
    hang_up: bool = False
    """It takes the next mail, and its answer is lost."""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.mail(address)
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        letter = Letter(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        answer = self.data(letter)
        if answer.startswith("2"):
            self.letters.append(letter)
        if self.hang_up:
            self.hang_up = False
            assert server.transport is not None
            server.transport.close()
        return answer


class _Counted(SMTP):
    """Counts its connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.session is None:  # else it is the same one, from now on with TLS
            office = self.event_handler
            office.connections += 1
            office.open += 1
            office.most_open = max(office.open, office.most_open)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.open -= 1
        super().connection_lost(error)


def _knows(server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
    right = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == right, handled=False)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def post_office(
    port: int = 0,
    *,
    tls: ssl.SSLContext | None = None,
    at_once: bool = False,
    login: bool = False,
    office: PostOffice | None = None,
) -> AsyncIterator[tuple[PostOffice, int]]:
    """A server, and its port. `tls` is offered with STARTTLS, or spoken `at_once`."""
    there = office or PostOffice()
    loop = asyncio.get_running_loop()

    def make() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it does not know that TLS is spoken at once
            return _Counted(
                there,
                loop=loop,
                hostname="mail.test",
                tls_context=None if at_once else tls,
                require_starttls=tls is not None and not at_once,
                auth_required=login,
                auth_require_tls=not at_once,
                authenticator=_knows,
            )

    server = await loop.create_server(make, "127.0.0.1", port, ssl=tls if at_once else None)
    try:
        yield there, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)
