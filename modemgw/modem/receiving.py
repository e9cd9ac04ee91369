"""Emptying one modem of what comes in. Nothing is deleted before it is kept.

A hint (+CMTI, +CDSI) is only a hint: it may be lost, doubled, or name the wrong memory. The sweep
of the whole store finds what hints miss (TS 27.005 3.4).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..at import AtChannel
from ..clock import Clock
from .arrivals import Arrivals
from .direct_receiving import DirectReceiver
from .initialise import Setup
from .pdus import ReceivedPdu, is_submit
from .safekeeping import Safekeeping
from .store_reader import NotNow, StoreReader
from .stores import Usage, receive_into, usage
from .timings import Timings

log = logging.getLogger(__name__)

_TRIES = 6
_MOST_IN_VAIN = 20


class Receiver:
    """Empties one modem. `keep` returns when a PDU is safe; when it raises, it is offered again."""

    def __init__(
        self,
        channel: AtChannel,
        setup: Setup,
        timings: Timings,
        clock: Clock,
        arrivals: Arrivals,
        keep: Callable[[ReceivedPdu], Awaitable[None]],
        filled: Callable[[int, int], None] = lambda used, size: None,
        alarm: Callable[[str | None], None] = lambda problem: None,
    ) -> None:
        """`filled` hears how full the receiving store is: messages in it, and its size. `alarm`
        hears why nothing can be received, and None when it can.
        """
        self._channel = channel
        self._filled = filled
        self._arrivals = arrivals
        self._setup = setup
        self._clock = clock
        self._safe = Safekeeping(keep)
        self._direct = DirectReceiver(
            channel, clock, arrivals, self._safe, acknowledges=setup.acknowledges
        )
        self._reader = StoreReader(
            channel,
            clock,
            chosen=setup.stores[0] if setup.stores else None,
            list_all=setup.list_all,
        )
        self._sweep_s = timings.sweep if setup.cnmi is not None else timings.sweep_blind
        self._alarm = alarm
        self._retry_s = timings.sim_poll
        self._stores = setup.stores
        self._once = setup.leaving.stores
        """Stores to look into once: they may have been filled while nobody listened."""
        self._refused: dict[tuple[str, int], int] = {}
        """How often an announced place could not be read."""
        self._in_vain = 0
        """Announced places in a row at which there was nothing."""
        self._broken_off = 0
        """Sweeps in a row that could not be finished."""

    async def run(self) -> None:
        """Receive until cancelled. Raises a group of what the channel raises when out of step.

        What was handed over is kept at once, and does not wait for a modem that is busy sending.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._direct.run())
            tasks.create_task(self._receive_stored())

    async def _receive_stored(self) -> None:
        arrivals = self._arrivals
        arrivals.sweep_due = True
        next_sweep: asyncio.TimerHandle | None = None
        try:
            while True:
                arrivals.wake.clear()
                await self._take_hints()
                if arrivals.sweep_due:
                    arrivals.sweep_due = False
                    await self._sweep_if_it_can_be_read()
                    if next_sweep is not None:
                        next_sweep.cancel()
                    loop = asyncio.get_running_loop()
                    next_sweep = loop.call_later(self._until_sweep_s, arrivals.ask_sweep)
                    self._offer_again()
                await arrivals.wake.wait()
        finally:
            if next_sweep is not None:
                next_sweep.cancel()

    def _offer_again(self) -> None:
        arrivals = self._arrivals
        while arrivals.again:
            arrivals.direct.append(arrivals.again.popleft())
        arrivals.handed_over.set()

    async def _take_hints(self) -> None:
        hints = self._arrivals.hints
        while hints:
            if self._in_vain >= _MOST_IN_VAIN:
                # It announces what is not there; the sweep finds what is.
                hints.clear()
                self._arrivals.sweep_due = True
                self._in_vain = 0
                await self._clock.sleep(self._retry_s)
                return
            memory, index = next(iter(hints))
            await self._take_one(memory, index, report=hints.pop((memory, index)))

    async def _take_one(self, memory: str, index: int, *, report: bool) -> None:
        try:
            stored = await self._reader.read(memory, index)
        except NotNow:
            self._hint_again(memory, index, report=report)
            return
        self._refused.pop((memory, index), None)
        self._in_vain = self._in_vain + 1 if stored is None else 0
        if stored is None:
            # Nothing there: the hint named the wrong memory, or the sweep was first.
            if report or memory not in self._stores:
                self._arrivals.sweep_due = True
            return
        started = self._clock.monotonic()
        if not is_submit(stored) and await self._safe.keep(stored.pdu):
            await self._reader.delete(memory, stored, started)

    def _hint_again(self, memory: str, index: int, *, report: bool) -> None:
        """A message that is there and cannot be read yet is asked for again soon, and sooner than
        the next sweep comes by.
        """
        tries = self._refused.get((memory, index), 0)
        if tries >= _TRIES:
            self._refused.pop((memory, index))
            self._arrivals.sweep_due = True
            return
        self._refused[memory, index] = tries + 1

        def again() -> None:
            self._arrivals.hints[memory, index] = report
            self._arrivals.wake.set()

        asyncio.get_running_loop().call_later(self._retry_s * 2**tries, again)

    @property
    def _until_sweep_s(self) -> float:
        if not self._broken_off:
            return self._sweep_s
        return min(self._sweep_s, self._retry_s * 2.0 ** min(self._broken_off - 1, 16))

    async def _sweep_if_it_can_be_read(self) -> None:
        try:
            await self._sweep()
        except NotNow:
            self._broken_off += 1
        else:
            self._broken_off = 0

    async def _sweep(self) -> None:
        """Take whatever is in the stores. Raises NotNow."""
        once, self._once = self._once, ()
        try:
            ours = await self._sweep_stores((*(self._stores or (None,)), *once))
        except NotNow:
            self._once = once
            raise
        if self._stores:
            await self._reader.select(self._stores[0])
        await self._see_to_room(taken=ours > 0)

    async def _sweep_stores(self, stores: tuple[str | None, ...]) -> int:
        """Take what is in them; how many entries are ours to take. Raises NotNow."""
        ours = 0
        lying: set[tuple[str, int]] = set()
        for memory in stores:
            if memory is not None and not await self._reader.select(memory):
                continue
            started = self._clock.monotonic()
            found = [s for s in await self._reader.everything_in(memory) if not is_submit(s)]
            lying |= {(memory or "", s.index) for s in found}
            new = [
                replace(s, pdu=replace(s.pdu, beside=frozenset(lying)))
                for s in found
                if not self._reader.is_left(memory, s, started)
            ]
            safe = await self._safe.keep_all([s.pdu for s in new])
            refused = {s.index for s, kept in zip(new, safe, strict=True) if not kept}
            for stored in found:
                if stored.index not in refused:
                    await self._reader.delete(memory, stored, started)
            ours += sum(not self._reader.is_left(memory, s) for s in found)
        return ours

    async def _see_to_room(self, *, taken: bool) -> None:
        """A store without slots, or full of what is not ours to delete, is none: take another.

        `taken`: there was something of ours in the stores, so they may be less full in a moment.
        """
        now = self._stores[0] if self._stores else None
        fill = await usage(self._channel, now)
        if fill is None:
            return
        if fill.size:
            self._filled(fill.used, fill.size)
        if fill.room or (taken and fill.size):
            self._alarm(None)
            return
        for store in (s for s in self._setup.receivable if s != now):
            agreed, other = await receive_into(self._channel, store)
            if agreed:
                self._reader.chosen = store
            if agreed and other is not None and other.room:
                log.warning("%s has no room for messages; they are received into %s", now, store)
                self._stores = (store, *(s for s in self._stores if s != store))
                self._alarm(None)
                return
        if now is not None and self._reader.chosen != now:
            agreed, _ = await receive_into(self._channel, now)
            self._reader.chosen = now if agreed else None
        self._alarm(_no_room(now, fill))


def _no_room(store: str | None, fill: Usage) -> str:
    name = f"store {store}" if store is not None else "message store"
    if not fill.size:
        return f"nothing can be received: the {name} has no slots, and no other one has room"
    return (
        f"nothing can be received: the {name} is full ({fill.used} of {fill.size}) of drafts and "
        "other entries that are not ours to delete, and no other one has room; delete them by hand"
    )
