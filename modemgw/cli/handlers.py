"""`modemgw handlers`"""

from __future__ import annotations

from typing import Literal

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import clip, local_time, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, answers


@click.group()
def handlers() -> None:
    """See the handlers and what is delivered to them; have it delivered once more."""


@handlers.command("list")
@json_option
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the handlers and what is pending for them."""
    items = daemon.call(lambda client: client.handlers())
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "kind", "pending", "under way", "dead", "problem"),
        [
            (
                h.id,
                h.kind,
                h.pending,
                h.claimed,
                h.dead,
                clip(h.problem or "", 60),
            )
            for h in items
        ],
        "The configuration has no handlers.",
    )


@handlers.command()
@click.argument("identifier", metavar="HANDLER")
@click.option(
    "--state",
    type=click.Choice(["pending", "claimed", "delivered", "dead"]),
    help="Only those that stand so.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def deliveries(
    identifier: str, state: str | None, limit: int, as_json: bool, daemon: Daemon
) -> None:
    """List what a handler gets and got, the newest first."""

    async def work(client: Client) -> list[answers.Delivery]:
        found = client.deliveries(identifier, state=state, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "of", "state", "tries", "next try", "created", "problem"),
        [
            (
                d.id,
                d.inbound or d.event,
                d.state,
                d.tries,
                local_time(d.next_at),
                local_time(d.created_at),
                clip(_problem(d), 60),
            )
            for d in items
        ],
        "There are no such deliveries.",
    )


def _problem(delivery: answers.Delivery) -> str:
    """Why the last try failed, if it did."""
    outcomes = delivery.outcomes
    return (outcomes[-1].problem or "") if outcomes else ""


@handlers.command()
@click.argument("identifier", metavar="HANDLER")
@click.argument("ids", metavar="[DELIVERY]…", nargs=-1)
@click.option("--since", metavar="TIME", help="Only of events from this time on (RFC 3339).")
@click.option("--until", metavar="TIME", help="Only of events before this time (RFC 3339).")
@click.option(
    "--state",
    type=click.Choice(["dead", "delivered"]),
    help="Those that ended so.  [default: dead]",
)
@daemon_options
def replay(
    identifier: str,
    ids: tuple[str, ...],
    since: str | None,
    until: str | None,
    state: Literal["dead", "delivered"] | None,
    daemon: Daemon,
) -> None:
    """Have ended deliveries made once more: those named, or all of a state and time."""
    if ids and (since or until or state):
        raise click.UsageError("name deliveries, or give --since, --until and --state, not both")
    count = daemon.call(
        lambda client: client.replay(identifier, ids or None, since=since, until=until, state=state)
    )
    say(f"{count} {'delivery is' if count == 1 else 'deliveries are'} made once more.")
