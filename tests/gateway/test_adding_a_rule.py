"""Where do I add a rule that messages must keep to before they are accepted?

1. Write it: a file in `modemgw/gateway/admission/` with a class that derives from `Rule`
   (`admission/rule.py`). Override only what your rule has to say; `LeftAloneRule` and `PurseRule`
   below are two that say nearly all there is to say.
2. Give it its place: a line in `RULES` (`admission/rules.py`), behind the rules whose findings it
   needs, such as the number, and before those that need what it finds.

That is all. A single message, every message of a batch, one content to many recipients, an
automatic reply and a preview go through the same list; whatever is wrong is told at once, and what
a rule has reserved it is given back when the message is not accepted after all.

Here the two rules live in the test, and `RULES` gets them for as long as a test runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from labs.outbox import FakeModem

from modemgw.config import Config, ModemSection, parse
from modemgw.gateway import FieldProblem, Gateway, Idempotency, Rejected, TooMany, Unavailable
from modemgw.gateway.admission import admission
from modemgw.gateway.admission.limits import LimitsRule
from modemgw.gateway.admission.rule import (
    Addressee,
    Check,
    Draft,
    Reservation,
    Rule,
    Surroundings,
)
from modemgw.gateway.admission.rules import RULES
from modemgw.gateway.outgoing.job import Job
from modemgw.modem import SimIdentity
from modemgw.store import StoreUnavailable
from modemgw.store.records import ErrorInfo, MessageStatus, NewMailing, NewMessage

ANNE, BOB, CLEO = "+447700900001", "+447700900002", "+447700900003"


class LeftAloneRule(Rule):
    """Who wants to be left alone gets no advertisements."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self.numbers: set[str] = set()
        self.contents = 0
        """How many contents it has looked at."""

    async def load(self) -> None:
        # A real one would ask `self.surroundings.store`.
        self.numbers.add(BOB)

    # What many recipients share is looked at once, be they ten thousand.
    def common(self, draft: Draft) -> None:
        self.contents += 1
        if draft.new.type == "promotional" and "STOP" not in (draft.new.text or ""):
            raise Rejected([FieldProblem("text", "must say how to STOP it", "no-way-out")])

    # And each of them: the number was read by the rule before this one.
    def each(self, draft: Draft) -> Check | None:
        if draft.new.type != "promotional":
            return None

        def look(one: Addressee) -> None:
            if one.to in self.numbers:
                raise Rejected([FieldProblem("to", "wants to be left alone", "left-alone")])

        return look

    # A message may have waited for a while. Leave this out if your rule is not asked again.
    def at_sending(self, job: Job) -> None:
        if job.type == "promotional" and job.to in self.numbers:
            raise Rejected([FieldProblem("to", "wants to be left alone by now", "left-alone")])


class PurseRule(Rule):
    """No more messages than there are coins."""

    def configure(self, config: Config) -> None:
        self.coins = 3

    def reservation(self, draft: Draft) -> Reservation | None:
        return self

    def take(self, to: str) -> None:
        if self.coins == 0:
            raise TooMany("the purse is empty until tomorrow", 3600.0)
        self.coins -= 1

    def give_back(self, to: str) -> None:
        self.coins += 1


PLACE = RULES.index(LimitsRule)
"""Behind the rule that reads the number."""


@contextlib.asynccontextmanager
async def gateway_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Gateway, LeftAloneRule, PurseRule]]:
    """A gateway with these rules, and the rules."""
    order = (*RULES[:PLACE], LeftAloneRule, PurseRule, *RULES[PLACE:])
    monkeypatch.setattr(admission, "RULES", order)
    config = parse(
        {
            "gateway": {"data_dir": str(tmp_path)},
            "recipient_limits": {"per_day": 2},
            "route": [{"id": "uk", "match": {"to_prefix": ["+44"]}}],
        }
    )
    async with Gateway.open(config) as gateway:
        left_alone, purse = gateway.sending._rules.all[PLACE : PLACE + 2]
        assert isinstance(left_alone, LeftAloneRule)
        assert isinstance(purse, PurseRule)
        yield gateway, left_alone, purse


def advert(to: str, text: str = "Sale! STOP to 12345") -> NewMessage:
    return NewMessage(to=to, text=text, type="promotional")


def codes(refusal: Exception) -> list[tuple[str, str]]:
    assert isinstance(refusal, Rejected)
    return [(problem.field, problem.code) for problem in refusal.problems]


