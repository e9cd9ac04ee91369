"""The same text to the same number from the same key, within a short time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.raw_sql import raw

from modemgw.config import parse
from modemgw.gateway import Duplicate, Gateway, Idempotency, IdempotencyConflict
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.upkeep.retention import CHUNK, Housekeeping
from modemgw.store import View
from modemgw.store.records import Message, NewMailing, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore

ANNE, BOB, CLEO = "+447700900123", "+447700900124", "+447700900125"
REFUSE: Mapping[str, Any] = {"window_seconds": 60}
MERGE: Mapping[str, Any] = {"window_seconds": 60, "action": "merge"}


class StoppedClock(FakeClock):
    """Nobody's sleep ends, so that nobody moves it."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def on(
    tmp_path: Path, section: Mapping[str, Any], clock: FakeClock | None = None, **more: Any
) -> Any:
    document = {"gateway": {"data_dir": str(tmp_path)}, "duplicates": dict(section), **more}
    return Gateway.open(parse(document), clock=clock or StoppedClock())


async def send(
    gateway: Gateway, to: str = ANNE, text: str | None = "hello", **more: Any
) -> Message:
    key, once = more.pop("key", "shop"), more.pop("once", None)
    new = NewMessage(to=to, text=text, **more)
    accepted = await gateway.sending.send(new, key=key, idempotency=once)
    assert accepted.message is not None
    return accepted.message


def remembered(view: View) -> int:
    (count,) = raw(view).execute("SELECT count(*) FROM recent").fetchone()
    return int(count)


async def test_by_default_nothing_is_a_duplicate_and_nothing_is_remembered(tmp_path: Path) -> None:
    async with on(tmp_path, {}) as gateway:
        assert (await send(gateway)).id != (await send(gateway)).id
        batch = await gateway.sending.send_batch(
            NewMailing(NewMessage(to="", text="hello"), [ANNE, ANNE]), key="shop"
        )
        assert (batch.accepted, batch.merged) == (2, ())
        assert await gateway._store.read(remembered) == 0


async def test_the_same_again_is_refused_until_the_window_is_over(tmp_path: Path) -> None:
    clock = StoppedClock()
    async with on(tmp_path, REFUSE, clock) as gateway:
        first = await send(gateway)
        clock.now += 12
        with pytest.raises(Duplicate) as refused:
            await send(gateway, "07700 900123")
        assert refused.value.first == first.id
        assert str(refused.value) == (
            f"the same was accepted for this recipient 12 s ago as {first.id}; "
            "it may be said again in 48 s"
        )
        assert refused.value.retry_after_s == pytest.approx(48)
        await send(gateway, text="Hello")
        await send(gateway, to=BOB)
        await send(gateway, key="other")
        await send(gateway, message_class=0)
        await send(gateway, text=None, data=b"hello")
        clock.now += 47
        with pytest.raises(Duplicate):
            await send(gateway)
        clock.now += 2
        second = await send(gateway)
        with pytest.raises(Duplicate) as refused:
            await send(gateway)
        assert refused.value.first == second.id


async def test_a_reminder_for_each_day_is_no_duplicate_of_the_first(tmp_path: Path) -> None:
    async with on(tmp_path, REFUSE) as gateway:
        for day in (1, 2, 3):
            await send(gateway, send_at=START + day * 86400)
        with pytest.raises(Duplicate):
            await send(gateway, send_at=START + 86400)


async def test_what_waits_for_the_morning_is_the_same_as_what_came_just_before_the_night(
    tmp_path: Path,
) -> None:
    quiet = {"promotional": {"quiet_hours": "15:14-16:00"}}  # it is 15:13:20 in London
    clock = StoppedClock()
    async with on(tmp_path, REFUSE, clock, type=quiet) as gateway:
        assert (await send(gateway, type="promotional")).send_at is None
        clock.now += 50
        with pytest.raises(Duplicate):
            await send(gateway, type="promotional")


async def test_only_of_the_types_that_are_looked_at(tmp_path: Path) -> None:
    async with on(tmp_path, {**REFUSE, "types": ["promotional"]}) as gateway:
        for _ in range(2):
            await send(gateway, type="otp")
        await send(gateway, type="promotional")
        with pytest.raises(Duplicate):
            await send(gateway, type="promotional")


async def test_not_of_what_the_gateway_answers_by_itself(tmp_path: Path) -> None:
    async with on(tmp_path, REFUSE) as gateway:
        answer = NewMessage(to=ANNE, text="You will get no more of these.")
        for _ in range(2):
            await gateway.sending.send(answer, key="keywords", automatic=True)


async def test_merged_it_is_the_first_message_over_again(tmp_path: Path) -> None:
    def render(message: Message) -> bytes:
        return message.id.encode()

    clock = StoppedClock()
    async with on(tmp_path, MERGE, clock) as gateway:
        first = await send(gateway)
        assert (await send(gateway)).id == first.id
        # Under an Idempotency-Key that stays the answer, also when the window is over.
        once = Idempotency("k", "f", render)
        assert (await send(gateway, once=once)).id == first.id
        clock.now += 120
        new = NewMessage(to=ANNE, text="hello")
        again = await gateway.sending.send(new, key="shop", idempotency=once)
        assert again.replay == first.id.encode()
        with pytest.raises(IdempotencyConflict):
            await send(gateway, once=Idempotency("k", "another", render))
        assert (await send(gateway)).id != first.id


