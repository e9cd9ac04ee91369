"""Codes that prove a number: what they may become, with the clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from labs.clock import FakeClock

from modemgw.config import parse
from modemgw.gateway import (
    Gateway,
    Idempotency,
    IdempotencyConflict,
    MessageQuery,
    NewVerification,
    NotFound,
    Over,
    PrefixStopped,
    Rejected,
    TooManyCodes,
    TooManyTries,
    VerificationQuery,
    VerificationView,
)
from modemgw.gateway.outgoing.content import Content
from modemgw.gateway.outgoing.job import PartState
from modemgw.gateway.verifications.codes import Codes
from modemgw.store import AttemptKey, Parameter, TemplateContent, Transaction, Variant
from modemgw.store.records import (
    AttemptState,
    Event,
    Key,
    Message,
    MessageStatus,
    NewMessage,
)

SHOP, OTHER = Key("shop", frozenset({"send"})), Key("other", frozenset({"send"}))
READER, ADMIN = Key("reader", frozenset({"read"})), Key("boss", frozenset({"admin"}))
TO = "+447900000001"


class StillClock(FakeClock):
    """Nothing that the gateway does now and then makes time pass."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@asynccontextmanager
async def gateway_on(
    tmp_path: Path, clock: FakeClock, *, more: dict[str, Any] | None = None, **verifications: object
) -> AsyncIterator[Gateway]:
    whole = {
        "gateway": {"data_dir": str(tmp_path)},
        "verifications": verifications,
        **(more or {}),
    }
    async with Gateway.open(parse(whole), clock=clock) as gateway:
        yield gateway


async def start(
    gateway: Gateway, to: str = TO, *, key: Key = SHOP, **about: object
) -> VerificationView:
    view = await gateway.verifications.start(
        NewVerification(to, **about),  # type: ignore[arg-type]
        key=key,
    )
    assert isinstance(view, VerificationView)
    return view


async def check(gateway: Gateway, id: str, code: str, *, key: Key = SHOP) -> VerificationView:
    view = await gateway.verifications.check(id, code, key=key)
    assert isinstance(view, VerificationView)
    return view


async def messages(gateway: Gateway) -> list[Message]:
    """Those that were accepted, the newest first."""
    return list((await gateway.messages.find(MessageQuery(limit=1000))).items)


def sent(gateway: Gateway, message: Message) -> str:
    """What goes out of a message."""
    job = SimpleNamespace(id=message.id, content=Content(text=message.text))
    gateway.verifications.at_sending(cast(Any, job))
    assert job.content.text is not None
    return job.content.text


async def last_code(gateway: Gateway) -> str:
    """What a person reads in the newest message."""
    (message, *_) = await messages(gateway)
    assert message.text is not None
    at = message.text.index("*")
    return sent(gateway, message)[at : at + message.text.count("*")]


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def events(gateway: Gateway, family: str = "verification.") -> list[Event]:
    found = []
    async for group in gateway.events.groups(0):
        found += [event for event in group if event.type.startswith(family)]
        if group[-1].id == gateway.events.newest:
            break
    return found


async def types(gateway: Gateway) -> list[str]:
    return [event.type.partition(".")[2] for event in await events(gateway)]


# --- what a code is good for


async def test_the_right_code_is_right_once(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway, reference="login-1")
        assert (view.to, view.status, view.attempts_left, view.sends_left) == (TO, "pending", 5, 4)
        assert view.expires_at == clock.time() + 600
        code = await last_code(gateway)
        assert len(code) == 6
        assert (await check(gateway, view.id, wrong(code))).status == "pending"
        checked = await check(gateway, view.id, code)
        assert (checked.status, checked.attempts_left) == ("approved", 3)
        for again in (code, wrong(code)):
            with pytest.raises(Over, match="approved"):
                await check(gateway, view.id, again)
        told = await events(gateway)
        assert [event.type for event in told] == ["verification.started", "verification.approved"]
        assert told[1].data == {
            "id": view.id,
            "status": "approved",
            "reference": "login-1",
            "attempts_left": 3,
        }


@pytest.mark.parametrize("length", [4, 10])
async def test_a_code_has_the_digits_that_were_asked_for(
    tmp_path: Path, clock: FakeClock, length: int
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway, length=length)
        code = await last_code(gateway)
        assert (view.length, len(code), code.isdecimal()) == (length, length, True)
        assert (await check(gateway, view.id, code[:-1])).status == "pending"
        assert (await check(gateway, view.id, code)).status == "approved"


