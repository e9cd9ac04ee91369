"""A bank of which one modem falls ill while it works, and what its neighbours do meanwhile."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from labs.clock import now
from labs.timings import QUICK, scaled
from labs.waiting import until
from modemgw.config import parse
from modemgw.gateway import Gateway, InboundQuery, MessageQuery
from modemgw.modem import ModemStatus
from modemgw.store.records import Message, MessageStatus, NewMessage
from modemgw.virtual import Bank, BankSettings
from modemgw.virtual.faults import Faults
from modemgw.virtual.modem import VirtualModem

MODEMS = 4
PART_S = 0.25
BOOT_S = 0.3
WATCHED_S = 2.0
"""So long the neighbours are watched before the fault, and at least so long with it."""
HEALTHY = 0.9
"""Share of what they sent before that the neighbours must send beside an ill modem."""
MOST_WORK = 0.5
"""Share of a processor that a bank with an ill modem may take: the neighbours could keep up."""
SCALED = scaled(2, replace(QUICK, drain=0.01, submit=0.5, probe=0.25, leave=0.25))
"""The product's patience, about a tenth of it."""
POLICIES = {
    "otp": {"ambiguous": "retry", "ambiguous_wait": 0.8, "validity": 3600},
    "transactional": {"ambiguous": "hold"},
}
DONE = (MessageStatus.SENT, MessageStatus.DELIVERED)


class Load:
    """Keeps every modem busy; half of the messages are retried when in doubt, half are held."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._ending = False
        self.count = 0

    async def run(self) -> None:
        while not self._ending:
            if min(m.queue for m in self._gateway.modems.views()) < MODEMS:
                await self.more(2 * MODEMS)
            await asyncio.sleep(0.05)

    async def more(self, count: int) -> None:
        news = []
        for _ in range(count):
            self.count += 1
            kind = "otp" if self.count % 2 else "transactional"
            to = f"+44{7_700_100_000 + self.count}"
            news.append(NewMessage(to=to, text=f"number {self.count}", type=kind))
        assert (await self._gateway.sending.send_batch(news, key="load")).accepted == count

    def end(self) -> None:
        self._ending = True


@dataclass
class Ward:
    """`modem` (m0) is the one that falls ill."""

    bank: Bank
    gateway: Gateway
    load: Load
    texts: list[str] = field(default_factory=list)
    """What was sent to the ill modem's number."""

    @property
    def modem(self) -> VirtualModem:
        return self.bank.modems[0]

    @property
    def faults(self) -> Faults:
        return self.modem.faults

    @property
    def status(self) -> ModemStatus:
        return self.gateway.modems.view("m0").status

    def moments(self, index: int) -> list[float]:
        """When the service centre took the parts of a modem."""
        return [p.at for p in self.bank.smsc.accepted if p.modem_index == index]

    def neighbours(self, since: float, until: float) -> float:
        """Parts that the healthy modems sent in a time, begun ones by their share."""
        return sum(
            _count(self.moments(i), until) - _count(self.moments(i), since)
            for i in range(1, MODEMS)
        )

    def receive(self, text: str) -> None:
        """Somebody writes to the ill modem's number."""
        self.bank.smsc.inject("+447911000001", self.bank.settings.number_of(0), text)
        self.texts.append(text)

    async def state(self, *wanted: str, within_s: float = 10.0) -> None:
        async def reached() -> bool:
            return self.status.state in wanted

        try:
            await until(reached, within_s)
        except pytest.fail.Exception:
            pytest.fail(f"m0 did not become {' or '.join(wanted)} in {within_s} s: {self.status}")

    async def falls_ill(self, recoveries: int, within_s: float) -> None:
        """Wait until its keeper has noticed, who had mended it so often before."""

        async def noticed() -> bool:
            return self.status.recoveries > recoveries

        await until(noticed, within_s, "the keeper of m0 has noticed")

    @property
    def doubts(self) -> int:
        """Parts of which it was not known, at least for a while, whether they were sent."""
        return sum(m.status.ambiguous for m in self.gateway.modems.views())

    async def rate(self, since: float, until: float) -> float:
        """Parts a second that the healthy modems sent in a time that is just over."""
        await asyncio.sleep(1.5 * PART_S)
        return self.neighbours(since, until) / (until - since)

    async def sends(self, since: float, within_s: float) -> float:
        """Wait until m0 gets a part through after `since`; how long that took."""

        async def sent() -> bool:
            return any(at > since for at in self.moments(0)[-3:])

        try:
            await until(sent, max(0.1, since + within_s - now()))
        except pytest.fail.Exception:
            pytest.fail(f"m0 is not at work again after {within_s} s: {self.status}")
        return next(at for at in self.moments(0) if at > since) - since

    async def messages(self) -> list[Message]:
        return list((await self.gateway.messages.find(MessageQuery(limit=1000))).items)

    async def settled(self, within_s: float = 20.0) -> list[Message]:
        """Every message, once none of them wants a modem or waits for word any more."""
        self.load.end()
        found: list[Message] = []
        waiting = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.SCHEDULED)

        async def over() -> bool:
            found[:] = await self.messages()
            return not any(m.status in waiting for m in found)

        try:
            await until(over, within_s)
        except pytest.fail.Exception:
            left = [m for m in found if m.status in waiting]
            pytest.fail(f"{len(left)} messages are not settled, such as {left[0]}; {self.status}")
        return found

    async def received_once(self, within_s: float = 10.0) -> None:
        """Whatever was written to m0's number is here, once."""
        counts: Counter[str | None] = Counter()

        async def here() -> bool:
            page = await self.gateway.inbounds.find(InboundQuery(limit=1000))
            counts.clear()
            counts.update(m.text for m in page.items)
            return all(counts[text] for text in self.texts)

        await until(here, within_s, f"{self.texts} were received")
        assert {text: counts[text] for text in self.texts} == dict.fromkeys(self.texts, 1)


