"""`modemgw serve`"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import click

from modemgw.api.server import ListenError, bind, is_private
from modemgw.api.server import serve as serve_http
from modemgw.cli.config import check_modems
from modemgw.cli.errors import told
from modemgw.cli.notify import Notifier
from modemgw.cli.options import config_option, load_config
from modemgw.cli.output import clean
from modemgw.cli.reload import reload, set_level
from modemgw.cli.signals import stop_on_signals
from modemgw.config import Config, ConfigError, find
from modemgw.gateway import Gateway, NotFound
from modemgw.modem import ModemState, TraceLine
from modemgw.store import StoreError

log = logging.getLogger(__name__)

SETTLING_S = 5.0
"""After this time a modem that is there has been initialised, or says what it waits for."""
COME_UP = frozenset({ModemState.READY, ModemState.SENDING, ModemState.PAUSED})


@click.command()
@click.option(
    "--trace",
    "traced",
    multiple=True,
    metavar="ID",
    help="Log every line on this modem's port, PINs and texts masked; may be given again.",
)
@config_option
def serve(config_file: Path | None, traced: tuple[str, ...]) -> None:
    """Run the daemon in the foreground, until SIGTERM or Ctrl-C.

    Then no new part is begun, and parts that are in the air get gateway.drain_timeout seconds; a
    second signal ends it at once. SIGHUP reads the configuration again. A modem that is missing
    does not stop the daemon: it is `absent` until it comes.
    """
    config = load_config(config_file)
    set_up_logging(config.gateway.log_level)
    with told(StoreError, ListenError, ConfigError, NotFound):
        check_modems(config)
        try:
            asyncio.run(_serve(config, find(config_file), traced))
        except asyncio.CancelledError:
            raise click.ClickException("ended before everything was drained") from None


def set_up_logging(level: str) -> None:
    """Everything goes to standard error; under systemd the journal knows the time already."""
    form = "%(levelname)s %(name)s: %(message)s"
    if "JOURNAL_STREAM" not in os.environ:
        form = f"%(asctime)s {form}"
    logging.basicConfig(stream=sys.stderr, format=form, level=logging.WARNING)
    set_level(level)


async def _serve(config: Config, file: Path, traced: tuple[str, ...]) -> None:
    notifier = Notifier()
    stop = stop_on_signals()
    bound = bind(config.http)
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        gateway = await stack.enter_async_context(Gateway.open(config))
        for modem in traced:
            gateway.follow_trace(modem, partial(_log_line, modem))
        for line in gateway.found.lines():
            log.info("%s", line)
        url = await stack.enter_async_context(
            serve_http(gateway, bound, max_body_bytes=config.http.max_body_bytes)
        )
        _reload_on_hangup(config, file)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(notifier.keep_alive(), name="watchdog"),
                tasks.create_task(_tell_who_is_missing(gateway), name="who is missing"),
            ]
            click.echo(f"modemgw listens on {url}")
            if not is_private(bound):
                log.warning(
                    "%s can be reached from other machines, and HTTP is not encrypted: "
                    "put a proxy with TLS before it",
                    url,
                )
            notifier.tell("READY=1")
            await stop.wait()
            for task in beside:
                task.cancel()
        log.info("ending: parts in the air have %g s", config.gateway.drain_timeout)
        notifier.tell("STOPPING=1")


def _log_line(modem: str, line: TraceLine) -> None:
    log.info("modem %s %s %s", modem, line.direction, clean(line.text))


async def _tell_who_is_missing(gateway: Gateway) -> None:
    """One line for each modem that did not come up: its state may never have changed."""
    if not gateway.modems():
        log.warning("no modem is configured: `modemgw modems scan` shows what is attached")
    await asyncio.sleep(SETTLING_S)
    for view in gateway.modems():
        status = view.status
        if status.state not in COME_UP:
            why = status.reason or "it has not answered yet"
            log.warning("modem %s is %s: %s", status.id, status.state, why)


def _reload_on_hangup(config: Config, file: Path) -> None:
    running = config

    def again() -> None:
        nonlocal running
        running = reload(file, running)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again)
