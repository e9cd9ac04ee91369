"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import click
from aiohttp import Fingerprint

from modemgw.cli.errors import told
from modemgw.client import (
    DEFAULT_URL,
    ApiError,
    Client,
    Retry,
    UnexpectedAnswer,
    Unreachable,
    Untrusted,
)
from modemgw.config import Config, ConfigError, HttpSection, find, load
from modemgw.plain import printable

T = TypeVar("T")

RETRY = Retry(tries=3, first_s=0.2, longest_s=0.5, patience_s=5)
"""A person waits."""
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  the address to call instead

_FIRST_CERTIFICATE = re.compile(
    "-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL | re.ASCII
)

config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file; else $MODEMGW_CONFIG, else /etc/modemgw/modemgw.toml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def load_config(config_file: Path | None) -> Config:
    """The configuration, or one clear line a problem."""
    with told(ConfigError):
        return load(find(config_file))


def daemon_at(url: str | None, config_file: Path | None) -> tuple[str, Fingerprint | None]:
    """Where the daemon is: as said, else as configured, else where it is by default.

    As configured also by which certificate it is known, where it has one.
    """
    if url is not None:
        return url, None
    if config_file is not None:
        http = load_config(config_file).http
    else:
        try:
            http = load(find()).http
        except ConfigError:
            return DEFAULT_URL, None
    return _url(http), _its_own(http)


def _its_own(http: HttpSection) -> Fingerprint | None:
    """Of the configured certificate, by which the server is known whatever it is called here.

    None where there is none, or it may not be read.
    """
    if http.tls_certificate is None:
        return None
    try:
        found = _FIRST_CERTIFICATE.search(http.tls_certificate.read_text())
    except (OSError, UnicodeDecodeError):
        return None
    if found is None:
        return None
    return Fingerprint(sha256(ssl.PEM_cert_to_DER_cert(found[0])).digest())


def _url(http: HttpSection) -> str:
    if http.unix_path is not None:
        return http.listen
    host, port = http.host_port
    host = _ANYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{'http' if http.tls_certificate is None else 'https'}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class Daemon:
    """The running daemon, as the options name it."""

    url: str | None
    key: str | None
    config_file: Path | None
    ca_file: Path | None = None

    def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Does `work` with a client of the daemon; what goes wrong there is one clear line."""
        if not self.key:
            raise click.UsageError(
                "an API key is needed: set $MODEMGW_KEY or give --key; "
                "`modemgw keys create NAME --scope …` makes one"
            )
        try:
            return asyncio.run(self._work(work))
        except ApiError as error:
            raise click.ClickException(_told(error)) from error
        except Untrusted as error:
            raise click.ClickException(
                f"{printable(str(error))}; name its authority with --ca-file, $MODEMGW_CA_FILE or "
                "$SSL_CERT_FILE"
            ) from error
        except UnexpectedAnswer as error:
            raise click.ClickException(printable(str(error))) from error
        except Unreachable as error:
            raise click.ClickException(
                f"{printable(str(error))}; is `modemgw serve` running?"
            ) from error

    async def _work(self, work: Callable[[Client], Awaitable[T]]) -> T:
        url, known = daemon_at(self.url, self.config_file)
        if self.ca_file is not None:
            known = None
        async with Client(url, self.key, ca_file=self.ca_file, ssl=known, retry=RETRY) as client:
            return await work(client)


def _certificates(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    if file is not None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:
            raise click.BadParameter(f"{file} has no certificates in PEM: {error}") from error
    return file


def daemon_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--url, --key, --ca-file and --config, as one argument `daemon`."""

    @click.option(
        "--url",
        envvar="MODEMGW_URL",
        help="The daemon: http(s)://HOST:PORT or unix:/path. Else as configured, else "
        f"{DEFAULT_URL}.  [env: MODEMGW_URL]",
    )
    @click.option("--key", envvar="MODEMGW_KEY", help="API key.  [env: MODEMGW_KEY]")
    @click.option(
        "--ca-file",
        envvar="MODEMGW_CA_FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=_certificates,
        help="Certificates to trust (PEM) for https; else the system's.  [env: MODEMGW_CA_FILE]",
    )
    @config_option
    @wraps(command)
    def collected(
        *args: Any,
        url: str | None,
        key: str | None,
        ca_file: Path | None,
        config_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        return command(*args, daemon=Daemon(url, key, config_file, ca_file), **kwargs)

    return collected


def _told(error: ApiError) -> str:
    match error.status:
        case 401:
            return "the daemon does not know this API key (--key, $MODEMGW_KEY)"
        case _:
            return printable(str(error))  # it may hold what a modem answered


async def first(limit: int, items: AsyncIterator[T]) -> list[T]:
    """At most `limit` of the items; no page is fetched for nothing."""
    taken: list[T] = []
    async for item in items:
        taken.append(item)
        if len(taken) == limit:
            break
    return taken