async def test_too_many_wrong_codes_lock_the_number_until_it_expires(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock, max_attempts=3) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        seen = [await check(gateway, view.id, wrong(code)) for _ in range(3)]
        assert [(v.status, v.attempts_left) for v in seen] == [
            ("pending", 2),
            ("pending", 1),
            ("locked", 0),
        ]
        assert (await check(gateway, view.id, code)).status == "locked", "though it is right"
        clock.now += 60
        with pytest.raises(TooManyTries) as refused:
            await start(gateway)
        assert refused.value.retry_after_s == 540
        assert (await start(gateway, key=OTHER)).status == "pending", "what another key asks for"
        clock.now += 540
        assert (await start(gateway)).attempts_left == 3
        assert await types(gateway) == ["started", "locked", "started", "started"]


async def test_it_expires_at_its_time_and_that_is_told_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway, ttl_s=90)
        code = await last_code(gateway)
        late = await start(gateway, "+447900000002", ttl_s=120)
        assert await gateway.verifications.expire() == 30.0, "it looks again before long"
        clock.now += 89.5
        assert (await gateway.verifications.get(view.id, key=SHOP)).status == "pending"
        assert await gateway.verifications.expire() == 1.0
        clock.now += 0.5
        assert (await gateway.verifications.get(view.id, key=SHOP)).status == "expired"
        await gateway.verifications.expire()
        assert (await check(gateway, view.id, code)).status == "expired"
        clock.now += 40
        assert (await check(gateway, late.id, "123456")).status == "expired", "before it is noticed"
        await gateway.verifications.expire()
        assert await types(gateway) == ["started", "started", "expired", "expired"]


