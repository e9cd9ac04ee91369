"""`modemgw handlers`"""

from __future__ import annotations

from typing import Literal

import click

from modemgw.cli.deliveries import (
    check_replay,
    limit_option,
    print_deliveries,
    replay_options,
    say_replayed,
    state_option,
)
from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import clip, print_json, print_table
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
@state_option
@limit_option
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
    else:
        print_deliveries(items)


@handlers.command()
@click.argument("identifier", metavar="HANDLER")
@replay_options
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
    check_replay(ids, since, until, state)
    count = daemon.call(
        lambda client: client.replay(identifier, ids or None, since=since, until=until, state=state)
    )
    say_replayed(count)
