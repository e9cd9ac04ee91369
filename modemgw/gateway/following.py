"""Going by another configuration while everything runs: one protocol, and a loop over who follows.

First everybody switches, in one step of the loop, so that nobody ever works by half of a new
configuration; then what takes its time is done side by side. Each compares what is wanted with what
it has done, not with the configuration before: a change that failed midway, or was cancelled, is
completed by the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Protocol

from modemgw.config import Config

Rest = Coroutine[Any, Any, list[str]]
"""What is left to do after the switch; gives a line for each thing that a person is to be told."""


class Follower(Protocol):
    """A part of the gateway that goes by the configuration."""

    def follow(self, config: Config) -> Rest:
        """Go by `config` from now on: what can be switched is switched when this returns.

        Raises ValueError when it cannot: then it has changed nothing.
        """
        ...


async def nothing_left() -> list[str]:
    """The rest of who has done everything at once."""
    return []


def switch(followers: Iterable[Follower], config: Config) -> list[Rest]:
    """Have everybody switch, in this order; then `finish` what is left.

    Raises what the first of them raises that fails; those after it have changed nothing. So who
    may refuse a configuration stands first.
    """
    rests: list[Rest] = []
    try:
        for follower in followers:
            rests.append(follower.follow(config))  # noqa: PERF401 - what has begun is closed below
    except BaseException:
        for rest in rests:
            rest.close()
        raise
    return rests


async def finish(rests: Sequence[Rest]) -> list[str]:
    """Do what is left side by side; returns what there is to tell, in the order of the followers.

    All of it has ended when this returns or raises, so that no later change meets what is left.
    """
    done = await asyncio.gather(*rests, return_exceptions=True)
    failed = [one for one in done if isinstance(one, BaseException)]
    if failed:
        raise failed[0] if len(failed) == 1 else BaseExceptionGroup("several things failed", failed)
    return [line for one in done if not isinstance(one, BaseException) for line in one]
