"""`modemgw inbound`"""

from __future__ import annotations

from contextlib import aclosing, suppress

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import (
    clip,
    content,
    local_time,
    print_fields,
    print_json,
    print_table,
)
from modemgw.cli.say import say, say_json
from modemgw.client import Client, answers


@click.group()
def inbound() -> None:
    """See received messages."""


@inbound.command("list")
@click.option("--from", "sender", help="Only from this number or name.")
@click.option("--since", metavar="TIME", help="Only from this time on (RFC 3339).")
@click.option("--until", metavar="TIME", help="Only before this time (RFC 3339).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def list_(
    sender: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """List received messages, the newest first."""

    async def work(client: Client) -> list[answers.Inbound]:
        found = client.inbounds(from_=sender, since=since, until=until, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "from", "to", "text", "parts", "modem", "received"),
        [
            (
                m.id,
                m.from_,
                m.to,
                clip(content(m), 60),
                f"{len(m.parts)}/{m.parts_total}",
                m.modem,
                local_time(m.received_at),
            )
            for m in items
        ],
        "There are no such messages.",
    )


@inbound.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show a received message."""
    item = daemon.call(lambda client: client.inbound(identifier))
    if as_json:
        print_json(item)
        return
    missing = "" if item.complete else " (incomplete)"
    print_fields(
        [
            ("id", item.id),
            ("from", item.from_),
            ("to", item.to),
            ("content", content(item)),
            ("encoding", item.encoding),
            ("class", item.message_class),
            ("parts", f"{len(item.parts)} of {item.parts_total}{missing}"),
            ("problem", item.problem),
            ("modem", item.modem),
            ("SIM", item.sim),
            ("sent", local_time(item.sent_at)),
            ("received", local_time(item.received_at)),
        ]
    )


@inbound.command()
@json_option
@daemon_options
def tail(as_json: bool, daemon: Daemon) -> None:
    """Print messages as they are received, one a line, until Ctrl-C."""

    async def work(client: Client) -> None:
        async with aclosing(client.events(types="inbound.received")) as events:
            async for event in events:
                item = await client.inbound(event.data["id"])
                say_json(item.document) if as_json else say(_line(item))

    with suppress(KeyboardInterrupt):
        daemon.call(work)


def _line(item: answers.Inbound) -> str:
    return f"{local_time(item.received_at)}  {item.from_}  {content(item)}"
