"""[smtp]: the server that takes mail for the handlers that send any."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from modemgw.config.base import Section, Wait, shaped
from modemgw.config.errors import ConfigError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAIL_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
MailAddress = Annotated[
    str,
    Field(max_length=254),
    shaped(
        MAIL_ADDRESS,
        "an address such as a@example.org: no name beside it, and no letters beyond ASCII",
    ),
]
PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Where a server listens if nothing else is said (RFC 8314, RFC 6409, RFC 5321)."""


class SmtpSection(Section):
    """[smtp]"""

    host: Annotated[str, shaped(r"[A-Za-z0-9_.:-]{1,255}", "a host's name or an address")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """Never in the clear where the server would rather not: `none` is for a server that is near."""
    ca_file: Path | None = None
    """Who vouches for the server, if it is nobody whom the system knows: a PEM file."""
    user: str | None = None
    password: str | None = None
    password_file: Path | None = None
    sender: Annotated[MailAddress, Field(alias="from")]
    timeout: Wait = 20
    """Seconds that each answer of the server may take."""

    @model_validator(mode="after")
    def _whole(self) -> SmtpSection:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        secret = self.password is not None or self.password_file is not None
        if (self.user is not None) != secret:
            raise ValueError("user goes with password or password_file, and they with user")
        if secret and self.tls == "none" and not _is_here(self.host):
            raise ValueError(
                'with tls = "none" the password would cross the network for all to read; use '
                '"starttls" or "tls" (only with a server on this machine it may be "none")'
            )
        return self

    @property
    def listens_at(self) -> int:
        """The server's port."""
        return PORTS[self.tls] if self.port is None else self.port

    def read_password(self) -> str | None:
        """The password, from the file if there is one. Raises ConfigError if it is unreadable."""
        if self.password_file is None:
            return self.password
        try:
            password = self.password_file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError(
                [f"smtp: password_file {self.password_file} cannot be read: {why}"]
            ) from error
        if not password or "\n" in password:
            raise ConfigError([f"smtp: password_file {self.password_file} must hold one line"])
        return password


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
