"""`modemgw top`"""

from __future__ import annotations

import sys

import click

from modemgw.cli.options import Daemon, daemon_options
from modemgw.client import Client
from modemgw.clock import SystemClock


@click.command()
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.2, 60),
    default=1,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@daemon_options
def top(every_s: float, daemon: Daemon) -> None:
    """Watch the gateway at work: modems, SIMs, queue, alerts, events; ? shows the keys.

    It needs nothing but the HTTP API, so also from another machine (--url). The key needs the scope
    read; to pause, resume or restart a modem, or to see its trace, admin.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("this needs a terminal; `modemgw modems list` is for scripts")

    async def work(client: Client) -> None:
        from modemgw.cli.top.app import TopApp

        await client.modems()  # a wrong key or URL is told before the screen changes
        await TopApp(client, clock=SystemClock(), every_s=every_s).run_async()

    daemon.call(work)
