"""`modemgw batches`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import click

from modemgw.cli.messages import modems_of
from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import (
    clip,
    content,
    local_time,
    print_fields,
    print_json,
    print_table,
)
from modemgw.cli.say import say
from modemgw.client import BatchChanges, Client, answers

identifier_argument = click.argument("identifier", metavar="BATCH")
State = Literal["scheduled", "running", "paused", "canceled", "done"]
STATES: tuple[State, ...] = ("scheduled", "running", "paused", "canceled", "done")


@click.group()
def batches() -> None:
    """See, pause, pace and cancel messages that were sent together.

    `modemgw send --csv FILE` sends such.
    """


@batches.command("list")
@click.option("--name", help="Only of this name.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def list_(name: str | None, state: State | None, limit: int, as_json: bool, daemon: Daemon) -> None:
    """List batches, the newest first."""

    async def work(client: Client) -> list[answers.Batch]:
        return await first(limit, client.batches(name=name, state=state, limit=min(limit, 1000)))

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "name", "state", "accepted", "rejected", "left", "per minute", "created"),
        [
            (
                b.id,
                clip(b.name or ""),
                b.state,
                b.accepted,
                b.rejected,
                f"{b.progress.percent:.0f} %",
                b.rate_per_minute,
                local_time(b.created_at),
            )
            for b in items
        ],
        "There are no such batches.",
    )


@batches.command()
@identifier_argument
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show a batch, and how many of its messages have which status."""
    _show(daemon, lambda client: client.batch(identifier), as_json=as_json)


@batches.command()
@identifier_argument
@json_option
@daemon_options
def pause(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Hold back what of a batch has not begun."""
    _show(daemon, lambda client: client.pause_batch(identifier), as_json=as_json)


@batches.command()
@identifier_argument
@json_option
@daemon_options
def resume(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Go on with a paused batch."""
    _show(daemon, lambda client: client.resume_batch(identifier), as_json=as_json)


@batches.command()
@identifier_argument
@json_option
@daemon_options
def cancel(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Cancel what of a batch has not begun. Nothing more begins once this has returned."""
    _show(daemon, lambda client: client.cancel_batch(identifier), as_json=as_json)


@batches.command()
@identifier_argument
@click.option("--name", help="Another name.")
@click.option("--rate", type=click.IntRange(1), metavar="N", help="So many messages a minute.")
@click.option("--no-rate", is_flag=True, help="As many as the SIMs can.")
@click.option("--complete", is_flag=True, help="Nothing is added to it any more.")
@json_option
@daemon_options
def change(
    identifier: str,
    name: str | None,
    rate: int | None,
    no_rate: bool,
    complete: bool,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Give a batch another name or pace."""
    if rate is not None and no_rate:
        raise click.UsageError("give --rate or --no-rate, not both")
    changes: BatchChanges = {}
    if name is not None:
        changes["name"] = name
    if rate is not None or no_rate:
        changes["rate_per_minute"] = rate
    if complete:
        changes["more"] = False
    if not changes:
        raise click.UsageError("say what is to be changed: --name, --rate, --no-rate, --complete")
    _show(daemon, lambda client: client.change_batch(identifier, **changes), as_json=as_json)


@batches.command()
@identifier_argument
@click.option("--status", help="Only with this status, such as queued, delivered or failed.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def messages(
    identifier: str, status: str | None, limit: int, as_json: bool, daemon: Daemon
) -> None:
    """List the messages of a batch, the newest first."""

    async def work(client: Client) -> list[answers.Message]:
        found = client.batch_messages(identifier, status=status, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "to", "text", "status", "modem", "error"),
        [
            (
                m.id,
                m.to,
                clip(content(m)),
                m.status,
                modems_of(m),
                None if m.error is None else clip(m.error.detail, 60),
            )
            for m in items
        ],
        "There are no such messages.",
    )


def _show(
    daemon: Daemon, ask: Callable[[Client], Awaitable[answers.Batch]], *, as_json: bool
) -> None:
    batch = daemon.call(ask)
    if as_json:
        print_json(batch)
        return
    rate = batch.rate_per_minute
    print_fields(
        [
            ("id", batch.id),
            ("name", batch.name),
            ("state", batch.state),
            ("accepted", batch.accepted),
            ("rejected", batch.rejected),
            ("progress", f"{batch.progress.left} of {batch.accepted}, {batch.progress.percent} %"),
            *((status, count) for status, count in batch.counts.items()),
            ("pace", "as the SIMs can" if rate is None else f"{rate} a minute"),
            ("more to come", "yes" if batch.more else "no"),
            ("sent by key", batch.key),
            ("created", local_time(batch.created_at)),
            ("send at", local_time(batch.send_at)),
            ("paused", local_time(batch.paused_at)),
            ("canceled", local_time(batch.canceled_at)),
            ("ended", local_time(batch.ended_at)),
        ]
    )
    if batch.state == "canceled" and batch.ended_at is None:
        say("What had not begun is being canceled; `modemgw batches show` tells how far that is.")
