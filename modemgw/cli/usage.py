"""`modemgw usage`"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, get_args

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import print_json, print_table
from modemgw.cli.say import say_lines
from modemgw.client import answers
from modemgw.client.usage import Dimension

COUNTS = ("parts", "accepted", "delivered", "failed")


def _dimensions(
    context: click.Context, option: click.Parameter, value: str | None
) -> list[Dimension]:
    known: tuple[Dimension, ...] = get_args(Dimension)
    named = dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip())
    if unknown := [name for name in named if name not in known]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    return [found for name in named for found in known if found == name]


@click.command()
@click.option(
    "--by", callback=_dimensions, metavar="NAMES", help="Tell apart by sim, key, type, prefix, day."
)
@click.option("--since", metavar="DAY", help="From this day (UTC) on, such as 2026-11-01.")
@click.option("--until", metavar="DAY", help="Before this day.")
@click.option("--sim", metavar="ICCID", help="Only of this SIM.")
@click.option("--of-key", "key", metavar="NAME", help="Only of this API key.")
@click.option("--type", help="Only of this type of message.")
@click.option("--prefix", help="Only to this prefix, such as +44.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet.")
@json_option
@daemon_options
def usage(
    by: list[Dimension], as_csv: bool, as_json: bool, daemon: Daemon, **filters: str | None
) -> None:
    """Add up what was sent and what it cost."""
    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both")
    sums = daemon.call(lambda client: client.usage(by, **filters))
    if as_json:
        print_json(sums)
        return
    currencies = sorted({one.currency for found in sums for one in found.amounts})
    rows = [_row(found, by, currencies) for found in sums]
    if as_csv:
        text = io.StringIO()
        columns = [*by, *COUNTS, *(f"amount_{currency}" for currency in currencies)]
        csv.writer(text, lineterminator="\n").writerows([columns, *rows])
        say_lines(text.getvalue().rstrip("\n"))
    else:
        print_table((*by, *COUNTS, *currencies), rows, "Nothing was sent.")


def _row(found: answers.UsageSum, by: Sequence[str], currencies: Sequence[str]) -> list[Any]:
    amounts = {one.currency: one["amount"] for one in found.amounts}
    return [
        *(found[name] for name in (*by, *COUNTS)),
        *(amounts.get(currency, "") for currency in currencies),
    ]
