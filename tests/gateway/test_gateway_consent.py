"""Who has opted out is not sent it: the register, the rule, and what is decided meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import FakeClock
from labs.outbox import checked

from modemgw.clock import SteadyClock
from modemgw.config import Config, parse
from modemgw.gateway import Gateway, NewConsent, Rejected
from modemgw.gateway.admission.consent import ConsentRule
from modemgw.gateway.admission.rule import Addressee, Draft, Request, Surroundings
from modemgw.gateway.consent import register as register_module
from modemgw.gateway.consent.importing import Row
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.outgoing.job import Job, job_of
from modemgw.store import Consent, ConsentState, Store
from modemgw.store.records import NewMailing, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore

IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
ANNA, BOB = "+447700900111", "+447700900222"
AD = NewMessage(to=ANNA, text="Buy now", type="promotional")


def config(tmp_path: Path, **more: Any) -> Config:
    gateway = {"data_dir": str(tmp_path), "drain_timeout": 1, "allow_no_modems": True}
    return parse({"gateway": gateway, **more})


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with Gateway.open(config(tmp_path)) as opened:
        yield opened


async def decide(gateway: Gateway, number: str, state: ConsentState, scope: str = "") -> Consent:
    return await gateway.consents.record(NewConsent(number, state, "test", scope))


async def refused(gateway: Gateway, **about: Any) -> str | None:
    """Why a message is not accepted; None: it is."""
    try:
        await gateway.sending.send(AD._replace(**about), key="test")
    except Rejected as refusal:
        return ",".join(problem.code for problem in refusal.problems)
    return None


async def test_an_opt_out_is_gone_by_as_soon_as_it_is_answered(gateway: Gateway) -> None:
    assert await refused(gateway) is None
    await decide(gateway, ANNA, OUT)
    assert await refused(gateway) == "opted-out"
    assert await refused(gateway, to=BOB) is None
    assert await refused(gateway, type="transactional") is None
    assert await refused(gateway, type="otp") is None
    await decide(gateway, ANNA, IN)
    assert await refused(gateway) is None


async def test_and_after_a_restart(tmp_path: Path) -> None:
    async with Gateway.open(config(tmp_path)) as gateway:
        await decide(gateway, ANNA, OUT)
        await decide(gateway, BOB, OUT)
        await gateway.consents.erase(BOB)
    async with Gateway.open(config(tmp_path)) as gateway:
        assert await refused(gateway) == "opted-out"
        assert await refused(gateway, to=BOB) == "opted-out"


async def test_a_type_may_respect_it_too_and_its_replies_do_not(tmp_path: Path) -> None:
    types = {"transactional": {"opt_out": "respect"}}
    async with Gateway.open(config(tmp_path, type=types)) as gateway:
        await decide(gateway, ANNA, OUT)
        assert await refused(gateway, type="transactional") == "opted-out"
        assert await refused(gateway, type="otp") is None
        await gateway.sending.reply(AD._replace(type="transactional"), lambda tx: None)
        with pytest.raises(Rejected):
            await gateway.sending.reply(AD, lambda tx: None)


async def test_where_consent_is_required_it_is_waited_for(tmp_path: Path) -> None:
    types = {"promotional": {"consent_required": True}}
    async with Gateway.open(config(tmp_path)) as gateway:
        await decide(gateway, ANNA, IN)
    async with Gateway.open(config(tmp_path, type=types)) as gateway:
        assert await refused(gateway) is None
        assert await refused(gateway, to=BOB) == "no-consent"
        await decide(gateway, BOB, IN, "news")
        assert await refused(gateway, to=BOB) == "no-consent"
        assert await refused(gateway, to=BOB, tags=("news",)) is None
        await decide(gateway, BOB, OUT)
        assert await refused(gateway, to=BOB, tags=("news",)) == "opted-out"


async def test_a_reload_that_requires_consent_learns_who_has_given_it(tmp_path: Path) -> None:
    async with Gateway.open(config(tmp_path)) as gateway:
        await decide(gateway, ANNA, IN)
        types = {"promotional": {"consent_required": True}}
        await gateway.reconfigure(config(tmp_path, type=types))
        assert await refused(gateway) is None
        assert await refused(gateway, to=BOB) == "no-consent"


async def test_of_a_batch_those_are_refused_who_have_opted_out(gateway: Gateway) -> None:
    numbers = [f"+4477009{i:05}" for i in range(1000)]
    rows = [Row(n, NewConsent(one, OUT, "test")) for n, one in enumerate(numbers[::10])]
    await gateway.consents.bring_in(rows)
    batch = await gateway.sending.send_batch(NewMailing(AD, numbers), key="test")
    assert batch.accepted == 900
    assert [index for index, _ in batch.rejected] == list(range(0, 1000, 10))


# --- the rule and the register by themselves


def consent(number: str, state: ConsentState = OUT, scope: str = "") -> Consent:
    return Consent(number, scope, state, "test", 0.0, 0.0)


def rule_with(register: ConsentRegister, **types: Any) -> ConsentRule:
    surroundings = Surroundings(cast(Store, None), SteadyClock(FakeClock()), register)
    rule = ConsentRule(surroundings)
    rule.configure(parse({"type": types}))
    return rule


async def loaded(tmp_path: Path, *consents: Consent, opted_in: bool = False) -> ConsentRegister:
    async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:
        await store.write(lambda tx: tx.consents.record(consents))
        register = ConsentRegister()
        await register.load(store, opted_in=opted_in)
    return register


def draft(**about: Any) -> Draft:
    return Draft(Request("test", 0.0), AD._replace(**about))


def job(to: str = ANNA, **about: Any) -> Job:
    message = checked(parse({}), AD._replace(to=to, **about))
    return job_of(1, message)


async def test_a_message_that_it_has_nothing_to_say_of_costs_nothing(tmp_path: Path) -> None:
    rule = rule_with(await loaded(tmp_path))
    assert rule.each(draft()) is None
    rule = rule_with(await loaded(tmp_path, consent(BOB)))
    assert rule.each(draft()) is not None
    assert rule.each(draft(type="transactional")) is None
    assert rule.each(draft(type="otp")) is None


async def test_an_opt_out_while_a_batch_is_looked_at_counts_for_the_rest_of_it(
    tmp_path: Path,
) -> None:
    register = await loaded(tmp_path, consent(BOB))
    check = rule_with(register).each(draft())
    assert check is not None
    one = Addressee(ANNA, ANNA)
    check(one)
    register.put([consent(ANNA)])
    with pytest.raises(Rejected):
        check(one)


async def test_whom_the_batch_had_passed_before_is_not_sent_it(tmp_path: Path) -> None:
    register = await loaded(tmp_path)
    rule = rule_with(register)
    assert rule.each(draft()) is None
    waiting = job()
    rule.at_sending(waiting)
    register.put([consent(ANNA)])
    with pytest.raises(Rejected) as refusal:
        rule.at_sending(waiting)
    assert refusal.value.problems[0].code == "opted-out"
    rule.at_sending(job(type="transactional"))
    register.put([consent(ANNA, IN)])
    rule.at_sending(waiting)


async def test_at_sending_scopes_count_too(tmp_path: Path) -> None:
    rule = rule_with(await loaded(tmp_path, consent(ANNA, scope="news")))
    rule.at_sending(job())
    with pytest.raises(Rejected):
        rule.at_sending(job(tags=("news",)))


async def test_the_register_reads_part_by_part_and_follows_what_comes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_module, "CHUNK", 3)
    numbers = [f"+4477009{i:05}" for i in range(20)]
    async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:
        await store.write(lambda tx: tx.consents.record(map(consent, numbers)))
        register = ConsentRegister()
        reading = asyncio.ensure_future(register.load(store, opted_in=True))
        await asyncio.sleep(0)
        register.put([consent(numbers[0], IN), consent(ANNA)])
        await reading
        (out,), (opted_in,) = register.opted_out(), register.opted_in()
        assert [n in out for n in numbers] == [False, *[True] * 19]
        assert ANNA in out
        assert numbers[0] in opted_in