def _count(moments: list[float], at: float) -> float:
    """How many parts were sent by `at`: the one that was in the air then counts by its share."""
    n = bisect_left(moments, at)
    if n == 0 or n == len(moments):
        return n
    return n + (at - moments[n - 1]) / (moments[n] - moments[n - 1])


def judge(bank: Bank, messages: list[Message], done: Collection[MessageStatus] = DONE) -> None:
    """Everything arrived; what was doubled or is in doubt is shown as such."""
    taken = Counter(p.destination for p in bank.smsc.accepted)
    for m in messages:
        risky = any(a.duplicate_risk for p in m.parts for a in p.attempts)
        copies = taken.pop(m.to, 0)
        assert copies <= 1 + risky, f"{copies} copies, and nothing shows it: {m}"
        if m.status in done:
            assert copies >= 1, f"it never arrived: {m}"
        else:
            assert m.status is MessageStatus.UNKNOWN, m
            assert any(a.state == "ambiguous" for p in m.parts for a in p.attempts), m
    assert not taken, "nothing was sent that nobody asked for"


@asynccontextmanager
async def ward(
    tmp_path: Path,
    *,
    bank: dict[str, Any] | None = None,
    section: dict[str, Any] | None = None,
    gateway: dict[str, Any] | None = None,
) -> AsyncIterator[Ward]:
    """A bank at work. `section` adds to the configuration of the modem that will fall ill."""
    settings: dict[str, Any] = {
        "part_seconds": PART_S,
        "receipt_seconds": 0.1,
        "boot_seconds": BOOT_S,
    }
    settings |= bank or {}
    async with Bank(BankSettings(modems=MODEMS, **settings), tmp_path / "bank") as virtual:
        pin = {"pin": settings["pin"]} if "pin" in settings else {}
        paths = enumerate(virtual.paths)
        sections = [{"id": f"m{i}", "device": str(p), **pin} for i, p in paths]
        more = section or {}
        if "match" in more:
            del sections[0]["device"]
        sections[0] |= more
        config = parse(
            {
                "gateway": {
                    "data_dir": str(tmp_path / "data"),
                    "receipt_timeout": 1.2,
                    **(gateway or {}),
                },
                "modem": sections,
                "type": POLICIES,
            }
        )
        async with Gateway.open(config, timings=SCALED) as opened:
            load = Load(opened)

            async def ready() -> bool:
                return all(m.status.state == "ready" for m in opened.modems.views())

            await until(ready, 20, "every modem is ready")
            running = asyncio.create_task(load.run())
            try:
                await virtual.smsc.wait_accepted(2 * MODEMS, 20)
                yield Ward(virtual, opened, load)
            finally:
                load.end()
                await running
