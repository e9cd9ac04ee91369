"""`modemgw keys`"""

from __future__ import annotations

import getpass
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from modemgw.api import answers, render
from modemgw.api.moments import parse_moment
from modemgw.cli.database import database_options, database_path
from modemgw.cli.errors import told
from modemgw.cli.options import json_option
from modemgw.cli.output import local_time, print_fields, print_json, print_table
from modemgw.cli.ownership import as_owner_of
from modemgw.cli.say import say
from modemgw.gateway import GatewayError
from modemgw.gateway import keys as rules
from modemgw.store import KeyRow, StoreError, Transaction
from modemgw.store.contract.keys import SCOPES
from modemgw.store.records import KeyLimits
from modemgw.store.sqlite import list_keys, transaction

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(rf"([0-9]{{1,9}})([{''.join(_UNITS)}])", re.ASCII)


def _duration(_: click.Context, __: click.Parameter, value: str) -> float:
    """Seconds of a number with a unit, such as 90d."""
    found = _DURATION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no duration, such as 30m, 24h, 90d or 2w")
    return float(found[1]) * _UNITS[found[2]]


def _moment(ctx: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """UTC seconds of a date and time, or of so long from now on."""
    if value is None:
        return None
    if _DURATION.fullmatch(value):
        return time.time() + _duration(ctx, option, value)
    try:
        return parse_moment(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}, or a duration such as 90d") from error


def _limit(option: str, of: str) -> Callable[[F], F]:
    return click.option(
        option, type=click.IntRange(1, 10_000_000), help=f"Messages a{of} at the most."
    )


@click.group()
def keys() -> None:
    """Make and revoke API keys; works whether or not the daemon runs."""


@contextmanager
def _changing(database: Path, action: str, name: str, *, create: bool = False) -> Iterator[Any]:
    """A transaction that does `action` to a key, with a record of it for `modemgw audit`."""
    with (
        told(StoreError, GatewayError),
        as_owner_of(database.parent),
        transaction(database, create=create) as tx,
    ):
        yield tx
        tx.audit.record(
            f"keys.{action}",
            key=None,
            address="local",
            target=name,
            outcome="done",
            detail=f"by {_user()}",
        )


def _user() -> str:
    """Who sits here, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return f"user {os.getuid()}"


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do; may be given more than once. admin may do everything.",
)
@click.option(
    "--expires",
    callback=_moment,
    metavar="TIME",
    help="It opens nothing from then on: RFC 3339, or so long from now on (90d, 12h).",
)
@_limit("--per-minute", " minute")
@_limit("--per-hour", "n hour")
@_limit("--per-day", " day")
@click.option(
    "--templates-only", is_flag=True, help="It may send what templates make, and nothing else."
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEMPLATE",
    help="It may send what this template makes, and nothing else; may be given more than once.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the key with all about it, as POST /v1/keys."
)
@database_options
def create(
    name: str,
    scopes: tuple[str, ...],
    expires: float | None,
    per_minute: int | None,
    per_hour: int | None,
    per_day: int | None,
    templates_only: bool,
    templates: tuple[str, ...],
    as_json: bool,
    config_file: Path | None,
    data_dir: Path | None,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    limits = KeyLimits(per_minute or 0, per_hour or 0, per_day or 0)
    new = rules.NewKey(
        name,
        tuple(dict.fromkeys(scopes)),
        limits,
        expires,
        templates_only,
        tuple(dict.fromkeys(templates)),
    )
    database = database_path(config_file, data_dir)
    with told(GatewayError):
        rules.check(new, time.time())
    with _changing(database, "create", name, create=True) as tx:
        issued = rules.create(tx, new, tx.now)
    if as_json:
        secret = {"key": issued.token, "webhook_secret": issued.webhook_secret}
        print_json({**_document(issued.row), **secret})
    else:
        say(issued.token)


@keys.command("list")
@json_option
@database_options
def list_(as_json: bool, config_file: Path | None, data_dir: Path | None) -> None:
    """List the keys and what they may do; never the keys themselves."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        found = [_document(row) for row in list_keys(database)]
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "scopes", "state", "limits", "created", "last used", "expires", "revoked"),
        [
            (
                key["name"],
                " ".join(key["scopes"]),
                key["state"],
                _limits(key),
                *(
                    local_time(at)
                    for at in (
                        key["created_at"],
                        key["last_used_at"],
                        key["expires_at"],
                        key["revoked_at"],
                    )
                ),
            )
            for key in found
        ],
        "There are no keys; `modemgw keys create NAME --scope send` makes one.",
    )


