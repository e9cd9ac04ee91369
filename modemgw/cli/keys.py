"""`modemgw keys`"""

from __future__ import annotations

from pathlib import Path

import click

from modemgw.api.moments import render_moment, render_optional_moment
from modemgw.cli.database import database_options, database_path
from modemgw.cli.errors import told
from modemgw.cli.options import json_option
from modemgw.cli.output import local_time, print_json, print_table
from modemgw.cli.ownership import as_owner_of
from modemgw.cli.say import say
from modemgw.store import StoreError
from modemgw.store.contract.keys import SCOPES
from modemgw.store.sqlite import create_key, list_keys, revoke_key


@click.group()
def keys() -> None:
    """Make and revoke API keys; works whether or not the daemon runs."""


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
@database_options
def create(
    name: str, scopes: tuple[str, ...], config_file: Path | None, data_dir: Path | None
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        token = create_key(database, name, scopes)
    say(token)


@keys.command("list")
@json_option
@database_options
def list_(as_json: bool, config_file: Path | None, data_dir: Path | None) -> None:
    """List the keys and what they may do; never the keys themselves."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        found = list_keys(database)
    rows = [
        {
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": render_moment(key.created_at),
            "revoked_at": render_optional_moment(key.revoked_at),
        }
        for key in found
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("name", "scopes", "created", "revoked"),
        [
            (
                key.name,
                " ".join(key.scopes),
                local_time(render_moment(key.created_at)),
                local_time(render_optional_moment(key.revoked_at)),
            )
            for key in found
        ],
        "There are no keys; `modemgw keys create NAME --scope send` makes one.",
    )


@keys.command()
@click.argument("name")
@database_options
def revoke(name: str, config_file: Path | None, data_dir: Path | None) -> None:
    """Revoke a key: it opens nothing any more."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        done = revoke_key(database, name)
    if not done:
        raise click.ClickException(f"there is no key {name!r} in force; see `modemgw keys list`")
    say(f"{name} is revoked")
