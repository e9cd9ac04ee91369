"""`modemgw alerts`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option, list_options
from modemgw.cli.output import local_time, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, answers


@click.group()
def alerts() -> None:
    """See what a person must see to, and had to before."""


@alerts.command("list")
@click.option("--state", type=click.Choice(["raised", "cleared"]), help="Only those.")
@click.option("--alert", help="Only this alert of the configuration, such as modem-down.")
@click.option("--severity", type=click.Choice(["info", "warning", "critical"]), help="Only those.")
@click.option("--subject", help="Only about this modem, SIM (ICCID), type of messages …")
@click.option("--modem", help="Only what has to do with this modem.")
@click.option("--since", metavar="TIME", help="Raised at this time or later (RFC 3339).")
@click.option("--until", metavar="TIME", help="Raised before this time (RFC 3339).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@list_options
@daemon_options
def list_(limit: int, as_json: bool, daemon: Daemon, **filters: str | None) -> None:
    """List alerts, that raised last first."""

    async def work(client: Client) -> list[answers.Alert]:
        return await first(limit, client.alerts(limit=min(limit, 1000), **filters))

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "alert", "severity", "subject", "raised", "cleared", "silenced until", "reason"),
        [
            (
                one.id,
                one.alert,
                one.severity,
                one.subject,
                local_time(one.raised_at),
                local_time(one.cleared_at),
                local_time(one.silenced_until),
                one.reason,
            )
            for one in items
        ],
        "No alert.",
    )


@alerts.command()
@click.argument("id", metavar="ID")
@click.argument("seconds", type=click.FloatRange(0), default=3600.0)
@json_option
@daemon_options
def silence(id: str, seconds: float, as_json: bool, daemon: Daemon) -> None:
    """Notify nobody of an alert about its subject for SECONDS, an hour by default; 0 ends that."""
    alert = daemon.call(lambda client: client.silence_alert(id, seconds))
    if as_json:
        print_json(alert)
    elif alert.silenced_until is None:
        say(f"people are notified of {alert.alert} about {alert.subject}")
    else:
        until = local_time(alert.silenced_until)
        say(f"nobody is notified of {alert.alert} about {alert.subject} until {until}")
