"""What may be done with API keys; what a rotated one does over restarts and whatever the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from labs.clock import FakeClock

from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.gateway.errors import Conflict, NotFound, Rejected, TooMany
from modemgw.gateway.keys import Issued, LastAdmin, NameInUse, NewKey
from modemgw.store import StoreUnavailable
from modemgw.store.records import Key, KeyLimits, NewMailing, NewMessage

ADMIN = Key("root", frozenset({"admin"}))
TO = "+4479460000{:02}"


class StillClock(FakeClock):
    """What the gateway does now and then does not make time pass: it waits for ever."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def clock() -> FakeClock:
    return StillClock()


@asynccontextmanager
async def gateway_on(tmp_path: Path, clock: FakeClock, **config: object) -> AsyncIterator[Gateway]:
    whole = parse({"gateway": {"data_dir": str(tmp_path)}, **config})
    async with Gateway.open(whole, clock=clock) as gateway:
        yield gateway


async def make(gateway: Gateway, name: str, *scopes: str, **about: object) -> Issued:
    return await gateway.keys.create(
        NewKey(name, scopes or ("send",), **about),  # type: ignore[arg-type]
        by=ADMIN,
    )


async def opens(gateway: Gateway, token: str) -> bool:
    return await gateway.access.authenticate(token) is not None


