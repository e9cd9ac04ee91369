"""The options of `modemgw send` that a file is sent by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps
from math import inf
from pathlib import Path
from time import time
from typing import Any, Final

import click

from modemgw.cli.bulk.chunks import MOST_ROWS
from modemgw.cli.bulk.command import Bulk
from modemgw.cli.bulk.composing import recipe
from modemgw.cli.bulk.journal import Journal, key_of
from modemgw.cli.bulk.table import DELIMITERS, Unreadable, look_at

_DELIMITERS: Final = {name: character for character, name in DELIMITERS.items()}


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """What was said of a file to send."""

    csv_file: Path | None
    to_column: str | None
    csv_encoding: str | None
    delimiter: str | None
    allow_duplicates: bool
    skip_bad: bool
    dry_run: bool
    report: Path | None
    name: str | None
    rate: int | None
    chunk: int

    def bulk(
        self,
        *,
        text: str | None,
        options: Mapping[str, Any],
        declared: Mapping[str, Mapping[str, Any]] | None,
        wait: bool,
        timeout: float | None,
        as_json: bool,
    ) -> Bulk:
        """What is to be done. Raises click's UsageError for a file that cannot be sent like this.

        `options`: of Client.send, for all messages; `declared`: the parameters of the template.
        """
        path = self.csv_file
        assert path is not None, "there is a file"
        delimiter = None if self.delimiter is None else _DELIMITERS[self.delimiter]
        shared = {name: value for name, value in options.items() if name != "send_at"}
        batch = {
            "name": self.name or path.name,
            "rate_per_minute": self.rate,
            "send_at": options.get("send_at"),
        }
        try:
            table = look_at(path, encoding=self.csv_encoding, delimiter=delimiter)
            made = recipe(
                table,
                to=self.to_column,
                text=text,
                options=shared,
                allow_duplicates=self.allow_duplicates,
                declared=declared,
            )
        except Unreadable as error:
            raise click.UsageError(f"{path}: {error}") from error
        key = key_of(table.digest, {"recipe": asdict(made), "batch": batch, "rows": self.chunk})
        return Bulk(
            table=table,
            recipe=made,
            journal=Journal(path.with_name(f"{path.name}.{key[:8]}.journal"), key, time()),
            report=self.report or path.with_name(f"{path.name}.report.csv"),
            batch={k: v for k, v in batch.items() if v is not None},
            skip_bad=self.skip_bad,
            dry_run=self.dry_run,
            wait_s=(timeout or inf) if wait else None,
            wants_receipts=shared.get("receipt", True),
            as_json=as_json,
            most_rows=self.chunk,
        )


def bulk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--csv and what belongs to it, as one argument `bulk`."""

    @click.option(
        "--csv",
        "csv_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Send a message for each row of this file; all rows are looked at before.",
    )
    @click.option(
        "--to-column", metavar="NAME", help="With --csv: the column with the numbers.  [to …]"
    )
    @click.option("--csv-encoding", metavar="NAME", help="Of the file, such as cp1252.  [utf-8]")
    @click.option(
        "--delimiter",
        type=click.Choice(list(_DELIMITERS)),
        help="What separates the columns; found out without.",
    )
    @click.option("--allow-duplicates", is_flag=True, help="Send to a number more than once.")
    @click.option("--skip-bad", is_flag=True, help="Send the good rows though others are bad.")
    @click.option("--dry-run", is_flag=True, help="Look at all rows, tell, and send nothing.")
    @click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Where to write what became of each row.  [FILE.report.csv]",
    )
    @click.option("--name", help="With --csv: the batch's name.  [the file's]")
    @click.option(
        "--rate", type=click.IntRange(1), metavar="N", help="With --csv: so many a minute."
    )
    @click.option(
        "--chunk",
        type=click.IntRange(1, MOST_ROWS),
        default=MOST_ROWS,
        hidden=True,
        help="Rows in one request.",
    )
    @wraps(command)
    def collected(
        *args: Any,
        csv_file: Path | None,
        to_column: str | None,
        csv_encoding: str | None,
        delimiter: str | None,
        allow_duplicates: bool,
        skip_bad: bool,
        dry_run: bool,
        report: Path | None,
        name: str | None,
        rate: int | None,
        chunk: int,
        **kwargs: Any,
    ) -> Any:
        bulk = BulkOptions(
            csv_file,
            to_column,
            csv_encoding,
            delimiter,
            allow_duplicates,
            skip_bad,
            dry_run,
            report,
            name,
            rate,
            chunk,
        )
        return command(*args, bulk=bulk, **kwargs)

    return collected
