"""Options of the commands that open the database themselves.

Apart from the other options, because the store takes a while to import.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from modemgw.cli.options import config_option, load_config
from modemgw.store.sqlite import FILE_NAME


def database_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--config and --data-dir: for commands that open the database themselves."""
    data_dir = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where modemgw.db is; else as configured (gateway.data_dir).",
    )
    return config_option(data_dir(command))


def database_path(config_file: Path | None, data_dir: Path | None) -> Path:
    """The database that --config and --data-dir mean."""
    return (data_dir or load_config(config_file).gateway.data_dir) / FILE_NAME