async def test_every_way_in_asks_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with gateway_on(tmp_path, monkeypatch) as (gateway, left_alone, _):
        with pytest.raises(Rejected, match="left alone"):
            await gateway.sending.send(advert(BOB), key="shop")
        with pytest.raises(Rejected, match="left alone"):
            gateway.sending.preview(advert(BOB), key="shop")
        each = await gateway.sending.send_batch([advert(ANNE), advert(BOB)], key="shop")
        shared = await gateway.sending.send_batch(NewMailing(advert(""), [ANNE, BOB]), key="shop")
        for batch in (each, shared):
            ((index, refusal),) = batch.rejected
            assert (batch.accepted, index, codes(refusal)) == (1, 1, [("to", "left-alone")])
        left_alone.numbers.add(CLEO)
        with pytest.raises(Rejected, match="left alone"):
            await gateway.sending.reply(advert(CLEO), lambda tx: None)
        assert (
            await gateway.sending.send(NewMessage(to=BOB, text="Your code"), key="shop")
        ).message


async def test_what_many_share_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_on(tmp_path, monkeypatch) as (gateway, left_alone, _):
        everybody = [f"+4477{n:08d}" for n in range(10_000)]
        await gateway.sending.send_batch(NewMailing(advert(""), everybody), key="shop")
        assert left_alone.contents == 1


async def test_whatever_is_wrong_is_told_at_once_be_it_this_rule_or_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_on(tmp_path, monkeypatch) as (gateway, _, purse):
        wrong = NewMessage(to=BOB, text="Sale!", type="promotional", modem="m9")
        with pytest.raises(Rejected) as refused:
            await gateway.sending.send(wrong, key="shop")
        assert codes(refused.value) == [
            ("to", "left-alone"),
            ("text", "no-way-out"),
            ("modem", "unknown"),
        ]
        assert purse.coins == 3, "nothing is taken for what is refused"


async def test_what_was_reserved_is_given_back_when_it_is_not_accepted_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_on(tmp_path, monkeypatch) as (gateway, _, purse):
        once = Idempotency("order-1", "the request", lambda message: b"the answer")
        hello = NewMessage(to=ANNE, text="hello")
        await gateway.sending.send(hello, key="shop", idempotency=once)
        assert purse.coins == 2

        # The same request gets the first answer again, and costs nothing.
        again = await gateway.sending.send(hello, key="shop", idempotency=once)
        assert (again.replay, purse.coins) == (b"the answer", 2)

        # A rule behind it refuses: its limits allow each recipient two messages a day.
        batch = await gateway.sending.send_batch([hello, hello, hello], key="shop")
        assert (batch.accepted, len(batch.rejected), purse.coins) == (1, 2, 1)

        # The disk is full.
        async def full(*args: object, **more: object) -> None:
            raise StoreUnavailable("the disk is full")

        with monkeypatch.context() as while_full:
            while_full.setattr(gateway._outbox, "accept", full)
            with pytest.raises(Unavailable):
                await gateway.sending.send_batch(NewMailing(hello, [BOB]), key="shop")
        assert purse.coins == 1

        # And now it is taken; then there are no more coins.
        await gateway.sending.send(NewMessage(to=BOB, text="hello"), key="shop")
        with pytest.raises(TooMany, match="the purse is empty") as refused:
            await gateway.sending.send(NewMessage(to=CLEO, text="hello"), key="shop")
        assert refused.value.retry_after_s == 3600.0


async def test_a_rule_that_is_asked_again_at_sending_ends_the_message_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_on(tmp_path, monkeypatch) as (gateway, left_alone, _):
        refused = (await gateway.sending.send(advert(CLEO), key="shop")).message
        taken = (
            await gateway.sending.send(NewMessage(to=CLEO, text="Your code"), key="shop")
        ).message
        assert refused is not None
        assert taken is not None
        left_alone.numbers.add(CLEO)  # while both wait for a modem
        sim = SimIdentity("8999901000000000001", None, None)
        modem = FakeModem("m1", sim)
        modem.up.set()
        section = ModemSection(id="m1", device="/dev/none", routes=("uk",))
        lane = gateway._outbox.lanes.add(modem, section)
        work = asyncio.create_task(lane.run())
        await gateway._outbox.lanes.set_ready("m1", sim)
        await ended(gateway, taken.id, MessageStatus.SENT)
        ending = await ended(gateway, refused.id, MessageStatus.FAILED)
        assert ending == ErrorInfo("left-alone", "to: wants to be left alone by now", True)
        assert [str(one.user_data.text) for one in modem.sent] == ["Your code"]
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def ended(gateway: Gateway, id: str, status: MessageStatus) -> ErrorInfo | None:
    """The error of a message, once it has this status."""
    async with asyncio.timeout(10):
        async for event in gateway.events.follow(0):
            if event.data.get("id") == id and event.data.get("status") == status.value:
                break
    return (await gateway.messages.get(id)).error
