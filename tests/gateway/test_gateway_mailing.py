"""One content to many recipients: the same as as many messages, made once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any, cast
from unittest.mock import Mock

import pytest
from labs.clock import START, FakeClock
from labs.outbox import checked

from modemgw.config import Limits, parse
from modemgw.gateway import AcceptedBatch, Gateway, MessageQuery, Rejected
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.identifiers import new_id, new_ids
from modemgw.gateway.outgoing.job import job_of, jobs_of
from modemgw.gateway.outgoing.lane_state import LaneState
from modemgw.gateway.outgoing.matchmaking import Matchmaking
from modemgw.gateway.outgoing.queue import Queue
from modemgw.store.records import Mailing, Message, NewMailing, NewMessage

ROUTES = [
    {"id": "uk", "match": {"to_prefix": ["+44", "+353"]}},
    {"id": "crm", "match": {"key": ["crm"]}},
    {"id": "night", "match": {"to_prefix": ["+4"], "tag": ["night"]}},
]
NUMBERS = [
    *(f"+4477009{n:05d}" for n in range(250)),
    "+353 85 012 3456",
    "nobody",
    "+43720123456",
    "+33612345678",
    "+4477",
    "07700 900123",
    "+447700900001",
]
ODD = NewMessage(
    to="",
    text="hello ☃ " * 20,
    type="otp",
    reference="r",
    callback_url="http://x",
    tags=("night",),
    message_class=1,
    receipt=False,
    validity_s=60,
)
WRONG = NewMessage(to="", text="", route="nowhere", modem="m9", send_at=START + 400 * 86400)


class StoppedClock(FakeClock):
    """Nobody's sleep ends, so that nobody moves it."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def gateway_on(path: Path, **more: Any) -> AsyncIterator[Gateway]:
    config = parse({"gateway": {"data_dir": str(path)}, "route": ROUTES, **more})
    async with Gateway.open(config, clock=StoppedClock(), random=Random(1)) as gateway:
        yield gateway


async def stored(gateway: Gateway) -> list[Message]:
    """Everything, oldest first, less the names that chance gave."""
    page = await gateway.messages.find(MessageQuery(limit=1000))
    return [m._replace(id="", batch=None) for m in reversed(page.items)]


async def counts(gateway: Gateway, batch: AcceptedBatch) -> dict[str, int]:
    return dict((await gateway.batches.get(batch.id)).counts)


def told(batch: AcceptedBatch) -> list[tuple[int, object]]:
    """Why each was refused."""
    return [
        (index, why.problems if isinstance(why, Rejected) else str(why))
        for index, why in batch.rejected
    ]


@pytest.mark.parametrize("key", ["shop", "crm"])
@pytest.mark.parametrize(
    "content",
    [
        NewMessage(to="", text="hello"),
        NewMessage(to="", data=b"\x00\xff", ports=(2948, 9200)),
        NewMessage(to="", text="later", route="uk", send_at=START + 100),
        NewMessage(to="", text="é ł", transliterate=True, encoding="gsm7"),
        ODD,
        WRONG,
    ],
    ids=["plain", "binary", "scheduled", "transliterated", "odd", "wrong"],
)
async def test_a_mailing_becomes_what_as_many_messages_become(
    tmp_path: Path, content: NewMessage, key: str
) -> None:
    mailing = NewMailing(content, NUMBERS)
    async with gateway_on(tmp_path / "one") as one, gateway_on(tmp_path / "each") as each:
        by_one = await one.sending.send_batch(mailing, key=key)
        by_each = await each.sending.send_batch(list(mailing), key=key)
        assert by_one.accepted == by_each.accepted
        assert by_one.accepted + len(by_one.rejected) == len(NUMBERS)
        assert told(by_one) == told(by_each)
        assert await stored(one) == await stored(each)
        assert await counts(one, by_one) == await counts(each, by_each)


async def test_limits_hold_within_a_mailing(tmp_path: Path) -> None:
    mailing = NewMailing(NewMessage(to="", text="hello"), NUMBERS)
    limits = {"recipient_limits": {"per_day": 1}, "key_limits": {"per_hour": 252}}
    async with gateway_on(tmp_path / "one", **limits) as one:
        by_one = await one.sending.send_batch(mailing, key="a")
        async with gateway_on(tmp_path / "each", **limits) as each:
            by_each = await each.sending.send_batch(list(mailing), key="a")
        assert by_one.accepted == 252
        assert told(by_one) == told(by_each)
        again = await one.sending.send_batch(NewMailing(mailing.content, NUMBERS[:2]), key="b")
        assert again.accepted == 0


