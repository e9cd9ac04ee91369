"""A reload as a loop over those who follow the configuration."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from modemgw.config import Config, parse
from modemgw.gateway.following import Rest, finish, switch

NEW = parse({"gateway": {"drain_timeout": 1}})


@dataclass
class Part:
    """Follows; what it has to do after that takes until `go_on`."""

    name: str
    log: list[str]
    refuses: bool = False
    fails: bool = False
    config: Config | None = None
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def follow(self, config: Config) -> Rest:
        if self.refuses:
            raise ValueError(f"{self.name} does not like it")
        self.config = config
        self.log.append(f"{self.name} switched")
        return self._rest()

    async def _rest(self) -> list[str]:
        self.log.append(f"{self.name} begins")
        await self.go_on.wait()
        if self.fails:
            raise OSError(self.name)
        self.log.append(f"{self.name} ends")
        return [f"{self.name}: changed"]


async def test_everybody_switches_in_order_before_anybody_goes_on() -> None:
    log: list[str] = []
    a, b = Part("a", log), Part("b", log)
    rests = switch((a, b), NEW)
    assert log == ["a switched", "b switched"]
    done = asyncio.create_task(finish(rests))
    b.go_on.set()
    await asyncio.sleep(0.01)
    assert log[2:] == ["a begins", "b begins", "b ends"], "side by side"
    a.go_on.set()
    assert await done == ["a: changed", "b: changed"], "told in their order"


async def test_who_refuses_first_leaves_everybody_as_they_were() -> None:
    log: list[str] = []
    a, b = Part("a", log, refuses=True), Part("b", log)
    with pytest.raises(ValueError, match="a does not like it"):
        switch((a, b), NEW)
    assert b.config is None


async def test_what_fails_is_raised_when_all_have_ended_and_the_next_change_completes_it() -> None:
    log: list[str] = []
    a, b = Part("a", log, fails=True), Part("b", log)
    a.go_on.set()
    done = asyncio.create_task(finish(switch((a, b), NEW)))
    await asyncio.sleep(0.01)
    assert not done.done(), "b is not left behind"
    b.go_on.set()
    with pytest.raises(OSError, match="a"):
        await done
    a.fails = False
    assert await finish(switch((a, b), NEW)) == ["a: changed", "b: changed"]


async def test_several_failures_are_told_together() -> None:
    log: list[str] = []
    parts = [Part(name, log, fails=True) for name in "ab"]
    for part in parts:
        part.go_on.set()
    with pytest.raises(BaseExceptionGroup) as caught:
        await finish(switch(parts, NEW))
    assert len(caught.value.exceptions) == 2
