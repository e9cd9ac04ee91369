"""What came in is sent on: whole, once, in order, and never in a circle."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labs.waiting import until
from test_delivery_queue import received
from test_gateway_handlers import message, shop
from test_loop_guard import OWN, SENDER, Received, Standing, config_of, loops

from modemgw.gateway import DeliveryQuery, Gateway, MessageQuery
from modemgw.gateway.deliveries.matching import CALL
from modemgw.store import Delivery, Transaction
from modemgw.store.records import Message, NewMessage

BOSS, OFFICE = "+447700900100", "+447700900101"
FORWARD = {"id": "on", "forward": [BOSS, OFFICE]}
LIMITED = {"recipient_limits": {"per_minute": 1}}


async def sent_on(gateway: Gateway) -> list[Message]:
    """The oldest first."""
    page = await gateway.messages.find(MessageQuery(limit=100))
    return list(reversed(page.items))


async def deliveries(gateway: Gateway) -> list[Delivery]:
    page = await gateway.handlers.deliveries(DeliveryQuery("on", limit=100))
    return list(reversed(page.items))


async def ended(gateway: Gateway, *states: str) -> list[Delivery]:
    async def so_far() -> bool:
        return [d.state.value for d in await deliveries(gateway)] == list(states)

    await until(so_far, 10, lambda: f"not {states}")
    return await deliveries(gateway)


async def receive(gateway: Gateway, n: int, **more: Any) -> None:
    await gateway._store.write(received(n, n, **more))


async def test_a_text_goes_to_each_number_with_who_sent_it(tmp_path: Path) -> None:
    async with shop(tmp_path, {"forward": [BOSS, OFFICE]}) as one:
        await one.receive(message("hello"))
        await one.until(("delivered", 1))
        assert one.replies == [NewMessage(to=to, text=f"{SENDER}: hello") for to in (BOSS, OFFICE)]


@pytest.mark.parametrize(
    ("prefix", "text"), [("", "hello"), ("For {{ to or '?' }}, {{ from }} says ", None)]
)
async def test_what_stands_before_it_can_be_said(
    tmp_path: Path, prefix: str, text: str | None
) -> None:
    async with shop(tmp_path, {"forward": BOSS, "prefix": prefix}) as one:
        await one.receive(message("hello"))
        await one.until(("delivered", 1))
        assert one.replies == [NewMessage(to=BOSS, text=text or f"For ?, {SENDER} says hello")]


async def test_octets_go_on_as_they_came_with_their_ports(tmp_path: Path) -> None:
    async with shop(tmp_path, {"forward": BOSS}) as one:
        await one.receive(message(None, data=b"\x00\xff", ports=(5000, 1), encoding="binary"))
        await one.until(("delivered", 1))
        assert one.replies == [NewMessage(to=BOSS, data=b"\x00\xff", ports=(5000, 1))]


async def test_what_could_not_be_decoded_goes_nowhere(tmp_path: Path) -> None:
    async with shop(tmp_path, {"forward": BOSS}) as one:
        await one.receive(message(None, data=b"0791", encoding="raw", sender=""))
        await one.until(("dead", 1))
        assert one.replies == []


async def test_a_call_is_told_of(tmp_path: Path) -> None:
    called = {"modem": "m1", "sim": "1", "from": SENDER, "at": 1.0, "name": "Ann"}
    async with shop(tmp_path, {"forward": BOSS, "on": "call"}) as one:
        one.clock.now = 1_790_000_000.0
        await one.store.write(lambda tx: tx.events.emit(CALL, called))
        await one.store.write(lambda tx: tx.events.emit(CALL, {"from": None}))
        await one.until(("delivered", 1), ("delivered", 1))
        at = "14:13 UTC"
        assert [reply.text for reply in one.replies] == [
            f"Call from {SENDER} (Ann) at {at}",
            f"Call from an unknown number at {at}",
        ]


async def test_it_is_accepted_for_all_at_once_and_once(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path, handler=[FORWARD])) as gateway:
        await receive(gateway, 1, text="x" * 1000)
        await ended(gateway, "delivered")
        assert [(m.to, m.text, m.key, len(m.parts)) for m in await sent_on(gateway)] == [
            (to, f"{SENDER}: " + "x" * 1000, "forward", 7) for to in (BOSS, OFFICE)
        ]


async def test_what_cannot_be_sent_to_one_is_sent_to_the_others(tmp_path: Path) -> None:
    nobody = "+44770090010000"
    forward = {**FORWARD, "forward": [nobody, BOSS]}
    async with Gateway.open(config_of(tmp_path, handler=[forward])) as gateway:
        await receive(gateway, 1)
        await ended(gateway, "delivered")
        assert [m.to for m in await sent_on(gateway)] == [BOSS]
    forward["forward"] = [nobody]
    async with Gateway.open(config_of(tmp_path, handler=[forward])) as gateway:
        await receive(gateway, 2)
        _, last = await ended(gateway, "delivered", "dead")
        assert "too many digits" in (last.outcomes[-1].problem or "")


async def test_where_a_limit_is_reached_for_one_it_waits_for_all(tmp_path: Path) -> None:
    config = config_of(tmp_path, handler=[FORWARD], **LIMITED)
    async with Gateway.open(config, clock=Standing()) as gateway:
        await gateway.sending.send(NewMessage(to=OFFICE, text="x"), key="shop")
        await receive(gateway, 1)
        await until(lambda: _tries(gateway, 1))
        assert [m.to for m in await sent_on(gateway)] == [OFFICE]
        # Nothing of what was reserved for the first is lost.
        await gateway.sending.send(NewMessage(to=BOSS, text="x"), key="shop")


async def _tries(gateway: Gateway, n: int) -> bool:
    found = await deliveries(gateway)
    return bool(found) and found[0].tries == n


async def test_what_is_sent_on_is_no_automatic_answer(tmp_path: Path) -> None:
    """Many messages may go to one number; and it is answered itself all the same."""
    forward = {**FORWARD, "forward": [BOSS]}
    config = config_of(tmp_path, handler=[forward], replies={"per_hour": 2})
    async with Gateway.open(config) as gateway:
        await gateway._store.write(received(1, 20))
        await ended(gateway, *["delivered"] * 20)
        assert len(await sent_on(gateway)) == 20
    async with Gateway.open(config) as gateway:
        assert gateway._loop_guard.may_answer(Received(BOSS)) is None


async def test_the_next_of_a_sender_waits_for_the_one_before(tmp_path: Path) -> None:
    async with shop(tmp_path, {"forward": BOSS, "at_once": 8}) as one:
        one.refuse.append(ConnectionError("not at the first time"))
        for n in range(5):
            await one.receive(message(f"number {n}"))
        async with asyncio.timeout(30):
            while len(one.replies) < 5:
                await one.again()
                await asyncio.sleep(0.01)
        assert [r.text for r in one.replies] == [f"{SENDER}: number {n}" for n in range(5)]


async def test_order_is_kept_for_each_sender(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path, handler=[FORWARD])) as gateway:

        def many(tx: Transaction) -> None:
            for n in range(30):
                sender = f"+4477009005{n % 3:02}"
                one = replace(message(f"{n}", sender=sender), id=f"in_{n}")
                tx.inbound.add(one, [])
                tx.events.emit("inbound.received", {"id": one.id})

        await gateway._store.write(many)
        await ended(gateway, *["delivered"] * 30)
        to_boss = [m.text or "" for m in await sent_on(gateway) if m.to == BOSS]
        assert len(to_boss) == 30
        for sender in {text.split(":")[0] for text in to_boss}:
            numbers = [int(t.split(": ")[1]) for t in to_boss if t.startswith(sender)]
            assert numbers == sorted(numbers)


# --- no circles


async def test_nothing_goes_back_or_to_a_sim_of_this_gateway(tmp_path: Path) -> None:
    forward = {**FORWARD, "forward": [SENDER, OWN, BOSS]}
    async with Gateway.open(config_of(tmp_path, handler=[forward])) as gateway:
        await receive(gateway, 1)
        await ended(gateway, "delivered")
        assert [m.to for m in await sent_on(gateway)] == [BOSS]
    forward["forward"] = [SENDER, OWN]
    async with Gateway.open(config_of(tmp_path, handler=[forward])) as gateway:
        await receive(gateway, 2)
        _, last = await ended(gateway, "delivered", "dead")
        assert [o.code for o in last.outcomes] == ["own-number"]


async def test_what_comes_back_in_a_ring_is_not_sent_on_again(tmp_path: Path) -> None:
    clock = Standing()
    async with Gateway.open(config_of(tmp_path, handler=[FORWARD]), clock=clock) as gateway:
        await receive(gateway, 1, text="hello")
        await ended(gateway, "delivered")
        # Two others have sent it on since.
        back = f"+447700900300: +447700900301: {SENDER}: hello"
        await receive(gateway, 2, text=back, sender="+447700900302")
        _, last = await ended(gateway, "delivered", "dead")
        assert [o.code for o in last.outcomes] == ["ring"]
        assert [data["from"] for data in await loops(gateway)] == ["+447700900302"]
        await receive(gateway, 3, text="hello")  # said once more, it is something else
        await ended(gateway, "delivered", "dead", "delivered")
        clock.now += 3601
        gateway._loop_guard.forget_idle(clock.time())
        assert not gateway._loop_guard._sent_on


async def test_nothing_is_lost_when_it_is_cut_short(tmp_path: Path) -> None:
    """The gateway ends between the acceptance and what follows it, and before."""
    config = config_of(tmp_path, handler=[FORWARD])
    for n in range(1, 6):
        async with Gateway.open(config) as gateway:
            await receive(gateway, n, text=f"number {n}")
            await asyncio.sleep(0.002 * n)
    async with Gateway.open(config) as gateway:
        await ended(gateway, *["delivered"] * 5)
        texts = [(m.to, m.text) for m in await sent_on(gateway)]
        assert sorted(texts) == sorted(
            (to, f"{SENDER}: number {n}") for n in range(1, 6) for to in (BOSS, OFFICE)
        )
