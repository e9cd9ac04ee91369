"""Waiting for what tells nobody when it happens."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable

import pytest

LOOK_S = 0.005
"""So often the condition is looked at."""


async def until(
    condition: Callable[[], object],
    within_s: float = 60.0,
    why: str | Callable[[], object] = "",
) -> None:
    """Return as soon as `condition`, a function or a coroutine function, gives something true.

    Fails the test after `within_s` seconds and says `why`: a text, or a function that gives one.
    """
    try:
        async with asyncio.timeout(within_s):
            while True:
                found = condition()
                if inspect.isawaitable(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        told = why() if callable(why) else why
    pytest.fail(f"this did not come about in {within_s:g} s: {told}")
