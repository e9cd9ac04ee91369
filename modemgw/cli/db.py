"""`modemgw db`"""

from __future__ import annotations

from pathlib import Path

import click

from modemgw.cli.database import database_options, database_path
from modemgw.cli.errors import told
from modemgw.cli.ownership import as_owner_of
from modemgw.cli.say import say
from modemgw.store import StoreError
from modemgw.store.sqlite import maintenance


@click.group()
def db() -> None:
    """Look after the database; works whether or not the daemon runs."""


@db.command()
@database_options
def check(config_file: Path | None, data_dir: Path | None) -> None:
    """Look for damage. Exit code 1 when there is any."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        problems = maintenance.check(database)
    if problems:
        for problem in problems[:20]:
            say(problem, err=True)
        raise click.ClickException(
            f"{database} is damaged: stop the daemon, move this file with its -wal and -shm away, "
            "and put a backup in its place (`modemgw db backup` makes them)"
        )
    say(f"{database} is sound")


@db.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@database_options
def backup(target: Path, config_file: Path | None, data_dir: Path | None) -> None:
    """Copy the database to TARGET, a new file, while it is in use."""
    with told(StoreError):
        size = maintenance.backup(database_path(config_file, data_dir), target)
    say(f"{target}: {size:,} bytes")


@db.command()
@database_options
def vacuum(config_file: Path | None, data_dir: Path | None) -> None:
    """Give the space of deleted rows back to the disk. Sending waits while it runs."""
    database = database_path(config_file, data_dir)
    with told(StoreError), as_owner_of(database.parent):
        before, after = maintenance.vacuum(database)
    say(f"{before:,} bytes before, {after:,} bytes now")
