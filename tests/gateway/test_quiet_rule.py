"""What quiet hours do to messages: they wait for the morning, or are refused if they cannot."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import START, FakeClock
from labs.outbox import checked, refusal, running

from modemgw.clock import SteadyClock
from modemgw.config import Config, parse
from modemgw.gateway import Gateway
from modemgw.gateway.admission.quiet import QuietHoursRule
from modemgw.gateway.admission.rule import Request, Surroundings
from modemgw.gateway.admission.rules import RULES, Rules
from modemgw.gateway.errors import Rejected
from modemgw.store import Store
from modemgw.store.records import Mailing, Message, MessageStatus, NewMailing, NewMessage

NIGHT: dict[str, Any] = {"promotional": {"quiet_hours": "21:00-08:00"}}
LONDON, NEW_YORK, NOWHERE = "+447700900123", "+12125550123", "+9999123456"


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# In London it is 23:00, in New York 18:00.
EVENING, MORNING = utc("2026-09-21 22:00"), utc("2026-09-22 07:00")


class StoppedClock(FakeClock):
    """Nobody's sleep ends, so that nobody moves it."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


def promotional(to: str = LONDON, **more: Any) -> NewMessage:
    return NewMessage(to=to, text="hello", **{"type": "promotional", **more})


def accepted(new: NewMessage, now: float = EVENING, **config: Any) -> Message:
    return checked(parse({"type": NIGHT, **config}), new, now=now)


# --- before acceptance


def test_what_comes_at_night_is_scheduled_for_the_morning_there() -> None:
    message = accepted(promotional())
    assert (message.status, message.send_at) == (MessageStatus.SCHEDULED, MORNING)
    assert message.error is not None
    assert message.error.code == "quiet-hours"
    assert message.error.detail == (
        "it is quiet where its recipient is (Europe/London) until Tue 08:00 there"
    )
    assert not message.error.permanent
    assert message.expires_at == EVENING + 2 * 86400, "its validity is as it was"


@pytest.mark.parametrize(
    ("new", "send_at"),
    [
        (promotional(NEW_YORK), None),
        (promotional(type="transactional"), None),
        (promotional(send_at=EVENING + 3600), MORNING),
        (promotional(send_at=MORNING + 5), MORNING + 5),
        (promotional(NEW_YORK, send_at=utc("2026-09-22 03:00")), utc("2026-09-22 12:00")),
    ],
)
def test_each_by_the_clock_of_its_recipient_at_the_time_it_would_be_sent(
    new: NewMessage, send_at: float | None
) -> None:
    assert accepted(new).send_at == send_at


def test_what_cannot_wait_is_refused() -> None:
    to_wait_s = MORNING - EVENING
    assert accepted(promotional(validity_s=int(to_wait_s) + 1)).send_at == MORNING
    with pytest.raises(Rejected) as refused:
        accepted(promotional(validity_s=int(to_wait_s)))
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("to", "quiet-hours")
    assert problem.detail.endswith("and its validity ends before that")


def test_who_may_be_anywhere_lives_where_the_configuration_says() -> None:
    assert accepted(promotional(NOWHERE)).send_at == utc("2026-09-22 08:00")
    kolkata: dict[str, Any] = {"gateway": {"timezone": "Asia/Kolkata"}}
    assert accepted(promotional(NOWHERE), **kolkata).send_at == utc("2026-09-22 02:30")
    assert accepted(promotional("12345"), **kolkata).send_at == utc("2026-09-22 02:30")
    # A toll-free number of North America: somewhere between Guam and Bermuda it is always night.
    few: dict[str, Any] = {"type": {"promotional": {"quiet_hours": "18:00-11:00"}}}
    until = accepted(promotional("+18005550123"), **kolkata, **few).send_at
    assert until == utc("2026-09-22 05:30")


def test_a_type_without_quiet_hours_costs_nothing() -> None:
    surroundings = Surroundings(cast(Store, None), SteadyClock(FakeClock()))
    config = parse({"type": NIGHT})
    rules = Rules(RULES, config, surroundings)
    (rule,) = [rule for rule in rules.all if isinstance(rule, QuietHoursRule)]
    for type, asked in (("otp", False), ("promotional", True)):
        draft = rules.draft(Request("k", START), promotional(type=type))
        assert (rule.each(draft) is not None) is asked


def open_gateway(tmp_path: Path, clock: FakeClock, **config: Any) -> Any:
    document = {"gateway": {"data_dir": str(tmp_path)}, "type": NIGHT, **config}
    return Gateway.open(parse(document), clock=clock)


