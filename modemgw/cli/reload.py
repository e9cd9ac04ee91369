"""SIGHUP: reads the configuration again and has the running gateway go by it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path

from modemgw.api.tls import Tls
from modemgw.cli.config import check_handlers, check_modems
from modemgw.cli.logs import set_level
from modemgw.cli.notify import Notifier
from modemgw.config import Config, ConfigError, load
from modemgw.gateway import Gateway
from modemgw.gateway.templates.documents import read_files
from modemgw.modem import ModemState

log = logging.getLogger(__name__)

SETTLING_S = 5.0
"""After this time a modem that is there has been initialised, or says what it waits for."""
COME_UP = frozenset({ModemState.READY, ModemState.SENDING, ModemState.PAUSED})


class Reloader:
    """Applies the file when it is asked to: one time after the other, the newest file last."""

    def __init__(
        self, file: Path, gateway: Gateway, notifier: Notifier, tls: Tls | None = None
    ) -> None:
        """`tls`: the certificate, if there is one, whose files are read again as well."""
        self._tls = tls
        self._file = file
        self._gateway = gateway
        self._notifier = notifier
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have the file applied; asked while it is being applied, once more after that."""
        self._asked.set()

    async def run(self) -> None:
        """Reload when asked, until cancelled. Tells of modems that have not come up since."""
        if not self._gateway.modems.views():
            log.warning("no modem is configured: `modemgw modems scan` shows what is attached")
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLING_S):
                    await self._asked.wait()
            if not self._asked.is_set():
                self._tell_who_is_missing()
                await self._asked.wait()
            self._asked.clear()
            now = time.monotonic_ns() // 1000
            self._notifier.tell(f"RELOADING=1\nMONOTONIC_USEC={now}")
            await self.reload()
            self._notifier.tell("READY=1")

    async def reload(self) -> None:
        """Apply the file; one that is wrong changes nothing. Values stay out of the log."""
        if self._tls is not None:
            await self._tls.refresh()
        try:
            config = await asyncio.to_thread(_load_checked, self._file)
            self._keep_the_last_modem(config)
            done = await self._gateway.reconfigure(config)
        except ConfigError as error:
            for problem in error.problems:
                log.error("not reloaded: %s", problem)
            return
        except Exception:
            log.exception("the reload has failed midway: reload again, or restart")
            return
        for line in done:
            log.warning("reloaded: %s", line)
        if not done:
            log.warning("reloaded: nothing has changed")
        set_level(config.gateway.log_level)

    def _keep_the_last_modem(self, config: Config) -> None:
        """A file that was emptied, or is only half written, is not to stop the whole bank."""
        if self._gateway.modems.views() and not config.modem and not config.gateway.allow_no_modems:
            raise ConfigError(
                [
                    f"{self._file}: it has no [[modem]], but modems are at work; if all of them "
                    "are to go, say so with [gateway] allow_no_modems = true"
                ]
            )

    def _tell_who_is_missing(self) -> None:
        """One line for each modem that did not come up: its state may never have changed."""
        for view in self._gateway.modems.views():
            status = view.status
            if status.state not in COME_UP:
                why = status.reason or "it has not answered yet"
                log.warning("modem %s is %s: %s", status.id, status.state, why)


def _load_checked(file: Path) -> Config:
    config = load(file)
    check_modems(config)
    read_files(config.templates)
    check_handlers(config)
    return config