async def test_a_key_is_made_seen_and_told_once(tmp_path: Path, clock: FakeClock) -> None:
    limits = KeyLimits(per_minute=5)
    async with gateway_on(tmp_path, clock) as gateway:
        made = await make(gateway, "shop", "send", "read", limits=limits)
        assert made.token.startswith("mgw_")
        assert made.webhook_secret is not None
        assert made.webhook_secret.startswith("whsec_")
        assert made.row == await gateway.keys.one("shop")
        assert (made.row.scopes, made.row.limits) == (("send", "read"), limits)
        key = await gateway.access.authenticate(made.token)
        assert key is not None
        assert (key.name, key.scopes, key.limits) == ("shop", {"send", "read"}, limits)
        told = f"{await gateway.keys.all()} {key}"
        assert made.token not in told
        assert made.webhook_secret not in told
        assert repr(key.hash) not in told


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewKey("", ("send",)), "name"),
        (NewKey("a/b", ("send",)), "name"),
        (NewKey("x" * 65, ("send",)), "name"),
        (NewKey("handler", ("send",)), "name"),
        (NewKey("a", ()), "scopes"),
        (NewKey("a", ("send", "everything")), "scopes"),
        (NewKey("a", ("send",), expires_at=5.0), "expires_at"),
    ],
)
async def test_what_cannot_be_a_key_is_refused_by_the_field(
    tmp_path: Path, clock: FakeClock, new: NewKey, field: str
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        with pytest.raises(Rejected) as refused:
            await gateway.keys.create(new, by=ADMIN)
        assert [problem.field for problem in refused.value.problems] == [field]
        assert await gateway.keys.all() == []


async def test_nobody_gives_what_he_lacks(tmp_path: Path, clock: FakeClock) -> None:
    by = Key("half", frozenset({"send", "read"}))
    async with gateway_on(tmp_path, clock) as gateway:
        with pytest.raises(Rejected, match="'half' cannot give what it lacks: admin, inbound"):
            await gateway.keys.create(NewKey("a", ("read", "inbound", "admin")), by=by)
        await gateway.keys.create(NewKey("a", ("read",)), by=by)


async def test_a_name_is_used_once_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        first = await make(gateway, "shop")
        with pytest.raises(NameInUse, match="revoke it first"):
            await make(gateway, "shop")
        assert await opens(gateway, first.token)
        await gateway.keys.revoke("shop")
        second = await make(gateway, "shop")
        assert not await opens(gateway, first.token)
        assert await opens(gateway, second.token)


async def test_the_last_key_for_admins_stays(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        await make(gateway, "one", "admin")
        await make(gateway, "two", "admin", expires_at=clock.time() + 60)
        await make(gateway, "app", "send")
        await gateway.keys.revoke("app")
        clock.now += 60  # now `two` opens nothing any more
        with pytest.raises(LastAdmin, match="modemgw keys revoke"):
            await gateway.keys.revoke("one")
        assert (await gateway.keys.revoke("two")).revoked_at == clock.time()
        await make(gateway, "three", "admin")
        assert (await gateway.keys.revoke("one")).revoked_at == clock.time()


async def test_what_is_not_in_force_is_not_rotated(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        await make(gateway, "gone")
        await gateway.keys.revoke("gone")
        await make(gateway, "old", expires_at=clock.time() + 1)
        clock.now += 1
        for name, why in (("gone", "is revoked"), ("old", "is expired")):
            with pytest.raises(Conflict, match=why):
                await gateway.keys.rotate(name, 60.0)
        for refused in (
            gateway.keys.rotate("none", 0.0),
            gateway.keys.renew_webhook_secret("none"),
        ):
            with pytest.raises(NotFound):
                await refused
        with pytest.raises(Conflict):
            await gateway.keys.renew_webhook_secret("gone")


async def test_the_secret_of_callbacks_is_renewed(tmp_path: Path, clock: FakeClock) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        made = await make(gateway, "shop")
        renewed = await gateway.keys.renew_webhook_secret("shop")
        assert renewed != made.webhook_secret
        kept = await gateway._store.look_up(lambda view: view.keys.webhook_secret("shop"))
        assert kept == renewed
        rotated = await gateway.keys.rotate("shop", 0.0)
        assert rotated.webhook_secret is None
        kept = await gateway._store.look_up(lambda view: view.keys.webhook_secret("shop"))
        assert kept == renewed, "another token signs like the one before"


# --- rotation


async def test_a_rotated_key_goes_on_over_a_restart_until_its_grace_is_over(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        old = await make(gateway, "shop")
        new = await gateway.keys.rotate("shop", 3600.0)
        assert await opens(gateway, old.token)
        assert await opens(gateway, new.token)
        key = await gateway.access.authenticate(old.token)
        assert key is not None
        assert key.ends_at == clock.time() + 3600
    clock.now += 3599
    async with gateway_on(tmp_path, clock) as gateway:
        assert await opens(gateway, old.token)
        clock.now += 1
        assert not await opens(gateway, old.token)
        assert await opens(gateway, new.token)


async def test_without_a_grace_all_that_was_given_out_ends_at_once(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        tokens = [(await make(gateway, "shop")).token]
        for grace_s in (3600.0, 1800.0, 0.0):
            assert await opens(gateway, tokens[0])
            tokens.append((await gateway.keys.rotate("shop", grace_s)).token)
        assert [await opens(gateway, token) for token in tokens] == [False, False, False, True]


@pytest.mark.parametrize("by_s", [86_400.0, -86_400.0])
async def test_a_grace_stays_as_long_as_it_was_when_the_clock_is_set(
    tmp_path: Path, clock: FakeClock, by_s: float
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        old = await make(gateway, "shop")
        await gateway.keys.rotate("shop", 3600.0)
        clock.now += 10
        clock.set(by_s)
        await gateway.sending.send(NewMessage(to=TO.format(1), text="x"), key="test")  # it looks
        await gateway._store.write(lambda tx: None)
        clock.now += 3589
        assert await opens(gateway, old.token)
        clock.now += 1
        assert not await opens(gateway, old.token)


async def test_a_token_whose_grace_is_over_is_forgotten_and_no_clock_brings_it_back(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        old = await make(gateway, "shop")
        await gateway.keys.rotate("shop", 60.0)
        clock.now += 61
        await gateway._housekeeping.turn()
        clock.set(-30)
        assert not await opens(gateway, old.token)


# --- limits


async def send(gateway: Gateway, token: str, n: int = 1) -> None:
    key = await gateway.access.authenticate(token)
    assert key is not None
    await gateway.sending.send(NewMessage(to=TO.format(n), text="x"), key=key.name)


def left(gateway: Gateway, name: str) -> list[tuple[str, int, int, float]]:
    return [
        (one.window, one.limit, one.left, round(one.resets_s, 3))
        for one in gateway.sending.allowances(name)
    ]


async def test_a_key_sends_no_more_than_its_own_limits_allow(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        limited = await make(gateway, "few", limits=KeyLimits(per_minute=2, per_hour=3))
        free = await make(gateway, "many")
        await send(gateway, limited.token)
        assert left(gateway, "few") == [("per_minute", 2, 1, 60.0), ("per_hour", 3, 2, 3600.0)]
        clock.now += 10
        await send(gateway, limited.token)
        with pytest.raises(TooMany, match="API key") as refused:
            await send(gateway, limited.token)
        assert refused.value.retry_after_s == 50
        assert left(gateway, "few") == [("per_minute", 2, 0, 50.0), ("per_hour", 3, 1, 3590.0)]
        for _ in range(10):
            await send(gateway, free.token)
        assert left(gateway, "many") == []
        clock.now += 60
        await send(gateway, limited.token)
        with pytest.raises(TooMany) as refused:
            await send(gateway, limited.token)
        assert round(refused.value.retry_after_s) == 3530
        clock.now += 7200
        assert left(gateway, "few") == [("per_minute", 2, 2, 0.0), ("per_hour", 3, 3, 0.0)]


async def test_the_tighter_of_a_keys_limits_and_those_of_all_holds(
    tmp_path: Path, clock: FakeClock
) -> None:
    limits = {"per_minute": 3, "per_day": 100}
    async with gateway_on(tmp_path, clock, key_limits=limits) as gateway:
        tight = await make(gateway, "tight", limits=KeyLimits(per_minute=1))
        wide = await make(gateway, "wide", limits=KeyLimits(per_minute=50, per_hour=4))
        await send(gateway, tight.token)
        with pytest.raises(TooMany):
            await send(gateway, tight.token)
        for _ in range(3):
            await send(gateway, wide.token)
        with pytest.raises(TooMany):
            await send(gateway, wide.token)
        assert [one[:2] for one in left(gateway, "wide")] == [
            ("per_minute", 3),
            ("per_hour", 4),
            ("per_day", 100),
        ]
        await gateway.reconfigure(parse({"gateway": {"data_dir": str(tmp_path)}}))
        await send(gateway, wide.token)
        assert left(gateway, "wide") == [("per_minute", 50, 46, 60.0), ("per_hour", 4, 0, 3600.0)]
        with pytest.raises(TooMany):
            await send(gateway, tight.token)


async def test_what_a_key_sent_before_counts_over_a_restart_and_another_key_of_its_name(
    tmp_path: Path, clock: FakeClock
) -> None:
    limits = KeyLimits(per_day=3)
    async with gateway_on(tmp_path, clock) as gateway:
        free = await make(gateway, "shop")
        for _ in range(2):
            await send(gateway, free.token)
        await gateway.keys.revoke("shop")
        limited = await make(gateway, "shop", limits=limits)
        await send(gateway, limited.token)
        with pytest.raises(TooMany):
            await send(gateway, limited.token)
    async with gateway_on(tmp_path, clock) as gateway:
        assert left(gateway, "shop")[0][2] == 0, "known before the key is seen"
        with pytest.raises(TooMany):
            await send(gateway, limited.token)
        await gateway.keys.revoke("shop")
        free = await make(gateway, "shop")
        for _ in range(5):
            await send(gateway, free.token)
        assert left(gateway, "shop") == []


async def test_a_batch_takes_what_is_left_and_a_refusal_takes_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        made = await make(gateway, "few", limits=KeyLimits(per_minute=3))
        key = await gateway.access.authenticate(made.token)
        assert key is not None
        with pytest.raises(Rejected):
            await gateway.sending.send(NewMessage(to="nobody", text="x"), key="few")
        assert left(gateway, "few") == [("per_minute", 3, 3, 0.0)]
        content = NewMessage(to="", text="x")
        batch = await gateway.sending.send_batch(
            NewMailing(content, [TO.format(n) for n in range(5)]), key="few"
        )
        assert (batch.accepted, [index for index, _ in batch.rejected]) == (3, [3, 4])


async def test_a_key_whose_messages_cannot_be_counted_is_not_let_in_yet(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StoreUnavailable("the database is locked")

    async with gateway_on(tmp_path, clock) as gateway:
        free = await make(gateway, "shop")
        await send(gateway, free.token)
        await gateway.keys.revoke("shop")
        limited = await make(gateway, "shop", limits=KeyLimits(per_day=1))
        with monkeypatch.context() as locked:
            locked.setattr(gateway._store, "read", fails)
            with pytest.raises(StoreUnavailable):
                await send(gateway, limited.token)
        with pytest.raises(TooMany):
            await send(gateway, limited.token)


async def test_many_requests_of_a_new_key_at_once_are_counted_before_any_is_taken(
    tmp_path: Path, clock: FakeClock
) -> None:
    async with gateway_on(tmp_path, clock) as gateway:
        free = await make(gateway, "shop")
        await send(gateway, free.token)
        await gateway.keys.revoke("shop")
        limited = await make(gateway, "shop", limits=KeyLimits(per_day=3))
        done = await asyncio.gather(
            *(send(gateway, limited.token, n) for n in range(10)), return_exceptions=True
        )
        assert sum(error is None for error in done) == 2
        assert {type(error) for error in done} == {type(None), TooMany}