async def test_what_is_called_off_is_not_sent_any_more(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        assert (await gateway.verifications.cancel(view.id, key=SHOP)).status == "canceled"
        (message,) = await messages(gateway)
        with pytest.raises(Rejected) as refused:
            sent(gateway, message)
        assert refused.value.problems[0].code == "verification-over"
        for verb in (
            check(gateway, view.id, code),
            gateway.verifications.cancel(view.id, key=SHOP),
            gateway.verifications.resend(view.id, key=SHOP),
        ):
            with pytest.raises(Over, match="canceled"):
                await verb
        assert (await start(gateway)).id != view.id


async def test_a_code_is_checked_by_its_number_too(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        with pytest.raises(NotFound):
            await gateway.verifications.check_number(TO, code, key=OTHER)
        checked = await gateway.verifications.check_number("07900 000001", code, key=SHOP)
        assert isinstance(checked, VerificationView)
        assert (checked.id, checked.status) == (view.id, "approved")
        with pytest.raises(Over):
            await gateway.verifications.check_number(TO, code, key=SHOP)


# --- one is pending at a time


async def test_a_pending_one_goes_on_with_its_code_and_its_tries(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock, max_sends=3) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        await check(gateway, view.id, wrong(code))
        again = await start(gateway)
        assert (again.id, again.attempts_left) == (view.id, 4)
        assert len(await messages(gateway)) == 1, "it was sent a moment ago"
        with pytest.raises(TooManyCodes) as refused:
            await gateway.verifications.resend(view.id, key=SHOP)
        assert refused.value.retry_after_s == 30
        clock.now += 30
        again = await start(gateway, language="de")
        assert (again.id, again.attempts_left, again.sends_left) == (view.id, 4, 1)
        assert again.expires_at == view.expires_at, "asking again makes it last no longer"
        (second, first) = await messages(gateway)
        assert sent(gateway, second).startswith(f"Ihr Bestätigungscode ist {code}.")
        assert sent(gateway, first).startswith(f"Your verification code is {code}.")
        clock.now += 30
        await gateway.verifications.resend(view.id, key=SHOP)
        assert len(await messages(gateway)) == 3
        clock.now += 30
        for verb in (start(gateway), gateway.verifications.resend(view.id, key=SHOP)):
            with pytest.raises(TooManyCodes, match="3 times") as refused:
                await verb
            assert refused.value.retry_after_s == 510
        assert (await check(gateway, view.id, code)).status == "approved"
        assert (await start(gateway)).id != view.id
        assert await types(gateway) == ["started", "approved", "started"]


async def test_many_at_once_get_one_verification_and_one_message(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        views = await asyncio.gather(*(start(gateway) for _ in range(50)))
        assert len({view.id for view in views}) == 1
        assert len(await messages(gateway)) == 1
        assert await types(gateway) == ["started"]


async def test_many_tries_at_once_are_never_one_too_many(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    compare = Codes.matches

    def counted(codes: Codes, salt: bytes, length: int, given: str) -> bool:
        compared.append(given)
        return compare(codes, salt, length, given)

    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        monkeypatch.setattr(Codes, "matches", counted)
        given = [f"{(int(code) + n) % 10**6:06d}" for n in range(1, 50)]
        seen = await asyncio.gather(*(check(gateway, view.id, one) for one in given))
        assert sorted(v.attempts_left for v in seen if v.status == "pending") == [1, 2, 3, 4]
        assert len(set(compared)) == 5
        assert (await check(gateway, view.id, code)).status == "locked"


# --- who may know of it


async def test_another_keys_verification_looks_like_none(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        said = []
        for id in (view.id, "ver_none"):
            for verb in (
                gateway.verifications.get(id, key=OTHER),
                gateway.verifications.resend(id, key=OTHER),
                gateway.verifications.cancel(id, key=OTHER),
                gateway.verifications.check(id, code, key=OTHER),
                gateway.verifications.check(id, code, key=READER),
            ):
                with pytest.raises(NotFound) as refused:
                    await verb
                said.append(str(refused.value).replace(id, "ID"))
        assert set(said) == {"there is no verification 'ID'"}
        assert (await gateway.verifications.get(view.id, key=READER)).attempts_left == 5
        assert (await check(gateway, view.id, code, key=ADMIN)).status == "approved"


async def test_none_and_anothers_ask_the_store_for_the_same(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        asked: dict[str, list[str]] = {}

        def trace(log: list[str] | None) -> Any:
            def work(tx: Any) -> None:
                tx.connection.set_trace_callback(None if log is None else log.append)

            return work

        for id in (view.id, "ver_" + "0" * 32):
            log: list[str] = []
            await gateway._store.write(trace(log))
            with pytest.raises(NotFound):
                await check(gateway, id, "123456", key=OTHER)
            await gateway._store.write(trace(None))
            asked[id] = [line.replace(id, "ID") for line in log]
        first, second = asked.values()
        assert first == second
        assert any("verifications" in line for line in first)


# --- the code is nowhere


async def test_the_code_is_in_no_row_answer_or_event(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock, domain="shop.example") as gateway:
        view = await start(gateway, length=10)
        (message,) = await messages(gateway)
        text = sent(gateway, message)
        code = text.rpartition("#")[2]
        assert text == (
            f"Your verification code is {code}. It is valid for 10 min. Do not share it.\n"
            f"@shop.example #{code}"
        )
        assert message.text == text.replace(code, "*" * 10)
        assert (message.type, message.tags, message.key) == ("otp", ("verification",), "shop")
        await check(gateway, view.id, wrong(code))
        shown = repr([view, await messages(gateway), await events(gateway, "")])
        assert code not in shown
        files = [file.read_bytes() for file in tmp_path.glob("modemgw.db*")]
        assert files
        assert all(code.encode() not in file for file in files)


async def test_another_pepper_makes_other_codes(tmp_path: Path, clock: FakeClock) -> None:
    """What a copy of the database alone says of a code: nothing."""
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
    pepper = tmp_path / "verifications-pepper"
    assert (pepper.stat().st_mode & 0o777, len(pepper.read_bytes())) == (0o600, 32)
    pepper.write_bytes(bytes(32))
    async with gateway_on(tmp_path, clock) as gateway:
        assert (await check(gateway, view.id, code)).status == "pending"


async def test_a_restart_changes_nothing(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway, domain="shop.example")
        canceled = await start(gateway, "+447900000002")
        await gateway.verifications.cancel(canceled.id, key=SHOP)
        (_, message) = await messages(gateway)
        text = sent(gateway, message)
        code = text.rpartition("#")[2]
        await check(gateway, view.id, wrong(code))
    async with gateway_on(tmp_path, clock) as gateway:
        (other, message) = await messages(gateway)
        assert sent(gateway, message) == text
        with pytest.raises(Rejected):
            sent(gateway, other)
        again = await start(gateway)
        assert (again.id, again.attempts_left) == (view.id, 4)
        assert (await check(gateway, view.id, code)).status == "approved"


async def test_no_code_is_forgotten_that_is_to_be_sent(tmp_path: Path, clock: FakeClock) -> None:
    """Whatever a clock says."""
    async with gateway_on(tmp_path, clock) as gateway:
        await start(gateway)
        (message,) = await messages(gateway)
        text = sent(gateway, message)
        gateway.verifications.forget_idle(clock.time() + 10 * 86400)
        assert sent(gateway, message) == text
        await gateway.messages.cancel(message.id)
        gateway.verifications.forget_idle(clock.time() + 600)
        assert sent(gateway, message) == text, "not yet"
        gateway.verifications.forget_idle(clock.time() + 10 * 86400)
        assert sent(gateway, message) == message.text


async def test_a_clock_that_is_set_ends_nothing(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        code = await last_code(gateway)
        for by in (86400.0, -2 * 86400.0):
            clock.set(by)
            assert (await check(gateway, view.id, wrong(code))).status == "pending"
            with pytest.raises(TooManyCodes):
                await gateway.verifications.resend(view.id, key=SHOP)
        clock.now += 30
        await gateway.verifications.resend(view.id, key=SHOP)
        assert (await check(gateway, view.id, code)).status == "approved"


async def test_the_rest_of_a_long_message_has_its_code_after_a_restart(
    tmp_path: Path, clock: FakeClock
) -> None:
    """No rule is asked again about a message of which the network has a part."""
    domain = f"{'long-' * 12}name.example"
    async with gateway_on(tmp_path, clock, domain=domain) as gateway:
        await start(gateway, language="ru")
        (message,) = await messages(gateway)
        text = sent(gateway, message)
        assert len(message.parts) == 2

        def send_first(tx: Transaction) -> None:
            n = tx.messages.number_of(message.id)
            assert n is not None
            key = AttemptKey(n, 1, 1)
            tx.messages.compare_and_set(n, MessageStatus.QUEUED, MessageStatus.SENDING, None)
            tx.attempts.begin(
                key,
                modem="m1",
                sim="s1",
                to=TO,
                started_at=clock.time(),
                duplicate_risk=False,
                receipt_asked=True,
            )
            tx.attempts.finish(key, AttemptState.ACCEPTED, reference=1, ended_at=clock.time())

        await gateway._store.write(send_first)
    async with gateway_on(tmp_path, clock) as gateway:
        (job,) = gateway._outbox.queue.matchmaking.jobs()
        assert job.part(0).state is PartState.ACCEPTED
        assert job.content.text == text


async def test_no_message_of_others_is_touched(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        job = SimpleNamespace(id="msg_1", content=Content(text="****** is not a code"))
        gateway.verifications.at_sending(cast(Any, job))
        assert job.content.text == "****** is not a code"


# --- limits


async def test_limits_by_number_key_prefix_and_client(tmp_path: Path, clock: FakeClock) -> None:
    sends = {"number": 2, "key": 7, "prefix": 4, "client": 3}
    async with gateway_on(tmp_path, clock, sends=sends) as gateway:
        view = await start(gateway, client_ip="192.0.2.7")
        clock.now += 30
        await gateway.verifications.resend(view.id, key=SHOP)
        clock.now += 30
        with pytest.raises(TooManyCodes, match="this number has had 2") as refused:
            await gateway.verifications.resend(view.id, key=SHOP)
        assert refused.value.retry_after_s == 3540
        with pytest.raises(TooManyCodes, match="this number"):
            await start(gateway, key=OTHER)
        await start(gateway, "+447900000002")
        await start(gateway, "+447900000003")
        with pytest.raises(TooManyCodes, match="begin like this one"):
            await start(gateway, "+447900000004")
        await start(gateway, "+447900100001", client_ip="::ffff:192.0.2.7")
        with pytest.raises(TooManyCodes, match="this client"):
            await start(gateway, "+447900100002", client_ip="192.0.2.7")
        await start(gateway, "+447900100003", client_ip="192.0.2.8")
        await start(gateway, "+447900100004", client_ip="2001:db8::1")
        with pytest.raises(TooManyCodes, match="this API key"):
            await start(gateway, "+447900100005")
        await start(gateway, "+447900100005", key=OTHER)
        assert len(await messages(gateway)) == 8
        clock.now += 3540
        await start(gateway)


async def test_wrong_codes_are_limited_over_verifications(tmp_path: Path, clock: FakeClock) -> None:
    """Who begins anew again and again gets no more tries by it."""
    async with gateway_on(
        tmp_path, clock, attempts={"number": 7}, ttl=30, sends={"number": 0}
    ) as gateway:
        tried = 0
        for _ in range(9):
            view = await start(gateway)
            code = await last_code(gateway)
            for _ in range(4):
                try:
                    await check(gateway, view.id, wrong(code))
                    tried += 1
                except TooManyTries:
                    break
            clock.now += 31
        assert tried == 7
        with pytest.raises(TooManyTries):
            await check(gateway, (await start(gateway)).id, "123456")
        clock.now += 3600
        view = await start(gateway)
        assert (await check(gateway, view.id, await last_code(gateway))).status == "approved"


async def test_a_limit_holds_exactly_however_many_ask_at_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock, sends={"key": 17}, guard={"unapproved": 0}) as gateway:
        done = await asyncio.gather(
            *(start(gateway, f"+4479000000{n:02}") for n in range(50)), return_exceptions=True
        )
        assert sum(isinstance(one, VerificationView) for one in done) == 17
        assert sum(isinstance(one, TooManyCodes) for one in done) == 33
        assert len(await messages(gateway)) == 17


async def test_limits_count_over_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    for n in range(4):
        async with gateway_on(tmp_path, clock, sends={"prefix": 3}) as gateway:
            if n == 3:
                with pytest.raises(TooManyCodes):
                    await start(gateway, f"+44790000000{n}")
            else:
                await start(gateway, f"+44790000000{n}")


# --- pumping


async def test_a_prefix_is_stopped_when_nobody_types_the_codes(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock, sends={"prefix": 0}) as gateway:
        out, waits = 0, []
        for n in range(1000):
            clock.now += 0.5
            try:
                await start(gateway, f"+44790000{n:04}")
                out += 1
            except PrefixStopped as stopped:
                waits.append(stopped.retry_after_s)
        assert out == 20
        assert len(await messages(gateway)) == 20
        assert waits == [3600 - 0.5 * n for n in range(1, 981)]
        told = [e for e in await events(gateway) if e.type == "verification.prefix_stopped"]
        assert [event.data["prefix"] for event in told] == ["+44790000"]
        assert (told[0].data["sent"], told[0].data["approved"]) == (20, 0)
        await start(gateway, "+447900010000"), "its neighbour goes on"
        (stop,) = await gateway.verifications.stopped()
        assert (stop.prefix, stop.until - stop.since) == ("+44790000", 3600)
        clock.now += 3600
        assert await gateway.verifications.stopped() == []
        await start(gateway, "+447900000500")


async def test_a_prefix_whose_codes_are_typed_goes_on(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock, sends={"prefix": 0}) as gateway:
        for n in range(100):
            view = await start(gateway, f"+44790000{n:04}")
            if n % 4 == 0:
                await check(gateway, view.id, await last_code(gateway))
        assert await gateway.verifications.stopped() == []


async def test_an_admin_lifts_a_stop(tmp_path: Path, clock: FakeClock) -> None:
    guard = {"unapproved": 3, "last_digits": 2}
    async with gateway_on(tmp_path, clock, guard=guard) as gateway:
        for n in range(3):
            await start(gateway, f"+44790000000{n}")
        with pytest.raises(PrefixStopped):
            await start(gateway, "+447900000009")
        with pytest.raises(NotFound):
            await gateway.verifications.lift("+4479")
        await gateway.verifications.lift("+4479000000")
        await start(gateway, "+447900000009")


# --- where codes go


@pytest.mark.parametrize(
    ("to", "settings", "code"),
    [
        ("80100", {}, "short-code"),
        ("nobody", {}, "invalid-number"),
        ("+449011234567", {}, "kind-refused"),  # premium rate
        ("+442071234567", {}, "kind-refused"),  # a landline
        (TO, {"refused_kinds": ["mobile"]}, "kind-refused"),
        ("+447700900123", {"refused_kinds": ["unknown"]}, "kind-refused"),
        ("+12025550123", {"allowed_countries": ["GB"]}, "country-refused"),
        (TO, {"blocked_countries": ["GB"]}, "country-refused"),
        ("+99900000001", {"allowed_countries": ["GB"]}, "country-refused"),
        ("+12025550123", {}, None),
        (TO, {"allowed_countries": ["GB"]}, None),
        ("+447700900123", {"allowed_countries": ["GB"]}, None),
        ("+99900000001", {"blocked_countries": ["GB"]}, None),
    ],
)
async def test_where_codes_go(
    tmp_path: Path, clock: FakeClock, to: str, settings: dict[str, Any], code: str | None
) -> None:
    async with gateway_on(tmp_path, clock, **settings) as gateway:
        if code is None:
            assert (await start(gateway, to)).status == "pending"
            return
        with pytest.raises(Rejected) as refused:
            await start(gateway, to)
        assert [(p.field, p.code) for p in refused.value.problems] == [("to", code)]
        assert await messages(gateway) == []


async def test_what_no_rule_takes_begins_nothing(tmp_path: Path, clock: FakeClock) -> None:
    more = {"route": [{"id": "default", "match": {"type": ["promotional"]}}]}
    async with gateway_on(tmp_path, clock, more=more) as gateway:
        with pytest.raises(Rejected, match="no route"):
            await start(gateway)
        assert (await gateway.verifications.find(VerificationQuery())).items == ()


@pytest.mark.parametrize("about", [{"client_ip": "nowhere"}, {"template": "none"}])
async def test_what_is_wrong_is_named(
    tmp_path: Path, clock: FakeClock, about: dict[str, Any]
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        with pytest.raises(Rejected) as refused:
            await start(gateway, **about)
        assert [p.field for p in refused.value.problems] == list(about)


async def put_template(gateway: Gateway, name: str, *variants: Variant, **types: str) -> None:
    parameters = {name: Parameter(type) for name, type in types.items()}
    content = TemplateContent(variants, parameters)
    await gateway.templates.create(name, content, key="boss")


async def test_a_template_makes_the_text(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock, template="login", brand="Shop") as gateway:
        text = "{{ brand }}: {{ code }} ({{ minutes }})"
        german = "{{ code }} ist der Code."
        await put_template(
            gateway,
            "login",
            Variant("en", None, text),
            Variant("de", None, german),
            code="code",
            brand="string",
            minutes="integer",
        )
        await start(gateway)
        (message,) = await messages(gateway)
        code = await last_code(gateway)
        assert sent(gateway, message) == f"Shop: {code} (10)"
        assert message.text == "Shop: ****** (10)"
        await start(gateway, "+447900000002", language="de-AT")
        assert sent(gateway, (await messages(gateway))[0]).endswith(" ist der Code.")
        await put_template(gateway, "plain", Variant("en", None, "Code {{ code }}"), code="code")
        await start(gateway, "+447900000003", template="plain")
        assert sent(gateway, (await messages(gateway))[0]).startswith("Code ")


@pytest.mark.parametrize(
    ("text", "types", "code"),
    [
        ("Hello {{ minutes }}", {"minutes": "integer"}, "no-code"),
        ("{{ shop }}: {{ code }}", {"shop": "string", "code": "code"}, "unfit"),
        (None, {}, "unknown"),
    ],
)
async def test_what_is_wrong_with_a_template_is_told(
    tmp_path: Path, clock: FakeClock, text: str | None, types: dict[str, str], code: str
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        if text is not None:
            await put_template(gateway, "login", Variant("en", None, text), **types)
        with pytest.raises(Rejected) as refused:
            await start(gateway, template="login")
        assert [(p.field, p.code) for p in refused.value.problems] == [("template", code)]


async def test_a_key_for_templates_alone_may_verify(tmp_path: Path, clock: FakeClock) -> None:
    key = Key("door", frozenset({"send"}), templates_only=True, templates=("plain",))
    async with gateway_on(tmp_path, clock) as gateway:
        await gateway.sending.key_seen(key)
        for name in ("plain", "other"):
            await put_template(gateway, name, Variant("en", None, "{{ code }}"), code="code")
        assert (await start(gateway, key=key)).status == "pending"
        await start(gateway, "+447900000002", key=key, template="plain")
        with pytest.raises(Rejected) as refused:
            await start(gateway, "+447900000003", key=key, template="other")
        assert refused.value.problems[0].code == "template-not-allowed"
        with pytest.raises(Rejected):
            await gateway.sending.send(NewMessage("+447900000003", "hello"), key="door")


# --- requests that come twice


def idempotency(key: str, fingerprint: str = "f") -> Idempotency:
    return Idempotency(key, fingerprint, lambda view: f"{view.id} {view.status}".encode())


async def test_the_same_request_gets_the_first_answer(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock, sends={"number": 1}) as gateway:
        verifications, new = gateway.verifications, NewVerification(TO)
        view = await verifications.start(new, key=SHOP, idempotency=idempotency("a"))
        assert isinstance(view, VerificationView)
        clock.now += 60
        with pytest.raises(TooManyCodes):
            await verifications.start(new, key=SHOP, idempotency=idempotency("b"))
        again = await verifications.start(new, key=SHOP, idempotency=idempotency("a"))
        assert again == f"{view.id} pending".encode()
        with pytest.raises(IdempotencyConflict):
            await verifications.start(new, key=SHOP, idempotency=idempotency("a", "other"))
        code = await last_code(gateway)
        for _ in range(3):
            answer = await verifications.check(
                view.id, wrong(code), key=SHOP, idempotency=idempotency("c")
            )
        assert answer == f"{view.id} pending".encode()
        for _ in range(3):
            answer = await verifications.check(
                view.id, code, key=SHOP, idempotency=idempotency("d")
            )
        assert answer == f"{view.id} approved".encode()
        assert (await verifications.get(view.id, key=SHOP)).attempts_left == 3
        assert len(await messages(gateway)) == 1


async def test_what_was_just_sent_is_an_answer_that_stays(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        view = await start(gateway)
        new = NewVerification(TO)
        await gateway.verifications.start(new, key=SHOP, idempotency=idempotency("a"))
        clock.now += 60
        again = await gateway.verifications.start(new, key=SHOP, idempotency=idempotency("a"))
        assert again == f"{view.id} pending".encode()
        assert len(await messages(gateway)) == 1


# --- lists, and letting go


async def test_lists(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        ids = []
        for n in range(5):
            clock.now += 1
            key = (SHOP, OTHER)[n % 2]
            view = await start(gateway, f"+44790000000{n}", key=key, reference=f"r{n % 3}")
            ids.append(view.id)
        await gateway.verifications.cancel(ids[0], key=SHOP)

        async def listed(**asked: Any) -> list[int]:
            page = await gateway.verifications.find(VerificationQuery(**asked))
            return [ids.index(view.id) for view in page.items]

        assert await listed() == [4, 3, 2, 1, 0]
        assert await listed(key="other") == [3, 1]
        assert await listed(status="canceled") == [0]
        assert await listed(number="+447900000002") == [2]
        assert await listed(reference="r1") == [4, 1]
        assert await listed(since=clock.time() - 1) == [4, 3]
        page = await gateway.verifications.find(VerificationQuery(limit=3))
        assert page.next_cursor is not None
        assert await listed(cursor=page.next_cursor) == [1, 0]
        with pytest.raises(Rejected):
            await gateway.verifications.find(VerificationQuery(cursor="nonsense"))


async def test_ended_ones_are_let_go_of_after_their_time(tmp_path: Path, clock: FakeClock) -> None:
    more = {"retention": {"verifications_days": 2}}
    async with gateway_on(tmp_path, clock, more=more) as gateway:
        view = await start(gateway)
        await gateway.verifications.cancel(view.id, key=SHOP)
        clock.now += 86400
        young = await start(gateway)
        await gateway.verifications.cancel(young.id, key=SHOP)
        clock.now += 86401

        class NoSleep(FakeClock):
            """The housekeeping's pauses take no time."""

        housekeeping = gateway._housekeeping
        housekeeping._clock = NoSleep(clock.now)
        await housekeeping._let_all_go()
        page = await gateway.verifications.find(VerificationQuery())
        assert [one.id for one in page.items] == [young.id]
        uses = await gateway._store.write(lambda tx: tx.verifications.forget_uses(clock.time()))
        assert uses == 0, "what matters to no limit any more"


async def test_another_configuration_counts_at_once(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        await start(gateway)
        whole = {
            "gateway": {"data_dir": str(tmp_path)},
            "verifications": {"blocked_countries": ["GB"]},
        }
        told = await gateway.reconfigure(parse(whole))
        assert any("verifications.blocked_countries" in line for line in told)
        with pytest.raises(Rejected):
            await start(gateway)
