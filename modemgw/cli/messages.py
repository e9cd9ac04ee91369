"""`modemgw messages`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import (
    clip,
    console,
    content,
    local_time,
    print_fields,
    print_json,
    print_table,
    table,
)
from modemgw.cli.say import say
from modemgw.client import Client, answers


@click.group()
def messages() -> None:
    """See and cancel messages that were sent."""


@messages.command("list")
@click.option("--status", help="Only with this status, such as queued, delivered or failed.")
@click.option("--to", help="Only to this number.")
@click.option("--type", "type_", help="Only otp, transactional or promotional ones.")
@click.option("--since", metavar="TIME", help="Only from this time on (RFC 3339).")
@click.option("--until", metavar="TIME", help="Only before this time (RFC 3339).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def list_(
    status: str | None,
    to: str | None,
    type_: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """List messages, the newest first."""

    async def work(client: Client) -> list[answers.Message]:
        found = client.messages(
            status=status, to=to, type=type_, since=since, until=until, limit=min(limit, 1000)
        )
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "to", "text", "type", "parts", "status", "modem", "created"),
        [
            (
                m.id,
                m.to,
                clip(content(m)),
                m.type,
                len(m.parts),
                m.status,
                modems_of(m),
                local_time(m.created_at),
            )
            for m in items
        ],
        "There are no such messages.",
    )


def modems_of(message: answers.Message) -> str:
    """The modems that carried its parts."""
    return " ".join(dict.fromkeys(p.modem for p in message.parts if p.modem))


@messages.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show a message, its parts and every attempt to send them."""
    message = daemon.call(lambda client: client.message(identifier))
    if as_json:
        print_json(message)
    else:
        _print(message)


@messages.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def cancel(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Cancel a message of which nothing can have gone out."""
    message = daemon.call(lambda client: client.cancel(identifier))
    if as_json:
        print_json(message)
    else:
        say(f"{identifier} is canceled")


def _print(message: answers.Message) -> None:
    error = message.error
    print_fields(
        [
            ("id", message.id),
            ("to", message.to),
            ("content", content(message)),
            ("type", message.type),
            ("encoding", message.encoding),
            ("status", message.status),
            ("error", None if error is None else f"{error.code}: {error.detail}"),
            ("cost", _cost(message.cost)),
            ("route", message.route),
            ("sent by key", message.key),
            ("reference", message.reference),
            ("created", local_time(message.created_at)),
            ("send at", local_time(message.send_at)),
            ("deferred", None if message.deferred is None else message.deferred.detail),
            ("expires", local_time(message.expires_at)),
        ]
    )
    rows = [_row(part, attempt) for part in message.parts for attempt in part.attempts]
    if rows:
        console().print(
            table(
                ("part", "try", "state", "modem", "SIM", "TP-MR", "started", "took", "then"), rows
            )
        )


def _row(part: answers.Part, attempt: answers.Attempt) -> tuple[object, ...]:
    receipt, error = attempt.receipt, attempt.error
    fate = ""
    if receipt is not None:
        fate = f"{receipt.meaning} ({receipt.status})"
    elif error is not None:
        fate = f"{error.code}: {error.detail}"
    if attempt.duplicate_risk:
        fate += " (may be a second copy)"
    return (
        part.index,
        attempt.n,
        attempt.state,
        attempt.modem,
        attempt.sim,
        attempt.reference,
        local_time(attempt.started_at),
        _took(attempt),
        fate,
    )


def _took(attempt: answers.Attempt) -> str:
    if attempt.ended_at is None:
        return "-"
    return f"{(attempt.ended_at - attempt.started_at).total_seconds():.1f} s"


def _cost(cost: answers.Cost | None) -> str | None:
    if cost is None:
        return None
    return f"{cost['amount']} {cost.currency}{', estimated' if cost.estimated else ''}"