async def test_what_came_to_nothing_may_be_said_again(tmp_path: Path) -> None:
    for section in (REFUSE, MERGE):
        async with on(tmp_path / section.get("action", "refuse"), section) as gateway:
            first = await send(gateway)
            await gateway.messages.cancel(first.id)
            assert (await send(gateway)).id != first.id


async def test_what_was_not_accepted_is_not_remembered(tmp_path: Path) -> None:
    async with on(tmp_path, REFUSE) as gateway:
        once = Idempotency("k", "f", lambda message: message.id.encode())
        await send(gateway, to=BOB, once=once)
        with pytest.raises(IdempotencyConflict):
            await send(gateway, once=Idempotency("k", "another", once.render))
        await send(gateway)


async def test_a_duplicate_uses_up_no_limit(tmp_path: Path) -> None:
    async with on(tmp_path, REFUSE, recipient_limits={"per_day": 3}) as gateway:
        await send(gateway)
        for _ in range(5):
            with pytest.raises(Duplicate):
                await send(gateway)
        mailing = NewMailing(NewMessage(to="", text="hello"), [ANNE] * 5)
        # (One that a limit refuses before it could be looked at is refused for that.)
        batch = await gateway.sending.send_batch(mailing, key="shop")
        assert batch.accepted == 0
        await send(gateway, text="1")
        await send(gateway, text="2")


@pytest.mark.parametrize("section", [REFUSE, MERGE])
async def test_of_many_that_come_at_once_one_is_sent(
    tmp_path: Path, section: Mapping[str, Any]
) -> None:
    async with on(tmp_path, section) as gateway:
        done = await asyncio.gather(*(send(gateway) for _ in range(40)), return_exceptions=True)
        sent = {one.id for one in done if isinstance(one, Message)}
        refused = [one for one in done if isinstance(one, Duplicate)]
        (id,) = sent
        assert len(refused) == (39 if section is REFUSE else 0)
        assert {one.first for one in refused} <= {id}
        assert len(done) == 40


async def test_it_is_known_after_a_restart(tmp_path: Path) -> None:
    clock = StoppedClock()
    async with on(tmp_path, REFUSE, clock) as gateway:
        first = await send(gateway)
    clock.now += 30
    async with on(tmp_path, REFUSE, clock) as gateway:
        with pytest.raises(Duplicate) as refused:
            await send(gateway)
        assert refused.value.first == first.id
        clock.now += 31
        await send(gateway)


async def test_each_of_a_batch_is_looked_at(tmp_path: Path) -> None:
    numbers = [ANNE, BOB, "nobody", ANNE, CLEO]
    mailing = NewMailing(NewMessage(to="", text="hello"), numbers)
    async with on(tmp_path / "a", REFUSE) as gateway:
        first = await send(gateway, to=BOB)
        batch = await gateway.sending.send_batch(mailing, key="shop")
        refused = dict(batch.rejected)
        assert (batch.accepted, batch.merged, sorted(refused)) == (2, (), [1, 2, 3])
        before, within = refused[1], refused[3]
        assert isinstance(before, Duplicate)
        assert isinstance(within, Duplicate)
        assert before.first == first.id
        view = await gateway.batches.get(batch.id)
        kept = view.batch
        assert (kept.accepted, kept.rejected, view.counts) == (2, 3, {"queued": 2})
    async with on(tmp_path / "b", MERGE) as gateway:
        first = await send(gateway, to=BOB)
        each = [NewMessage(to=to, text="hello") for to in numbers]
        batch = await gateway.sending.send_batch(each, key="shop")
        merged = dict(batch.merged)
        assert (batch.accepted, sorted(merged)) == (2, [1, 3])
        assert merged[1] == first.id
        assert (await gateway.messages.get(merged[3])).to == ANNE
        assert [index for index, _ in batch.rejected] == [2]
        again = await gateway.sending.send_batch(each, key="shop")
        assert (again.accepted, len(again.merged)) == (0, 4)


async def test_of_batches_that_come_at_once_each_recipient_gets_one(tmp_path: Path) -> None:
    numbers = [f"+4477009{n:05}" for n in range(600)]
    async with on(tmp_path, REFUSE) as gateway:

        def batch(start: int) -> Any:
            mailing = NewMailing(NewMessage(to="", text="hello"), numbers[start : start + 300])
            return gateway.sending.send_batch(mailing, key="shop")

        done = await asyncio.gather(*(batch(start) for start in (0, 100, 200, 300, 0)))
        assert sum(one.accepted for one in done) == 600
        assert all(one.accepted + len(one.rejected) == 300 for one in done)
        assert await gateway._store.read(remembered) == 600


async def test_what_is_over_is_forgotten(tmp_path: Path) -> None:
    class NothingCame(Intake):
        def __init__(self) -> None: ...

        async def release_overdue(self) -> None: ...

    clock = FakeClock()
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:

        def say(count: int, at: float) -> Any:
            said = [(b"%f %d" % (at, n), "msg_1") for n in range(count)]
            return store.write(lambda tx: tx.recent.remember(said, at))

        def house(section: Mapping[str, Any]) -> Housekeeping:
            config = parse({"duplicates": dict(section)})
            return Housekeeping(
                config, store=store, intake=NothingCame(), forgetful=(), clock=clock
            )

        await say(2 * CHUNK + 7, START)
        await say(5, START + 50)
        clock.now += 61
        await house(REFUSE).turn()
        assert await store.read(remembered) == 5
        await say(3, clock.now - 1)
        await house({}).turn()
        assert await store.read(remembered) == 0
