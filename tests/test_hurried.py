"""The time in which tests of modems and gateways live: it passes while nothing is under way."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import tty
from collections.abc import Coroutine
from typing import Any

from labs.clock import HurriedLoop, now


def live(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(work)


def test_an_hour_of_waiting_passes_at_once() -> None:
    async def work() -> float:
        begun = now()
        await asyncio.sleep(3600)
        return now() - begun

    begun = time.monotonic()
    assert live(work()) == 3600
    assert time.monotonic() - begun < 60


def test_octets_come_before_the_next_timer_and_take_no_time() -> None:
    async def work() -> None:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        loop = asyncio.get_running_loop()
        try:
            for _ in range(200):
                came: asyncio.Future[bytes] = loop.create_future()
                loop.add_reader(theirs, lambda: came.set_result(os.read(theirs, 10)))  # noqa: B023
                os.write(ours, b"AT")
                async with asyncio.timeout(0.000_001):
                    assert await came == b"AT"
                loop.remove_reader(theirs)
            assert now() == 0
        finally:
            os.close(ours)
            os.close(theirs)

    live(work())


def test_a_thread_at_work_holds_the_time() -> None:
    async def work() -> None:
        async with asyncio.timeout(0.001):
            assert await asyncio.to_thread(lambda: time.sleep(0.1) or "done") == "done"
        assert now() < 0.001

    live(work())


def test_a_thread_that_waits_for_the_loop_gets_what_it_waits_for() -> None:
    async def work() -> None:
        struck = threading.Event()
        asyncio.get_running_loop().call_later(0.05, struck.set)
        assert await asyncio.to_thread(struck.wait, 30)

    live(work())