@keys.command()
@click.argument("name")
@json_option
@database_options
def show(name: str, as_json: bool, config_file: Path | None, data_dir: Path | None) -> None:
    """Show one key: what it may do, how much, how long, and when it was last used."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        found = [_document(row) for row in list_keys(database) if row.name == name]
    if not found:
        raise click.ClickException(f"there is no key {name!r}; see `modemgw keys list`")
    if as_json:
        print_json(found[0])
        return
    key = found[0]
    print_fields(
        (
            ("name", key["name"]),
            ("scopes", " ".join(key["scopes"])),
            ("state", key["state"]),
            ("limits", _limits(key)),
            ("templates", _templates(key)),
            ("created", local_time(key["created_at"])),
            ("last used", local_time(key["last_used_at"])),
            ("expires", local_time(key["expires_at"])),
            ("revoked", local_time(key["revoked_at"])),
        )
    )


@keys.command()
@click.argument("name")
@click.option(
    "--grace",
    callback=_duration,
    default="0s",
    metavar="DURATION",
    show_default=True,
    help="So long the key as it was goes on, such as 24h.",
)
@database_options
def rotate(name: str, grace: float, config_file: Path | None, data_dir: Path | None) -> None:
    """Replace a key by another one of the same name and print that. It is shown this once."""
    if grace > rules.MOST_GRACE_S:
        raise click.UsageError(f"--grace may be {rules.MOST_GRACE_S / 86400:.0f}d at the most")
    with _changing(database_path(config_file, data_dir), "rotate", name) as tx:
        issued = rules.rotate(tx, name, grace, tx.now)
    say(issued.token)


@keys.command("webhook-secret")
@click.argument("name")
@database_options
def webhook_secret(name: str, config_file: Path | None, data_dir: Path | None) -> None:
    """Sign events to the callback_url of a key's messages with another secret, and print that.

    It is shown this once; the one before signs nothing any more.
    """
    with _changing(database_path(config_file, data_dir), "webhook-secret", name) as tx:
        secret = rules.renew_webhook_secret(tx, name)
    say(secret)


@keys.command()
@click.argument("name")
@database_options
def revoke(name: str, config_file: Path | None, data_dir: Path | None) -> None:
    """Revoke a key: it opens nothing any more."""
    with _changing(database_path(config_file, data_dir), "revoke", name) as tx:
        last = _revoke(tx, name)
    say(f"{name} is revoked")
    if last:
        say("no key with the scope admin is left; `modemgw keys create` makes one", err=True)


def _revoke(tx: Transaction, name: str) -> bool:
    """Returns whether it was the last one for admins."""
    row = tx.keys.get(name)
    if row is None or row.revoked_at is not None:
        raise click.ClickException(f"there is no key {name!r} in force; see `modemgw keys list`")
    last = row.in_force(tx.now) and rules.is_last_admin(tx, row, tx.now)
    rules.revoke(tx, name, tx.now, last_admin=True)
    return last


def _document(row: KeyRow) -> answers.ApiKey:
    return render.api_key(row, row.state(time.time()))


def _templates(key: answers.ApiKey) -> str:
    """Which it is for, if it is for templates alone."""
    if not key["templates_only"]:
        return ""
    return f"only {' '.join(key['templates'])}" if key["templates"] else "only, all of them"


def _limits(key: answers.ApiKey) -> str:
    """Such as `60/minute 5000/day`."""
    limits = key["limits"]
    if limits is None:
        return ""
    given = (
        (limits["per_minute"], "minute"),
        (limits["per_hour"], "hour"),
        (limits["per_day"], "day"),
    )
    return " ".join(f"{most}/{window}" for most, window in given if most)
