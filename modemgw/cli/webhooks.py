"""`modemgw webhooks`"""

from __future__ import annotations

from typing import Literal

import click

from modemgw.cli.deliveries import (
    check_replay,
    limit_option,
    print_deliveries,
    problem_of,
    replay_options,
    say_replayed,
    state_option,
)
from modemgw.cli.options import Daemon, daemon_options, first, json_option, list_options
from modemgw.cli.output import clip, local_time, print_fields, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, WebhookChanges, answers

identifier_argument = click.argument("identifier", metavar="WEBHOOK")
KEEP = "Keep the secret: it is not shown again, and proves what comes from here."
_EVENTS = "A type of event, a family (message.*) or * for all; give it as often as you like."


@click.group()
def webhooks() -> None:
    """Have events posted to your programs by HTTP; see and repeat what was posted.

    All of it wants a key with the scope admin.
    """


@webhooks.command("list")
@list_options
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the webhooks and what is pending for them."""
    items = daemon.call(lambda client: client.webhooks())
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "url", "events", "enabled", "pending", "dead", "problem"),
        [
            (
                w.id,
                clip(w.url, 60),
                clip(" ".join(w.events), 40),
                "yes" if w.enabled else "no",
                w.pending,
                w.dead,
                clip(w.disabled_reason or w.problem or "", 60),
            )
            for w in items
        ],
        "There are no webhooks. `modemgw webhooks create TARGET` makes one.",
    )


@webhooks.command()
@click.argument("target", metavar="TARGET")
@click.option("--event", "events", multiple=True, help=f"{_EVENTS}  [default: *]")
@click.option("--description", help="Your own words for it.")
@click.option("--disabled", is_flag=True, help="Tell it nothing until it is enabled.")
@json_option
@daemon_options
def create(
    target: str,
    events: tuple[str, ...],
    description: str | None,
    disabled: bool,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Have events posted to TARGET, a URL, from now on. Shows its secret, this once."""
    made = daemon.call(
        lambda client: client.create_webhook(
            target, events or ("*",), description=description, enabled=not disabled
        )
    )
    if as_json:
        print_json(made)
        return
    _print(made, ("secret", made.secret))
    say(KEEP, err=True)


@webhooks.command()
@identifier_argument
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show one webhook."""
    _show(daemon.call(lambda client: client.webhook(identifier)), as_json)


@webhooks.command()
@identifier_argument
@click.option("--target", metavar="URL", help="Where to post from now on.")
@click.option("--event", "events", multiple=True, help=f"{_EVENTS} In place of those so far.")
@click.option("--description", help='Your own words for it; "" for none.')
@click.option("--enable/--disable", "enabled", default=None, help="Whether it is told anything.")
@json_option
@daemon_options
def update(
    identifier: str,
    target: str | None,
    events: tuple[str, ...],
    description: str | None,
    enabled: bool | None,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Change what is given of a webhook."""
    changes: WebhookChanges = {}
    if target is not None:
        changes["url"] = target
    if events:
        changes["events"] = events
    if description is not None:
        changes["description"] = description or None
    if enabled is not None:
        changes["enabled"] = enabled
    if not changes:
        raise click.UsageError("say what to change: --target, --event, --description, --enable …")
    _show(daemon.call(lambda client: client.change_webhook(identifier, **changes)), as_json)


@webhooks.command()
@identifier_argument
@click.confirmation_option(prompt="What is pending for it is not delivered. Delete it?")
@daemon_options
def delete(identifier: str, daemon: Daemon) -> None:
    """Delete a webhook; what is pending for it is not delivered."""
    daemon.call(lambda client: client.delete_webhook(identifier))
    say(f"{identifier} is deleted.")


@webhooks.command()
@identifier_argument
@json_option
@daemon_options
def rotate(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Give a webhook another secret. The old one signs beside it for 24 hours."""
    made = daemon.call(lambda client: client.rotate_webhook(identifier))
    if as_json:
        print_json(made)
    else:
        print_fields([("secret", made.secret)])
        say(KEEP, err=True)


@webhooks.command()
@identifier_argument
@json_option
@daemon_options
def test(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Post an event `webhook.test`, once, and say what was answered. Fails if it was not taken."""
    delivery = daemon.call(lambda client: client.test_webhook(identifier))
    if as_json:
        print_json(delivery)
    else:
        _print_test(delivery)
    if delivery.state != "delivered":
        raise SystemExit(1)


@webhooks.command()
@identifier_argument
@state_option
@limit_option
@list_options
@daemon_options
def deliveries(
    identifier: str, state: str | None, limit: int, as_json: bool, daemon: Daemon
) -> None:
    """List what a webhook gets and got, the newest first. --json shows what it answered."""

    async def work(client: Client) -> list[answers.WebhookDelivery]:
        found = client.webhook_deliveries(identifier, state=state, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
    else:
        print_deliveries(items)


@webhooks.command()
@identifier_argument
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
        lambda client: client.replay_webhook(
            identifier, ids or None, since=since, until=until, state=state
        )
    )
    say_replayed(count)


def _show(webhook: answers.Webhook, as_json: bool) -> None:
    if as_json:
        print_json(webhook)
    else:
        _print(webhook)


def _print(webhook: answers.Webhook, *more: tuple[str, object]) -> None:
    enabled = "yes" if webhook.enabled else f"no: {webhook['disabled_reason'] or 'by hand'}"
    print_fields(
        [
            ("id", webhook.id),
            ("url", webhook.url),
            ("events", " ".join(webhook.events)),
            ("description", webhook.description),
            ("enabled", enabled),
            ("created", local_time(webhook.created_at)),
            ("pending", webhook.pending),
            ("dead", webhook.dead),
            ("problem", webhook.problem),
            *more,
        ]
    )


def _print_test(delivery: answers.WebhookDelivery) -> None:
    outcomes = delivery.outcomes
    if delivery.state == "delivered":
        took = f" within {outcomes[-1]['took_ms']} ms" if outcomes else ""
        say(f"It was taken{took}.")
        return
    say(f"It was not taken: {problem_of(delivery) or 'there is no answer yet'}.")
    if outcomes and outcomes[-1].answer:
        say(clip(outcomes[-1].answer, 1024))