async def test_a_mailing_survives_a_restart_and_tells_of_each_message_once(tmp_path: Path) -> None:
    mailing = NewMailing(NewMessage(to="", text="hello", reference="r"), NUMBERS[:230])
    async with gateway_on(tmp_path) as gateway:
        batch = await gateway.sending.send_batch(mailing, key="a")
        made = (await gateway.messages.find(MessageQuery(limit=1000))).items[::-1]
        events = []
        async with aclosing(cast(Any, gateway.events.follow(0))) as stream:
            async for event in stream:
                events.append(event)
                if len(events) == 230:
                    break
    assert [m.to for m in made] == NUMBERS[:230]
    assert [m.id for m in made] == sorted({m.id for m in made})
    assert {m.batch for m in made} == {batch.id}
    assert [(e.type, e.data) for e in events] == [
        ("message.queued", {"id": m.id, "status": "queued", "reference": "r"}) for m in made
    ]
    async with gateway_on(tmp_path) as gateway:
        assert gateway.found.waiting == 230
        assert await gateway.messages.get(made[229].id) == made[229]


def test_a_new_mailing_reads_like_its_messages() -> None:
    mailing = NewMailing(ODD, ["+1", "+2", "+3"])
    assert [new.to for new in mailing] == ["+1", "+2", "+3"]
    assert mailing[1] == ODD._replace(to="+2")
    assert list(mailing[1:]) == [ODD._replace(to="+2"), ODD._replace(to="+3")]
    assert len(mailing) == 3


async def test_the_jobs_of_a_mailing_share_their_content(tmp_path: Path) -> None:
    async with gateway_on(tmp_path) as gateway:
        await gateway.sending.send_batch(NewMailing(ODD, NUMBERS[:3]), key="a")
        made = (await gateway.messages.find(MessageQuery())).items[::-1]
    jobs = jobs_of(7, Mailing(made[0], [(m.id, m.to, m.route) for m in made]))
    assert len({id(job.content) for job in jobs}) == 1
    for job, alone in zip(jobs, map(job_of, (7, 8, 9), made), strict=True):
        fields = [name for name in job.__slots__ if name != "progress"]
        assert [getattr(job, f) for f in fields] == [getattr(alone, f) for f in fields]


async def test_a_batch_is_offered_to_idle_lanes_until_none_may_take_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = parse({})
    core = Matchmaking(config.routes, START)
    asked = Mock(wraps=core.choose)
    monkeypatch.setattr(core, "choose", asked)
    nothing = Mock()
    queue = Queue(
        core,
        clock=StoppedClock(),
        on_due=nothing,
        on_expired=nothing,
        on_overdue=nothing,
        on_quota=nothing,
    )
    new = NewMessage(to=NUMBERS[0], text="hello")
    message = checked(config, new, key="a")
    recipients = [(str(n), to, "default") for n, to in enumerate(NUMBERS[:250])]
    with queue:
        waiting = {}
        for modem, used in (("full", 5), ("free", 0), ("also full", 5)):
            plan = Plan(Limits(per_minute=5), Random(1), [(START, NUMBERS[0])] * used)
            queue.add_lane(LaneState(modem, ("default",), 1))
            queue.set_ready(modem, True, Sim(f"sim of {modem}", plan))
            waiting[modem] = asyncio.create_task(queue.next(modem))
        await asyncio.sleep(0)
        queue.add_all(jobs_of(1, Mailing(message, recipients)))
        assert (await waiting["free"]).n == 1
        assert [modem for modem, task in waiting.items() if not task.done()] == [
            "full",
            "also full",
        ]
        assert asked.call_count < 10
        assert core.wake_at(["full", "also full"]) == START + 60
        for task in waiting.values():
            task.cancel()
        await asyncio.gather(*waiting.values(), return_exceptions=True)


def test_many_names_rise_are_of_one_form_and_are_not_to_be_guessed_from_one_another() -> None:
    names = list(islice(new_ids("msg", START, Random(1)), 10_000))
    assert names == sorted(set(names))
    alone = new_id("msg", START, Random(1))
    assert {len(name) for name in names} == {len(alone)}
    assert {name[:16] for name in names} == {alone[:16]}
    draws = [int(name[16:], 16) for name in names]
    assert len({after - before for before, after in pairwise(draws)}) == len(draws) - 1
