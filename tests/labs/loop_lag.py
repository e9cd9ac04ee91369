"""How long the loop keeps others waiting, by what it computes: a busy machine changes nothing."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

LAG_S = 2.0
"""What a test allows: a quiet machine needs a quarter of it."""


@asynccontextmanager
async def lag():
    """Yields a list of one item: the longest the loop computed without a pause, in seconds."""
    longest = [0.0]

    async def watch():
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            longest[0] = max(longest[0], time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        yield longest
    finally:
        watching.cancel()
