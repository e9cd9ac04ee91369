"""What comes in: hints, direct messages, sweeps. Nothing is deleted before it is kept.

A hint (+CMTI, +CDSI) is only a hint: it may be lost, doubled, or name the wrong memory. The sweep
of the whole store finds what hints miss (TS 27.005 3.4).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import islice

from ..at import AtChannel, CommandFailed, Cursor, Urc, UrcKind
from ..clock import Clock
from .initialise import Setup
from .pdus import ReceivedPdu, Stored, direct_pdu, entries, is_submit
from .stores import Usage, receive_into, usage
from .timings import Timings

log = logging.getLogger(__name__)

_DIRECT_MOST = 20_000
"""So many direct PDUs wait in memory, some 10 MB; then the modem is not listened to any more."""
_REPORTS, _REPORTS_DUE = 4, 10_000
_AT_ONCE = 300
"""So many direct PDUs are kept as fast as the store can, as when a modem hands over its buffer…"""
_PER_S = 100.0
"""… and then so many a second: more than ten radios bring."""
_REST_S = 0.2
_HINTS_KEPT = 500
_SLOW_COMMIT_S = 5.0
_KEPT_S = 3600.0
"""What the modem does not delete is offered again now and then, so that it stays known."""
_NOTHING_THERE = frozenset({21, 22, 321})
"""Errors for a slot that is empty, or does not exist."""
_BUSY = frozenset({14, 256, 301, 314, 500, 512, 515, 519, 522, 532, 535})
"""Errors of a store that can be read in a moment (SIM busy, init in progress…)."""
_TRIES = 6
_MOST_IN_VAIN = 20


class _NotNow(Exception):
    """The store cannot be read at this moment; what is in it stays there."""


class Arrivals:
    """What the modem has announced or handed over and nobody has kept yet.

    It outlives the port: a status report that comes while the modem is being mended has no other
    place in the world than this.
    """

    def __init__(self) -> None:
        self.hints: dict[tuple[str, int], bool] = {}
        """Announced places; True: a report is said to be there."""
        self.direct: deque[ReceivedPdu] = deque()
        self.again: deque[ReceivedPdu] = deque()
        """Direct PDUs that could not be kept; they are offered again with the next sweep."""
        self.reports_due = 0
        """Direct PDUs that may come without being too many: those of parts that were accepted."""
        self.sweep_due = True
        self.wake = asyncio.Event()
        """Something waits in the modem's store."""
        self.handed_over = asyncio.Event()
        """Something is in `direct`."""

    @property
    def full(self) -> bool:
        """Whether nothing more should be heard before some of it is kept. What comes is taken."""
        return len(self.direct) + len(self.again) >= _DIRECT_MOST

    def ask_sweep(self) -> None:
        """Have the whole store looked through."""
        self.sweep_due = True
        self.wake.set()

    def accepted(self) -> None:
        """A part was accepted: some reports of it will come."""
        self.reports_due = min(_REPORTS_DUE, self.reports_due + _REPORTS)

    def hear(self, urc: Urc) -> None:
        """Take note of an unsolicited result code; never blocks."""
        if urc.kind is UrcKind.STORED:
            cursor = Cursor(urc.line)
            memory, index = cursor.string(), cursor.number()
            if memory and index is not None and index >= 0 and len(self.hints) < _HINTS_KEPT:
                self.hints[memory, index] = urc.name == "+CDSI"
            else:
                self.sweep_due = True
        elif urc.kind is UrcKind.DIRECT and urc.name != "+CBM":
            # Nowhere else in the world: the modem has acknowledged it, so it is never thrown away.
            self.direct.append(direct_pdu(urc))
            self.handed_over.set()
            return
        elif urc.kind is UrcKind.MEMORY_FULL:
            self.sweep_due = True
        else:
            return
        self.wake.set()


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
        self._keep = keep
        self._sweep_s = timings.sweep if setup.cnmi is not None else timings.sweep_blind
        self._alarm = alarm
        self._retry_s = timings.sim_poll
        self._stores = setup.stores
        self._once = setup.leaving.stores
        """Stores to look into once: they may have been filled while nobody listened."""
        self._memory = setup.stores[0] if setup.stores else None
        self._list_all = setup.list_all
        self._kept: dict[tuple[str | None, int, str], float] = {}
        """What could not be deleted, and until when it is not offered again (monotonic)."""
        self._refused: dict[tuple[str, int], int] = {}
        """How often an announced place could not be read."""
        self._may_take, self._may_take_at = float(_AT_ONCE), clock.monotonic()
        self._in_vain = 0
        """Announced places in a row at which there was nothing."""
        self._broken_off = 0
        """Sweeps in a row that could not be finished."""

    async def run(self) -> None:
        """Receive until cancelled. Raises a group of what the channel raises when out of step.

        What was handed over is kept at once, and does not wait for a modem that is busy sending.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive_direct())
            tasks.create_task(self._receive_stored())

    async def _receive_direct(self) -> None:
        handed_over = self._arrivals.handed_over
        while True:
            handed_over.clear()
            await self._take_direct()
            await handed_over.wait()

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

    # Direct messages

    def _offer_again(self) -> None:
        arrivals = self._arrivals
        while arrivals.again:
            arrivals.direct.append(arrivals.again.popleft())
        arrivals.handed_over.set()

    async def _take_direct(self) -> None:
        direct = self._arrivals.direct
        while direct:
            if self._setup.acknowledges:
                await self._take_acknowledged(direct[0])
                direct.popleft()
                continue
            # Together, so that they share a commit. They go from `direct` only when safe.
            together = list(islice(direct, await self._how_many()))
            kept = await self._kept_together(together)
            for safe in kept:
                pdu = direct.popleft()
                if not safe:
                    self._arrivals.again.append(pdu)
            self._channel.hold(self._arrivals.full)

    async def _how_many(self) -> int:
        """How many are kept at once: a modem that hands over more than a radio can bring must not
        take the writer's time from the others.
        """
        while True:
            now = self._clock.monotonic()
            self._may_take = min(
                float(_AT_ONCE), self._may_take + (now - self._may_take_at) * _PER_S
            )
            self._may_take_at = now
            waiting = len(self._arrivals.direct)
            due = min(waiting, self._arrivals.reports_due)
            if due or self._may_take >= 1:
                others = min(waiting - due, int(self._may_take))
                self._arrivals.reports_due -= due
                self._may_take -= others
                return due + others
            await self._clock.sleep(_REST_S)

    async def _take_acknowledged(self, pdu: ReceivedPdu) -> None:
        """AT+CNMA only after the commit: without it the service centre sends again (3.4.4)."""
        if not await self._kept_safely(pdu):
            return
        try:
            await self._channel.command("AT+CNMA", urgent=True)
        except CommandFailed as error:
            log.debug("not acknowledged: %s", error.code)

    async def _kept_together(self, pdus: list[ReceivedPdu]) -> list[bool]:
        if len(pdus) == 1:
            return [await self._kept_safely(pdus[0])]
        return await asyncio.gather(*(self._kept_safely(pdu) for pdu in pdus))

    async def _kept_safely(self, pdu: ReceivedPdu) -> bool:
        try:
            await self._keep(pdu)
        except Exception:
            log.exception("a received PDU could not be kept; it is offered again")
            return False
        return True

    # Stored messages

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
            stored = await self._read(memory, index)
        except _NotNow:
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
        if not is_submit(stored) and await self._kept_safely(stored.pdu):
            await self._delete(memory, stored, started)

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

    async def _read(self, memory: str, index: int) -> Stored | None:
        """What is there, None: nothing. Raises _NotNow."""
        if not await self._select(memory):
            return None
        try:
            lines = (await self._channel.command(f"AT+CMGR={index}")).lines
        except CommandFailed as error:
            if error.code.number in _NOTHING_THERE:
                return None
            raise _NotNow from error
        return next(iter(entries(lines, memory, index)), None)

    async def _select(self, memory: str) -> bool:
        """Read and delete in `memory` (mem1) from now on; mem3 stays what it is. Raises _NotNow."""
        if memory == self._memory:
            return True
        try:
            await self._channel.command(f'AT+CPMS="{memory}"')
        except CommandFailed as error:
            if error.code.number in _BUSY:
                raise _NotNow from error
            return False
        self._memory = memory
        return True

    async def _delete(self, memory: str | None, stored: Stored, started: float) -> None:
        if self._clock.monotonic() - started > _SLOW_COMMIT_S and memory is not None:
            # The slot may have been emptied and used again meanwhile.
            try:
                again = await self._read(memory, stored.index)
            except _NotNow:
                return
            if again is None or again.pdu.raw != stored.pdu.raw:
                return
        key = (memory, stored.index, stored.pdu.raw)
        try:
            await self._channel.command(f"AT+CMGD={stored.index}")
        except CommandFailed as error:
            log.warning("message %d in %s cannot be deleted: %s", stored.index, memory, error.code)
            self._kept[key] = self._clock.monotonic() + _KEPT_S
        else:
            self._kept.pop(key, None)

    @property
    def _until_sweep_s(self) -> float:
        if not self._broken_off:
            return self._sweep_s
        return min(self._sweep_s, self._retry_s * 2.0 ** min(self._broken_off - 1, 16))

    async def _sweep_if_it_can_be_read(self) -> None:
        try:
            await self._sweep()
        except _NotNow:
            self._broken_off += 1
        else:
            self._broken_off = 0

    async def _sweep(self) -> None:
        """Take whatever is in the stores. Raises _NotNow."""
        once, self._once = self._once, ()
        try:
            ours = await self._sweep_stores((*(self._stores or (None,)), *once))
        except _NotNow:
            self._once = once
            raise
        if self._stores:
            await self._select(self._stores[0])
        await self._see_to_room(taken=ours > 0)

    async def _sweep_stores(self, stores: tuple[str | None, ...]) -> int:
        """Take what is in them; how many entries are ours to take. Raises _NotNow."""
        ours = 0
        lying: set[tuple[str, int]] = set()
        for memory in stores:
            if memory is not None and not await self._select(memory):
                continue
            started = self._clock.monotonic()
            found = [s for s in await self._list(memory) if not is_submit(s)]
            lying |= {(memory or "", s.index) for s in found}
            new = [
                replace(s, pdu=replace(s.pdu, beside=frozenset(lying)))
                for s in found
                if self._kept.get((memory, s.index, s.pdu.raw), 0.0) <= started
            ]
            safe = await self._kept_together([s.pdu for s in new])
            refused = {s.index for s, kept in zip(new, safe, strict=True) if not kept}
            for stored in found:
                if stored.index not in refused:
                    await self._delete(memory, stored, started)
            ours += sum((memory, s.index, s.pdu.raw) not in self._kept for s in found)
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
                self._memory = store
            if agreed and other is not None and other.room:
                log.warning("%s has no room for messages; they are received into %s", now, store)
                self._stores = (store, *(s for s in self._stores if s != store))
                self._alarm(None)
                return
        if now is not None and self._memory != now:
            agreed, _ = await receive_into(self._channel, now)
            self._memory = now if agreed else None
        self._alarm(_no_room(now, fill))

    async def _list(self, memory: str | None) -> list[Stored]:
        """AT+CMGL (TS 27.005 3.4.2); an empty store is OK, 321 or ERROR, as the modem likes.

        Raises _NotNow.
        """
        for argument in dict.fromkeys((self._list_all, "4", '"ALL"')):
            try:
                lines = (await self._channel.command(f"AT+CMGL={argument}")).lines
            except CommandFailed as error:
                if error.code.number in (303, 305):
                    continue  # wants words even in PDU mode (Quectel EP06)
                if error.code.number in _BUSY:
                    raise _NotNow from error
                return []
            self._list_all = argument
            return list(entries(lines, memory, None))
        return []


def _no_room(store: str | None, fill: Usage) -> str:
    name = f"store {store}" if store is not None else "message store"
    if not fill.size:
        return f"nothing can be received: the {name} has no slots, and no other one has room"
    return (
        f"nothing can be received: the {name} is full ({fill.used} of {fill.size}) of drafts and "
        "other entries that are not ours to delete, and no other one has room; delete them by hand"
    )
