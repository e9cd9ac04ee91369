"""A real daemon on a virtual bank, for tests that block: browsers, and programs in a process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config
from modemgw.virtual import Bank


@dataclass
class Served:
    url: str
    key: str
    bank: Bank
    loop: asyncio.AbstractEventLoop

    def texts(self) -> list[str | None]:
        """What the service centre got, in its order."""

        async def look() -> list[str | None]:
            return [message.text for message in self.bank.smsc.messages]

        return asyncio.run_coroutine_threadsafe(look(), self.loop).result(10)

    def receive(self, sender: str, text: str) -> None:
        """Have the first SIM receive a message."""
        number = self.bank.modems[0].number
        self.loop.call_soon_threadsafe(self.bank.smsc.inject, sender, number, text)


@contextmanager
def served(place: Path, modems: int = 1, extra: str = "") -> Iterator[Served]:
    """Runs the bank and the daemon until left; a thread owns both."""
    ready: Future[Served] = Future()
    stop = asyncio.Event()

    async def run() -> None:
        async with bank_of(place, modems) as bank:
            config = write_config(place, bank.devices, extra=extra)
            async with daemon(config) as running:
                await until_ready(running.url)
                loop = asyncio.get_running_loop()
                ready.set_result(Served(running.url, running.key, bank, loop))
                await stop.wait()
                await running.end()

    def live() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=live)
    thread.start()
    try:
        found = ready.result()
        try:
            yield found
        finally:
            found.loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join()
