"""Threads apart from asyncio's own: few, reused, and never waited for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from modemgw.threads import DaemonThreads


async def test_no_more_than_so_many_at_a_time_and_the_rest_wait() -> None:
    threads = DaemonThreads("test", 3)
    loop, at_once, most = asyncio.get_running_loop(), 0, 0
    lock = threading.Lock()

    def work() -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return threading.get_ident()

    used = await asyncio.gather(*(loop.run_in_executor(threads, work) for _ in range(30)))
    assert 1 < most <= 3
    assert len(set(used)) <= 3
    threads.shutdown()


async def test_one_thread_is_used_again() -> None:
    threads = DaemonThreads("test", 8)
    loop = asyncio.get_running_loop()
    used = set()
    for _ in range(10):
        used.add(await loop.run_in_executor(threads, threading.get_ident))
        await asyncio.sleep(0.002)
    assert len(used) <= 2
    threads.shutdown()


async def test_whatever_is_raised_is_handed_on_and_ends_no_thread() -> None:
    threads = DaemonThreads("test", 1)
    loop = asyncio.get_running_loop()

    def leave() -> None:
        raise SystemExit(3)

    future = threads.submit(leave)
    while not future.done():
        await asyncio.sleep(0.001)
    assert isinstance(future.exception(), SystemExit)
    assert await loop.run_in_executor(threads, lambda: 42) == 42
    threads.shutdown()


async def test_a_call_that_nobody_waits_for_any_more_is_not_begun() -> None:
    threads, go_on = DaemonThreads("test", 1), threading.Event()
    calls: list[Any] = []
    first = threads.submit(go_on.wait, 10)
    second = threads.submit(calls.append, 1)
    assert second.cancel()
    go_on.set()
    assert first.result(5)
    third = threads.submit(calls.append, 2)
    third.result(5)
    assert calls == [2]
    threads.shutdown()
    with pytest.raises(RuntimeError, match="have ended"):
        threads.submit(print)


def test_the_end_of_the_process_waits_for_none() -> None:
    code = (
        "import time; from modemgw.threads import DaemonThreads\n"
        "DaemonThreads('x', 2).submit(time.sleep, 60)"
    )
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    assert time.monotonic() - begun < 20
