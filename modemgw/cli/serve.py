"""`modemgw serve`"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click

from modemgw.api.server import ListenError, bind
from modemgw.api.server import serve as serve_http
from modemgw.cli.errors import told
from modemgw.cli.notify import Notifier
from modemgw.cli.options import config_option, load_config
from modemgw.cli.reload import reload, set_level
from modemgw.cli.signals import stop_on_signals
from modemgw.config import Config, ConfigError, find
from modemgw.gateway import Gateway
from modemgw.store import StoreError

log = logging.getLogger(__name__)


@click.command()
@config_option
def serve(config_file: Path | None) -> None:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C.

    Then no new part is begun, and parts that are in the air get gateway.drain_timeout seconds; a
    second signal ends it at once. SIGHUP reads the configuration again. A modem that is missing
    does not stop the daemon: it is `absent` until it comes.
    """
    config = load_config(config_file)
    set_up_logging(config.gateway.log_level)
    with told(StoreError, ListenError, ConfigError):
        for modem in config.modem:
            modem.read_pin()
        try:
            asyncio.run(_serve(config, find(config_file)))
        except asyncio.CancelledError:
            raise click.ClickException("ended before everything was drained") from None


def set_up_logging(level: str) -> None:
    """Everything goes to standard error; under systemd the journal knows the time already."""
    form = "%(levelname)s %(name)s: %(message)s"
    if "JOURNAL_STREAM" not in os.environ:
        form = f"%(asctime)s {form}"
    logging.basicConfig(stream=sys.stderr, format=form, level=logging.WARNING)
    set_level(level)


async def _serve(config: Config, file: Path) -> None:
    notifier = Notifier()
    stop = stop_on_signals()
    bound = bind(config.http)
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        gateway = await stack.enter_async_context(Gateway.open(config))
        for line in gateway.found.lines():
            log.info("%s", line)
        url = await stack.enter_async_context(
            serve_http(gateway, bound, max_body_bytes=config.http.max_body_bytes)
        )
        _reload_on_hangup(config, file)
        alive = asyncio.create_task(notifier.keep_alive(), name="watchdog")
        stack.callback(alive.cancel)
        click.echo(f"modemgw listens on {url}")
        notifier.tell("READY=1")
        await stop.wait()
        log.info("ending: parts in the air have %g s", config.gateway.drain_timeout)
        notifier.tell("STOPPING=1")


def _reload_on_hangup(config: Config, file: Path) -> None:
    running = config

    def again() -> None:
        nonlocal running
        running = reload(file, running)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again)
