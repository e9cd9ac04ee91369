"""[http]: the address of the HTTP API, and how much of what it takes at a time."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from modemgw.config.base import Section, Wait


class HttpSection(Section):
    """[http]"""

    listen: str = "127.0.0.1:8080"
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

    @property
    def unix_path(self) -> Path | None:
        """The path of the unix socket, or None when this is a TCP address."""
        return Path(self.listen[5:]) if self.listen.startswith("unix:") else None

    @property
    def host_port(self) -> tuple[str, int]:
        """Host and port of a TCP address; port 0 lets the system choose."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
