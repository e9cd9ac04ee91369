"""[http]: where the HTTP API listens, who gets in how, and how much of what it takes at a time."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from modemgw.config.base import Section, Wait

ANY_ORIGIN = "*"
_OR_NONE = BeforeValidator(lambda value: None if value == "" else value)


class HttpSection(Section):
    """[http]"""

    listen: str = "127.0.0.1:8080"
    unix_mode: str = "0660"
    """Of the unix socket's file: who may write it may connect."""
    unix_group: Annotated[str | None, _OR_NONE] = None
    """Its group; None: that of the user whom the daemon runs as."""
    tls_certificate: Annotated[Path | None, _OR_NONE] = None
    """PEM: the server's certificate and what leads from it to its authority; None: plain HTTP."""
    tls_key: Annotated[Path | None, _OR_NONE] = None
    """PEM, unencrypted; None: it is in `tls_certificate`."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1 << 30)] = 16 << 20
    body_memory_bytes: Annotated[int, Field(ge=1024, le=1 << 34)] = 64 << 20
    """Of all large bodies that are being received; at the least one of `max_body_bytes` fits."""
    max_connections: Annotated[int, Field(ge=4, le=100_000)] = 512
    """Fewer where the limit of open files would leave modems and the database too little."""
    max_streams: Annotated[int, Field(ge=1, le=100_000)] = 128
    """Event streams at a time; of the connections they may have half at the most."""
    max_streams_per_key: Annotated[int, Field(ge=1, le=100_000)] = 32
    max_waits: Annotated[int, Field(ge=0, le=100_000)] = 128
    """Answers at a time that wait for a fate (`Prefer: wait`); a quarter of the connections at
    the most, and what is more is answered at once."""
    max_waits_per_key: Annotated[int, Field(ge=0, le=100_000)] = 32
    header_timeout: Wait = 10
    """How long a request's headers may take, from their first octet on."""
    body_timeout: Wait = 30
    """How long a body may take; what has come by then buys more time, at 16 KiB a second."""
    idle_timeout: Wait = 75
    """How long a connection may be kept without a request."""
    send_timeout: Wait = 30
    """How long a client may read nothing of its answer; a large one has more, as with bodies."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses, networks and `unix`: who may say for whom it asks, in `forwarded_header`."""
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    """The one that the proxies write: the other one goes through them as a client wrote it."""

    cors_origins: tuple[str, ...] = ()
    """Whose pages may call from a browser, as the browser writes it: https://app.example.org."""

    @field_validator("unix_mode", mode="before")
    @classmethod
    def _mode(cls, mode: Any) -> str:
        if not (isinstance(mode, str) and re.fullmatch(r"0?[0-7]{3}", mode, re.ASCII)):
            raise ValueError('this must be an octal file mode in quotes, such as "0660"')
        return mode

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != ANY_ORIGIN and not _is_origin(origin):
                raise ValueError(
                    f"{origin!r} is no origin; write it as browsers do, without a path and in "
                    f"small letters: https://app.example.org, http://localhost:3000, or "
                    f"{ANY_ORIGIN!r} for any page whatever"
                )
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for entry in proxies:
            try:
                entry == "unix" or ip_network(entry)
            except ValueError as error:
                raise ValueError(
                    f"{entry!r} is neither an address (127.0.0.1), nor a network (10.0.0.0/8), "
                    f"nor unix: {error}"
                ) from error
        return proxies

    @field_validator("listen")
    @classmethod
    def _address(cls, listen: str) -> str:
        if listen.startswith("unix:"):
            if not listen.removeprefix("unix:").startswith("/"):
                raise ValueError(
                    "a unix socket wants an absolute path: unix:/run/modemgw/http.sock"
                )
            return listen
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(
                f"{listen!r} is neither HOST:PORT (127.0.0.1:8080, [::1]:8080) nor unix:/path"
            )
        return listen

    @model_validator(mode="after")
    def _fits(self) -> HttpSection:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key is given, but no tls_certificate")
        if self.unix_path is not None and self.tls_certificate is not None:
            raise ValueError(
                "tls_certificate is for HOST:PORT; what goes through a unix socket stays on this "
                "machine"
            )
        if self.unix_path is None and self.unix_group is not None:
            raise ValueError("unix_group is for unix:/path; listen is HOST:PORT")
        return self

    @property
    def unix_path(self) -> Path | None:
        """The path of the unix socket, or None when this is a TCP address."""
        return Path(self.listen[5:]) if self.listen.startswith("unix:") else None

    @property
    def host_port(self) -> tuple[str, int]:
        """Host and port of a TCP address; port 0 lets the system choose."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def _is_origin(text: str) -> bool:
    """Whether this is an origin as RFC 6454, 6.2 writes it: scheme, host, port if no default."""
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError:
        return False
    if found.scheme not in ("http", "https") or not found.hostname or "*" in found.hostname:
        return False
    default = {"http": 80, "https": 443}[found.scheme]
    host = f"[{found.hostname}]" if ":" in found.hostname else found.hostname
    ended = f":{port}" if port not in (None, default) else ""
    return text == f"{found.scheme}://{host}{ended}"
