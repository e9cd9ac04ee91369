"""How long the loop keeps others waiting."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager


@asynccontextmanager
async def lag():
    """Yields a list whose only item is the longest time for which the loop did nothing else."""
    longest = [0.0]

    async def watch():
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.001)
            longest[0] = max(longest[0], time.monotonic() - before)

    watching = asyncio.create_task(watch())
    try:
        yield longest
    finally:
        watching.cancel()
