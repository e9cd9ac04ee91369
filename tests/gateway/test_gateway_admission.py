"""What is reserved for messages is given back when they are not accepted after all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.config import Config, parse
from modemgw.gateway import Gateway, Idempotency, IdempotencyConflict, TooMany
from modemgw.gateway.admission.rules import RULES
from modemgw.store.records import NewMailing, NewMessage

TO = "+447700900123"
LIMITS = {"recipient_limits": {"per_day": 1}, "key_limits": {"per_day": 1000}}


def config_of(tmp_path: Path) -> Config:
    return parse({"gateway": {"data_dir": str(tmp_path)}, **LIMITS})


async def test_a_caller_that_leaves_amid_a_batch_has_used_up_nothing(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:

        def messages() -> Iterator[NewMessage]:
            yield NewMessage(to=TO, text="hello")
            caller.cancel()
            while True:
                yield NewMessage(to="nobody", text="hello")

        caller = asyncio.create_task(gateway.send_batch(messages(), key="a"))
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert (await gateway.send(NewMessage(to=TO, text="x"), key="a")).message is not None


async def test_an_answer_that_cannot_be_rendered_uses_up_nothing(tmp_path: Path) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:

        def fails(answer: object) -> bytes:
            raise ValueError("a fault of the door")

        once = Idempotency("k", "f", fails)
        with pytest.raises(ValueError, match="of the door"):
            await gateway.send(NewMessage(to=TO, text="x"), key="a", idempotency=once)
        assert (await gateway.send(NewMessage(to=TO, text="x"), key="a")).message is not None


async def test_the_same_batch_again_gets_the_first_answer_and_uses_up_nothing(
    tmp_path: Path,
) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:
        news = NewMailing(NewMessage(to="", text="x"), [TO, "nobody"])
        once = Idempotency("k", "f", lambda batch: b"%d" % batch.accepted)
        assert (await gateway.send_batch(news, key="a", idempotency=once)).accepted == 1
        # By now its recipient has had what the limits allow: the answer is the first one still.
        again = await gateway.send_batch(news, key="a", idempotency=once)
        assert again.replay == b"1"
        with pytest.raises(IdempotencyConflict):
            await gateway.send_batch(
                NewMailing(news.content, ["+447700900124"]),
                key="a",
                idempotency=Idempotency("k", "another", once.render),
            )
        assert (await gateway.send(NewMessage(to="+447700900124", text="x"), key="a")).message


async def test_a_message_that_was_taken_is_answered_as_the_first_time_though_limits_refuse_it(
    tmp_path: Path,
) -> None:
    async with Gateway.open(config_of(tmp_path)) as gateway:
        once = Idempotency("k", "f", lambda message: message.id.encode())
        first = await gateway.send(NewMessage(to=TO, text="x"), key="a", idempotency=once)
        again = await gateway.send(NewMessage(to=TO, text="x"), key="a", idempotency=once)
        assert first.message is not None
        assert again.replay == first.message.id.encode()
        with pytest.raises(TooMany):
            await gateway.send(NewMessage(to=TO, text="x"), key="a")


async def test_limits_that_come_and_go_are_kept_to_from_the_next_message_on(
    tmp_path: Path,
) -> None:
    config = config_of(tmp_path)
    without = parse({"gateway": {"data_dir": str(tmp_path)}})
    async with Gateway.open(without) as gateway:
        assert (await gateway.send(NewMessage(to=TO, text="x"), key="a")).message is not None
        await gateway.reconfigure(config)
        with pytest.raises(TooMany):
            await gateway.send(NewMessage(to=TO, text="x"), key="a")
        await gateway.reconfigure(without)
        assert (await gateway.send(NewMessage(to=TO, text="x"), key="a")).message is not None


def test_a_rule_is_a_file_and_stands_in_the_list_once() -> None:
    assert len({rule.__module__ for rule in RULES}) == len(RULES) == len(set(RULES))
