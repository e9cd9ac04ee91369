"""The text of an OTP is nobody's business once its fate is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import config_of, refusal, running

from modemgw.config import parse
from modemgw.gateway import Gateway, Idempotency
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.upkeep.retention import Housekeeping
from modemgw.store import Store
from modemgw.store.records import Message, MessageStatus, NewMessage

TO = "+447700900123"


async def test_an_otps_text_is_gone_when_it_is_delivered_and_not_before(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        code = await lab.accept(TO, text="1234", type="otp")
        order = await lab.accept(TO, text="your order", type="transactional")
        found = await lab.message(code)
        assert (found.status, found.text) == (MessageStatus.SENT, "1234")
        for reference in (0, 1):
            await lab.report("m1", TO, reference)
        found = await lab.message(code)
        assert (found.status, found.text) == (MessageStatus.DELIVERED, None)
        assert (await lab.message(order)).text == "your order"
        assert lab.sent() == ["1234", "your order"]


async def test_or_when_it_has_failed_or_was_canceled(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(refusal(1))
        failed = await lab.accept(TO, text="1234", type="otp")
        assert (await lab.message(failed)).status is MessageStatus.FAILED
        assert (await lab.message(failed)).text is None
        lab.down("m1")
        waits = await lab.accept(TO, text="5678", type="otp")
        assert (await lab.message(waits)).text == "5678"
        await lab.outbox.cancel(2)
        assert (await lab.message(waits)).text is None


async def test_what_is_wanted_changes_with_the_configuration(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        types: dict[str, Any] = {"otp": {"erase_text": False}, "promotional": {"erase_text": True}}
        await lab.outbox.follow(config_of(tmp_path, type=types))
        for reference, type, kept in ((0, "otp", True), (1, "promotional", False)):
            message = await lab.accept(TO, text="1234", type=type)
            await lab.settle()
            await lab.report("m1", TO, reference)
            found = await lab.message(message)
            assert found.status is MessageStatus.DELIVERED
            assert (found.text is not None) is kept
    # The next run wants it as by default.
    async with running(tmp_path, clock=FakeClock(START + 60)) as lab:
        message = await lab.accept(TO, text="1234", type="promotional", receipt=False)
        assert (await lab.message(message)).text == "1234"


async def test_one_whose_report_never_comes_ends_when_that_is_given_up(tmp_path: Path) -> None:
    async with running(tmp_path, gateway={"data_dir": str(tmp_path)}) as lab:
        message = await lab.accept(TO, text="1234", type="otp")
        assert (await lab.message(message)).text == "1234"
        keeper = housekeeping(lab.config, lab.store, lab.clock)
        lab.clock.now += lab.config.gateway.receipt_timeout + 61
        await keeper._end_waiting()
        found = await lab.message(message)
        assert (found.status, found.text) == (MessageStatus.SENT, None)


async def test_what_ended_before_that_was_wanted_follows(tmp_path: Path) -> None:
    kept: dict[str, Any] = {"otp": {"erase_text": False}}
    async with running(tmp_path, type=kept) as lab:
        message = await lab.accept(TO, text="1234", type="otp", receipt=False)
        other = await lab.accept(TO, text="5678", type="transactional", receipt=False)
        assert (await lab.message(message)).text == "1234"
        keeper = housekeeping(parse({}), lab.store, lab.clock)
        await keeper.turn()
        assert (await lab.message(message)).text == "1234", "a report could still come"
        lab.clock.now += lab.config.gateway.receipt_timeout + 86400
        await keeper.turn()
        assert (await lab.message(message)).text is None
        assert (await lab.message(other)).text == "5678"


def housekeeping(config: Any, store: Store, clock: Any) -> Housekeeping:
    class NothingCame(Intake):
        def __init__(self) -> None: ...

        async def release_overdue(self) -> None: ...

    return Housekeeping(config, store=store, intake=NothingCame(), forgetful=(), clock=clock)


@pytest.mark.parametrize(("type", "kept"), [("otp", False), ("transactional", True)])
async def test_the_answer_that_is_kept_for_an_idempotency_key_has_no_text(
    tmp_path: Path, type: str, kept: bool
) -> None:
    def render(message: Message) -> bytes:
        return f"{message.id} {message.text}".encode()

    async with Gateway.open(parse({"gateway": {"data_dir": str(tmp_path)}})) as gateway:
        once = Idempotency("k", "f", render)
        new = NewMessage(to=TO, text="1234", type=type)
        first = await gateway.sending.send(new, key="a", idempotency=once)
        assert first.message is not None
        assert first.message.text == "1234"
        again = await gateway.sending.send(new, key="a", idempotency=once)
        text = "1234" if kept else None
        assert again.replay == f"{first.message.id} {text}".encode()
