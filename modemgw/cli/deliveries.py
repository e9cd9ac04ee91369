"""What commands say about deliveries, whoever gets them: a handler or a webhook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from modemgw.cli.output import clip, local_time, print_table
from modemgw.cli.say import say
from modemgw.client import answers

state_option = click.option(
    "--state",
    type=click.Choice(["pending", "claimed", "delivered", "dead"]),
    help="Only those that stand so.",
)
limit_option = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most."
)


def replay_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which deliveries to make once more: `ids`, or `since`, `until` and `state`."""
    for option in (
        click.option(
            "--state",
            type=click.Choice(["dead", "delivered"]),
            help="Those that ended so.  [default: dead]",
        ),
        click.option("--until", metavar="TIME", help="Only of events before this time (RFC 3339)."),
        click.option(
            "--since", metavar="TIME", help="Only of events from this time on (RFC 3339)."
        ),
        click.argument("ids", metavar="[DELIVERY]…", nargs=-1),
    ):
        command = option(command)
    return command


def check_replay(ids: Sequence[str], *others: str | None) -> None:
    """Raises UsageError for ids together with any of the others."""
    if ids and any(others):
        raise click.UsageError("name deliveries, or give --since, --until and --state, not both")


def say_replayed(count: int) -> None:
    say(f"{count} {'delivery is' if count == 1 else 'deliveries are'} made once more.")


def print_deliveries(items: Sequence[answers.AnyDelivery]) -> None:
    """A table of them."""
    print_table(
        ("id", "event", "of", "state", "tries", "next try", "created", "problem"),
        [
            (
                d.id,
                d.event,
                d.inbound or d.key,
                d.state,
                d.tries,
                local_time(d.next_at),
                local_time(d.created_at),
                clip(problem_of(d), 60),
            )
            for d in items
        ],
        "There are no such deliveries.",
    )


def problem_of(delivery: answers.AnyDelivery) -> str:
    """Why the last try failed, if it did."""
    outcomes = delivery.outcomes
    return (outcomes[-1].problem or "") if outcomes else ""
