"""`modemgw audit`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, first, list_options
from modemgw.cli.output import local_time, print_json, print_table
from modemgw.client import Client, answers


@click.command()
@click.option("--by", metavar="KEY", help="Only what was done with this API key, by name.")
@click.option("--action", help="Only this, such as keys.revoke.")
@click.option("--target", help="Only what was done to this: a name or an id.")
@click.option("--outcome", help="Only with this outcome: done, conflict …")
@click.option("--since", metavar="TIME", help="From this time on (RFC 3339).")
@click.option("--until", metavar="TIME", help="Before this time (RFC 3339).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@list_options
@daemon_options
def audit(
    by: str | None,
    limit: int,
    as_json: bool,
    daemon: Daemon,
    **filters: str | None,
) -> None:
    """List what admins did, the newest first."""

    async def work(client: Client) -> list[answers.AuditRecord]:
        return await first(limit, client.audit(key=by, limit=min(limit, 1000), **filters))

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("at", "key", "address", "action", "target", "outcome", "detail"),
        [
            (
                local_time(record.at),
                record.key,
                record.address,
                record.action,
                record.target,
                record.outcome,
                record.detail,
            )
            for record in items
        ],
        "Nothing is on record.",
    )
