"""`modemgw budgets`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import local_time, print_json, print_table


@click.command()
@json_option
@daemon_options
def budgets(as_json: bool, daemon: Daemon) -> None:
    """See the budgets: their limits, what is used and reserved of them, and when they are full."""
    items = daemon.call(lambda client: client.budgets())
    if as_json:
        print_json(items)
        return
    print_table(
        ("budget", "limit", "of", "used", "reserved", "left", "state", "action", "full again"),
        [
            (
                one.id,
                limit.measure,
                " ".join(filter(None, (str(limit.limit), _currency(limit.measure, one.currency)))),
                str(limit.used),
                str(limit.reserved),
                str(limit.left),
                limit.state,
                one.action,
                local_time(limit.resets_at),
            )
            for one in items
            for limit in one.limits
        ],
        "No budget is configured: see [[budget]].",
    )


def _currency(measure: str, currency: str | None) -> str | None:
    return currency if measure.startswith("amount") else None