async def test_the_recipients_of_a_batch_wait_each_for_their_own_morning(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, StoppedClock(EVENING)) as gateway:
        numbers = [LONDON, NEW_YORK, "+447700900124", "+4915112345678", "+12125550124", "nobody"]
        batch = await gateway.sending.send_batch(NewMailing(promotional(""), numbers), key="k")
        assert (batch.accepted, [index for index, _ in batch.rejected]) == (5, [5])
        counts = (await gateway.batches.get(batch.id)).counts
        assert counts == {"scheduled": 3, "queued": 2}


async def test_a_preview_says_when_it_would_go_out_and_why_not_before(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, StoppedClock(EVENING)) as gateway:
        seen = gateway.sending.preview(promotional(), key="k")
        assert (seen.send_at, seen.expires_at) == (MORNING, EVENING + 2 * 86400)
        assert seen.deferred is not None
        assert seen.deferred.code == "quiet-hours"
        seen = gateway.sending.preview(promotional(NEW_YORK), key="k")
        assert (seen.send_at, seen.deferred) == (None, None)
        with pytest.raises(Rejected):
            gateway.sending.preview(promotional(validity_s=60), key="k")


# --- when it is taken for sending


def rules_of(config: Config, clock: FakeClock) -> Rules:
    return Rules(RULES, config, Surroundings(cast(Store, None), SteadyClock(clock)))


async def test_what_a_stopped_modem_holds_back_until_night_waits_for_the_morning(
    tmp_path: Path,
) -> None:
    clock = FakeClock(utc("2026-09-21 19:50"))  # 20:50 in London
    async with running(tmp_path, clock=clock, ready=False, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        message = await lab.accept(LONDON, type="promotional", reference="mine")
        urgent = await lab.accept(LONDON, type="otp", text="1234", validity_s=3600)
        assert message.status is MessageStatus.QUEUED
        await lab.pass_time(900)
        await lab.up("m1")
        found = await lab.message(message)
        assert lab.sent() == ["1234"], urgent
        assert (found.status, found.send_at) == (MessageStatus.SCHEDULED, MORNING)
        assert found.error is not None
        assert found.error.code == "quiet-hours"
        await lab.pass_time(MORNING - clock.now - 1)
        assert len(lab.sent()) == 1
        await lab.pass_time(1)
        found = await lab.message(message)
        assert (found.status, found.error) == (MessageStatus.SENT, None)
        told = [e.type for e in lab.events if e.data["id"] == message.id]
        assert told == ["message.queued", "message.queued", "message.sent"]


async def test_one_that_waits_for_the_morning_does_so_over_a_restart(tmp_path: Path) -> None:
    clock = FakeClock(utc("2026-09-21 20:30"))
    async with running(tmp_path, clock=clock, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        # Accepted before there were quiet hours, say.
        new = NewMessage(to=LONDON, text="hello", type="transactional")
        message = lab.check(new)._replace(type="promotional")
        await lab.outbox.accept([Mailing.of(message)])
        assert (await lab.message(message)).send_at == MORNING
    async with running(tmp_path, clock=clock, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        await lab.pass_time(3600)
        assert (await lab.message(message)).status is MessageStatus.SCHEDULED
        await lab.pass_time(MORNING - clock.now)
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_one_whose_validity_ends_at_night_is_not_sent_and_says_why(tmp_path: Path) -> None:
    clock = FakeClock(utc("2026-09-21 19:50"))
    async with running(tmp_path, clock=clock, ready=False, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        message = await lab.accept(LONDON, type="promotional", validity_s=7200)
        await lab.pass_time(900)
        await lab.up("m1")
        found = await lab.message(message)
        assert found.status is MessageStatus.FAILED
        assert found.error is not None
        assert found.error.code == "quiet-hours"
        assert lab.sent() == []


async def test_one_that_was_refused_in_the_evening_is_not_tried_again_at_night(
    tmp_path: Path,
) -> None:
    clock = FakeClock(utc("2026-09-21 19:59"))
    async with running(tmp_path, clock=clock, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        lab.modems["m1"].script.append(refusal(42))
        message = await lab.accept(LONDON, type="promotional")
        assert (await lab.message(message)).status is MessageStatus.SENDING
        await lab.pass_time(300)
        found = await lab.message(message)
        assert (found.status, found.send_at) == (MessageStatus.SCHEDULED, MORNING)
        await lab.pass_time(MORNING - clock.now)
        assert (await lab.message(message)).status is MessageStatus.SENT
        assert len(lab.sent()) == 2


async def test_a_clock_that_is_set_brings_the_morning_nearer(tmp_path: Path) -> None:
    clock = FakeClock(EVENING)
    async with running(tmp_path, clock=clock, type=NIGHT) as lab:
        lab.ask_again = rules_of(lab.config, clock).at_sending
        message = await lab.accept(LONDON, type="promotional")
        clock.set(MORNING - EVENING)
        await lab.pass_time(0)
        assert (await lab.message(message)).status is MessageStatus.SENT
