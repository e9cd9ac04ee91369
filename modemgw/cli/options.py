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

from modemgw.cli.before import is_said, of_this_machine, said_before
from modemgw.cli.contexts import ContextError, Contexts, default_path
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
from modemgw.config import DEFAULT_PATH, Config, ConfigError, HttpSection, find, load
from modemgw.plain import printable

T = TypeVar("T")

RETRY = Retry(tries=3, first_s=0.2, longest_s=0.5, patience_s=5)
"""A person waits."""
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  the address to call instead

_CA_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_AS_CSV = "modemgw.cli.as_csv"
"""In the meta of click's context."""
_FIRST_CERTIFICATE = re.compile(
    "-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL | re.ASCII
)

_CONFIG: dict[str, Any] = {
    "type": click.Path(dir_okay=False, path_type=Path),
    "help": "Configuration file; else $MODEMGW_CONFIG, else /etc/modemgw/modemgw.toml.",
}
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")

csv_option = click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV: names in the first line, times in UTC."
)


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--json and --csv, for commands that print a table; the command itself sees `as_json` only."""

    @json_option
    @csv_option
    @wraps(command)
    def in_one_form(*args: Any, as_json: bool, as_csv: bool, **kwargs: Any) -> Any:
        if as_json and as_csv:
            raise click.UsageError("give --json or --csv, not both")
        click.get_current_context().meta[_AS_CSV] = as_csv
        return command(*args, as_json=as_json, **kwargs)

    return in_one_form


def csv_wanted() -> bool:
    """Whether the command that runs was called with --csv."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_AS_CSV))


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
    return url_of(http), _its_own(http)


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


def url_of(http: HttpSection) -> str:
    """Where a client on this machine finds what listens there."""
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


def certificates(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """The file of an option, if certificates are in it. Raises BadParameter."""
    return _checked(file)


def _checked(file: Path | None) -> Path | None:
    if file is not None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError as error:
            raise click.BadParameter(f"{file} has no certificates in PEM: {error}") from error
    return file


def gateway_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--at, --url, --key, --ca-file and --config before the name of a command."""
    for option in (
        click.option("--config", "config_file", **_CONFIG),
        click.option(
            "--ca-file", type=_CA_FILE, callback=certificates, help="As after the command."
        ),
        click.option("--key", help="As after the command."),
        click.option("--url", help="As after the command."),
        click.option(
            "--at",
            envvar="MODEMGW_AT",
            metavar="NAME",
            shell_complete=_complete_context,
            help="The gateway of this name in `modemgw contexts list`.  [env: MODEMGW_AT]",
        ),
    ):
        command = option(command)
    return command


def _complete_context(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    try:
        return [name for name in Contexts.read(default_path()).known if name.startswith(begun)]
    except ContextError:
        return []


config_option = click.option("--config", "config_file", callback=of_this_machine, **_CONFIG)


def daemon_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--url, --key, --ca-file and --config, as one argument `daemon`."""

    @click.option(
        "--url",
        envvar="MODEMGW_URL",
        callback=said_before,
        help="The daemon: http(s)://HOST:PORT or unix:/path. Else the context's (--at), else as "
        f"configured, else {DEFAULT_URL}.  [env: MODEMGW_URL]",
    )
    @click.option(
        "--key", envvar="MODEMGW_KEY", callback=said_before, help="API key.  [env: MODEMGW_KEY]"
    )
    @click.option(
        "--ca-file",
        envvar="MODEMGW_CA_FILE",
        type=_CA_FILE,
        callback=lambda *given: _checked(said_before(*given)),
        help="Certificates to trust (PEM) for https; else the system's.  [env: MODEMGW_CA_FILE]",
    )
    @click.option("--config", "config_file", callback=said_before, **_CONFIG)
    @wraps(command)
    def collected(
        *args: Any,
        url: str | None,
        key: str | None,
        ca_file: Path | None,
        config_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        return command(*args, daemon=_meant(Daemon(url, key, config_file, ca_file)), **kwargs)

    return collected


def _meant(said: Daemon) -> Daemon:
    """The daemon of the context that is meant, if one is; else as the options say."""
    name = click.get_current_context().find_root().params.get("at")
    with told(ContextError):
        if said.config_file is not None or is_said("url"):
            if is_said("at"):
                raise click.UsageError("--at says where the gateway is: leave out --url, --config")
            name = None  # $MODEMGW_AT, if it is set
        elif name is None and said.url is None and find() == DEFAULT_PATH:
            name = Contexts.read(default_path()).current
        if name is None:
            return said
        context = Contexts.read(default_path()).named(name)
        key = said.key if is_said("key") else context.read_key() or said.key
    ca_file = said.ca_file if is_said("ca_file") else context.ca_file or said.ca_file
    return Daemon(context.url, key, None, _checked(ca_file))


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
