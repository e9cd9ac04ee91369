"""`modemgw serve`"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import click

from modemgw.api.server import ListenError, bind, is_private
from modemgw.api.server import serve as serve_http
from modemgw.api.telling import tell
from modemgw.api.tls import TlsError, open_tls
from modemgw.cli.config import check_handlers, check_modems
from modemgw.cli.errors import told
from modemgw.cli.logs import set_up_logging
from modemgw.cli.notify import Notifier
from modemgw.cli.options import config_option, load_config
from modemgw.cli.reload import Reloader
from modemgw.cli.say import say
from modemgw.cli.signals import stop_on_signals
from modemgw.config import Config, ConfigError, find
from modemgw.gateway import Gateway, NotFound
from modemgw.gateway.templates.documents import read_files
from modemgw.modem import TraceLine
from modemgw.store import StoreError

log = logging.getLogger(__name__)


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
    second signal ends it at once. SIGHUP reads the configuration again and applies it: modems come
    and go while the others work. A modem that is missing does not stop the daemon: it is `absent`
    until it comes.
    """
    config = load_config(config_file)
    set_up_logging(config.gateway.log_level)
    with told(StoreError, ListenError, TlsError, ConfigError, NotFound):
        check_modems(config)
        read_files(config.templates)
        check_handlers(config)
        try:
            asyncio.run(_serve(config, find(config_file), traced))
        except asyncio.CancelledError:
            raise click.ClickException("ended before everything was drained") from None


async def _serve(config: Config, file: Path, traced: tuple[str, ...]) -> None:
    notifier = Notifier()
    stop = stop_on_signals()
    tls = open_tls(config.http)
    bound = bind(config.http)
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        gateway = await stack.enter_async_context(Gateway.open(config, tell=tell))
        for modem in traced:
            gateway.modems.follow_trace(modem, partial(_log_line, modem))
        for line in gateway.found.lines():
            log.info("%s", line)
        url = await stack.enter_async_context(serve_http(gateway, bound, config.http, tls))
        reloader = Reloader(file, gateway, notifier, tls)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.ask)
        _spare_the_collector()
        async with asyncio.TaskGroup() as tasks:
            beside = [
                gateway.keeper.supervised(tasks, name, work)
                for name, work in (
                    ("watchdog", partial(notifier.keep_alive, lambda: gateway.health.stalled)),
                    ("reload", reloader.run),
                )
            ]
            say(f"modemgw listens on {url}")
            if tls is None and not is_private(bound):
                log.warning(
                    "%s can be reached from other machines, and HTTP is not encrypted: "
                    "set http.tls_certificate, or put a proxy with TLS before it",
                    url,
                )
            notifier.tell("READY=1")
            await stop.wait()
            for task in beside:
                task.cancel()
        log.info("ending: parts in the air have %g s", gateway.config.gateway.drain_timeout)
        notifier.tell("STOPPING=1")


def _spare_the_collector() -> None:
    """Let the garbage collector look less often, and never again at what is there from the start.

    It stops the loop while it looks, with 100,000 messages waiting for a tenth of a second. Those
    are no garbage, nor is anything on a message's way a cycle that only it could free.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _log_line(modem: str, line: TraceLine) -> None:
    log.info("modem %s %s %s", modem, line.direction, line.text)
