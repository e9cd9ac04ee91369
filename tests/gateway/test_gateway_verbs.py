"""The gateway's verbs without any modem: idempotency, batches, lists, keys, full disks."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import START, FakeClock

from modemgw.config import parse
from modemgw.gateway import (
    Conflict,
    Gateway,
    Idempotency,
    IdempotencyConflict,
    InboundQuery,
    MessageQuery,
    NotFound,
    Rejected,
    Unavailable,
)
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.supervision import Keeper
from modemgw.store.records import Event, MessageStatus, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore, create_key, revoke_key
from modemgw.store.sqlite.writer import Writer

TO = "+447700900123"


@asynccontextmanager
async def gateway_on(
    tmp_path: Path, clock: FakeClock | None = None, **more: Any
) -> AsyncIterator[Gateway]:
    config = parse({"gateway": {"data_dir": str(tmp_path)}} | more)
    async with Gateway.open(config, clock=clock) as gateway:
        yield gateway


def same(body: bytes = b"answer", fingerprint: str = "f1", key: str = "k") -> Idempotency:
    return Idempotency(key, fingerprint, lambda answer: body)


async def total(gateway: Gateway) -> int:
    return len((await gateway.messages.find(MessageQuery(limit=500))).items)


async def test_the_same_idempotency_key_gives_the_first_answer_and_one_message(
    tmp_path: Path,
) -> None:
    new = NewMessage(to=TO, text="hello")
    async with gateway_on(tmp_path) as gateway:
        first = await gateway.sending.send(new, key="a", idempotency=same(b"first"))
        assert first.message is not None
        again = await gateway.sending.send(new, key="a", idempotency=same(b"second"))
        assert (again.message, again.replay) == (None, b"first")
        assert await total(gateway) == 1
        with pytest.raises(IdempotencyConflict):
            await gateway.sending.send(new, key="a", idempotency=same(fingerprint="f2"))
        other = await gateway.sending.send(new, key="b", idempotency=same())
        assert other.message is not None, "keys of others are others"
    async with gateway_on(tmp_path) as gateway:
        again = await gateway.sending.send(new, key="a", idempotency=same(b"third"))
        assert again.replay == b"first", "also after a restart"


async def test_a_retry_gets_the_first_answer_though_it_would_not_be_taken_any_more(
    tmp_path: Path,
) -> None:
    bulk = [{"id": "bulk", "match": {"to_prefix": ["+44"]}}, {"id": "default"}]
    modem = [{"id": "m1", "device": "/dev/none"}]
    news = [
        NewMessage(to=TO, text="by its name", route="bulk"),
        NewMessage(to=TO, text="pinned", modem="m1"),
        NewMessage(to="07700 900123", text="read by another plan"),
    ]
    async with gateway_on(tmp_path, route=bulk, modem=modem) as gateway:
        for n, new in enumerate(news):
            await gateway.sending.send(new, key="a", idempotency=same(b"first", key=f"k{n}"))
    narrow = [{"id": "default", "match": {"type": ["otp"]}}]
    region = {"data_dir": str(tmp_path), "default_region": "US"}
    async with gateway_on(tmp_path, route=narrow, gateway=region) as gateway:
        for n, new in enumerate(news):
            again = await gateway.sending.send(
                new, key="a", idempotency=same(b"again", key=f"k{n}")
            )
            assert again.replay == b"first"
            with pytest.raises(Rejected):
                await gateway.sending.send(new, key="a", idempotency=same(key=f"new{n}"))
            other = same(key=f"k{n}", fingerprint="another")
            with pytest.raises(IdempotencyConflict):
                await gateway.sending.send(new, key="a", idempotency=other)
        assert await total(gateway) == len(news)


async def test_requests_at_the_same_moment_with_one_key_make_one_message(tmp_path: Path) -> None:
    new = NewMessage(to=TO, text="hello")
    async with gateway_on(tmp_path) as gateway:
        answers = await asyncio.gather(
            *(gateway.sending.send(new, key="a", idempotency=same(b"%d" % n)) for n in range(20))
        )
        assert sum(a.message is not None for a in answers) == 1
        assert len({a.replay for a in answers if a.message is None}) == 1
        assert await total(gateway) == 1


async def test_a_replay_does_not_use_up_the_recipient_s_limit(tmp_path: Path) -> None:
    new = NewMessage(to=TO, text="hello")
    more: dict[str, Any] = {"recipient_limits": {"per_day": 3}}
    async with gateway_on(tmp_path, **more) as gateway:
        for _ in range(5):
            await gateway.sending.send(new, key="a", idempotency=same())
        for _ in range(2):
            assert (await gateway.sending.send(new, key="a")).message is not None


async def test_a_batch_takes_the_good_and_names_the_bad(tmp_path: Path) -> None:
    news = [NewMessage(to=to, text="x") for to in (TO, "nobody", "+447700900124", "12")]
    async with gateway_on(tmp_path) as gateway:
        batch = await gateway.sending.send_batch(news, key="a", idempotency=same(b"b"))
        assert batch.accepted == 2
        assert [index for index, _ in batch.rejected] == [1, 3]
        seen = await gateway.batches.get(batch.id)
        about = seen.batch
        assert (about.accepted, about.rejected, seen.counts) == (2, 2, {"queued": 2})
        again = await gateway.sending.send_batch(news, key="a", idempotency=same(b"c"))
        assert again.replay == b"b"
        assert await total(gateway) == 2
        with pytest.raises(NotFound):
            await gateway.batches.get("bat_nothing")


async def test_what_was_accepted_is_there_after_a_restart(tmp_path: Path) -> None:
    new = NewMessage(
        to=TO, text="hello ☃", reference="r", tags=("a", "b"), callback_url="http://x", type="otp"
    )
    async with gateway_on(tmp_path) as gateway:
        made = (await gateway.sending.send(new, key="a")).message
        binary = NewMessage(to=TO, data=b"\x00\xff", ports=(2948, 9200), message_class=1)
        data = (await gateway.sending.send(binary, key="a")).message
        assert made is not None
        assert data is not None
    async with gateway_on(tmp_path) as gateway:
        assert await gateway.messages.get(made.id) == made
        assert await gateway.messages.get(data.id) == data
        assert gateway.found.waiting == 2


async def test_lists_are_newest_first_in_pages_and_filtered(tmp_path: Path) -> None:
    clock = FakeClock()
    async with gateway_on(tmp_path, clock) as gateway:
        for n in range(7):
            clock.now = START + n
            kind = "otp" if n % 2 else "transactional"
            await gateway.sending.send(
                NewMessage(to=f"+44770090012{n}", text="x", type=kind), key="a"
            )
        seen: list[str] = []
        cursor = None
        while True:
            page = await gateway.messages.find(MessageQuery(limit=3, cursor=cursor))
            seen += [m.to for m in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"+44770090012{n}" for n in range(6, -1, -1)]

        async def found(**query: Any) -> list[int]:
            page = await gateway.messages.find(MessageQuery(**query))
            return [int(m.to[-1]) for m in page.items]

        assert await found(to="+447700900123") == [3]
        assert await found(type="otp") == [5, 3, 1]
        assert await found(since=START + 2, until=START + 4) == [3, 2]
        assert await found(status="sent") == []
        assert await found(status="queued", limit=1) == [6]


@pytest.mark.parametrize("cursor", ["x", "", "1.5", "9" * 30])
async def test_a_foreign_cursor_is_refused(tmp_path: Path, cursor: str) -> None:
    async with gateway_on(tmp_path) as gateway:
        with pytest.raises(Rejected):
            await gateway.messages.find(MessageQuery(cursor=cursor))
        with pytest.raises(Rejected):
            await gateway.inbounds.find(InboundQuery(cursor=cursor))


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with gateway_on(tmp_path) as gateway:
        for ask in (gateway.messages.get, gateway.messages.cancel, gateway.inbounds.get):
            with pytest.raises(NotFound):
                await ask("nothing")
        for tell in (gateway.modems.view, gateway.modems.pause, gateway.modems.restart):
            with pytest.raises(NotFound):
                tell("m9")


async def test_cancel_twice_conflicts_and_survives_a_restart(tmp_path: Path) -> None:
    async with gateway_on(tmp_path) as gateway:
        made = (await gateway.sending.send(NewMessage(to=TO, text="x"), key="a")).message
        assert made is not None
        assert (await gateway.messages.cancel(made.id)).status is MessageStatus.CANCELED
        with pytest.raises(Conflict):
            await gateway.messages.cancel(made.id)
    async with gateway_on(tmp_path) as gateway:
        assert gateway.found.waiting == 0


async def test_a_full_disk_refuses_new_work_and_takes_it_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = NewMessage(to=TO, text="hello")
    async with gateway_on(tmp_path) as gateway:
        writer = cast(SqliteStore, gateway._store)._writer
        attempt = writer._attempt

        def full(group: Any, **more: Any) -> Any:
            raise _full()

        monkeypatch.setattr(writer, "_attempt", full)
        with pytest.raises(Unavailable, match="disk is full"):
            await gateway.sending.send(new, key="a", idempotency=same())
        assert gateway.health.accepting is not None
        monkeypatch.setattr(writer, "_attempt", attempt)
        taken = await gateway.sending.send(new, key="a", idempotency=same())
        assert taken.message is not None
        assert gateway.health.accepting is None
        assert await total(gateway) == 1


async def test_a_writer_that_hangs_is_answered_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.store.sqlite.writer.STALL_S", 0.2)
    monkeypatch.setattr("modemgw.store.sqlite.writer.TICK_S", 0.05)
    go = threading.Event()
    async with gateway_on(tmp_path) as gateway:
        gateway._store.write(lambda tx: go.wait(10))
        with pytest.raises(Unavailable, match="has not answered"):
            await asyncio.wait_for(
                gateway.sending.send(NewMessage(to=TO, text="hello"), key="a"), 5
            )
        assert gateway.health.stalled is not None
        assert gateway.health.accepting == gateway.health.stalled
        assert await total(gateway) == 0
        go.set()
        async with asyncio.timeout(5):
            while gateway.health.stalled is not None:
                await asyncio.sleep(0.01)
        assert (
            await gateway.sending.send(NewMessage(to=TO, text="hello"), key="a")
        ).message is not None
        assert await total(gateway) == 1, "what was refused was not sent after all"


async def test_a_start_that_cannot_write_is_for_reading_and_takes_up_its_work_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway_on(tmp_path) as gateway:
        before = (await gateway.sending.send(NewMessage(to=TO, text="waits"), key="a")).message
        assert before is not None
    monkeypatch.setattr("modemgw.gateway.build.RECOVER_EVERY_S", 0.01)
    attempt = Writer._attempt

    def full(writer: Writer, group: Any) -> Any:
        raise _full()

    monkeypatch.setattr(Writer, "_attempt", full)
    async with gateway_on(tmp_path) as gateway:
        assert (await gateway.messages.get(before.id)).status is MessageStatus.QUEUED
        assert gateway.health.accepting is not None
        assert gateway.health.stalled is None
        with pytest.raises(Unavailable):
            await gateway.sending.send(NewMessage(to=TO, text="hello"), key="a")
        monkeypatch.setattr(Writer, "_attempt", attempt)
        async with asyncio.timeout(10):
            while gateway.health.accepting is not None:
                await asyncio.sleep(0.01)
        assert gateway.found.waiting == 1
        assert len(gateway._outbox.queue.matchmaking) == 1
        await gateway.sending.send(NewMessage(to=TO, text="hello"), key="a")
        assert len(gateway._outbox.queue.matchmaking) == 2


async def test_a_start_on_a_database_that_another_program_holds_goes_on_when_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.store.sqlite.opening.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr("modemgw.store.sqlite.writer.RETRY_S", 0.05)
    monkeypatch.setattr("modemgw.gateway.build.RECOVER_EVERY_S", 0.01)
    async with gateway_on(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with gateway_on(tmp_path) as gateway:
            with pytest.raises(Unavailable, match="by another program"):
                await gateway.sending.send(NewMessage(to=TO, text="hello"), key="a")
            assert await total(gateway) == 0
            other.execute("ROLLBACK")
            async with asyncio.timeout(10):
                while gateway.health.accepting is not None:
                    await asyncio.sleep(0.01)
            await gateway.sending.send(NewMessage(to=TO, text="hello"), key="a")


async def test_no_key_waits_behind_lists(tmp_path: Path) -> None:
    token = create_key(tmp_path / FILE_NAME, "k", ["read"])
    go = threading.Event()
    async with gateway_on(tmp_path) as gateway:
        lists = [
            asyncio.create_task(gateway._store.read(lambda view: go.wait(10))) for _ in range(50)
        ]
        try:
            key = await asyncio.wait_for(gateway.access.authenticate(token), 5)
            assert key is not None
        finally:
            go.set()
        await asyncio.gather(*lists)


async def test_a_start_that_never_could_write_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(writer: Writer, group: Any) -> Any:
        raise _full()

    monkeypatch.setattr(Writer, "_attempt", full)
    async with asyncio.timeout(10), gateway_on(tmp_path) as gateway:
        assert gateway.health.accepting is not None


def _full() -> Exception:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


async def test_keys_work_until_they_are_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    async with gateway_on(tmp_path, clock) as gateway:
        token = create_key(tmp_path / FILE_NAME, "crm", ["send", "read"])
        key = await gateway.access.authenticate(token)
        assert key is not None
        assert (key.name, key.scopes) == ("crm", {"send", "read"})
        assert await gateway.access.authenticate(token + "x") is None
        assert await gateway.access.authenticate("") is None
        assert revoke_key(tmp_path / FILE_NAME, "crm")
        clock.now += 6
        assert await gateway.access.authenticate(token) is None


async def test_tokens_are_nowhere_in_the_database(tmp_path: Path) -> None:
    async with gateway_on(tmp_path):
        token = create_key(tmp_path / FILE_NAME, "crm", ["send"])
    for file in tmp_path.iterdir():
        assert token.encode() not in file.read_bytes()
        assert token.removeprefix("mgw_").encode() not in file.read_bytes()


async def test_preview_tells_what_would_be_sent_and_sends_nothing(tmp_path: Path) -> None:
    async with gateway_on(tmp_path) as gateway:
        seen = gateway.sending.preview(NewMessage(to=TO, text="x" * 161), key="a")
        assert (seen.encoding, seen.parts, seen.units_left) == ("gsm7", 2, 153 - 8)
        with pytest.raises(Rejected):
            gateway.sending.preview(NewMessage(to="nobody", text="x"), key="a")
        assert await total(gateway) == 0


async def test_events_follow_what_is_accepted(tmp_path: Path) -> None:
    async with gateway_on(tmp_path) as gateway:
        events = gateway.events.follow()
        made = (
            await gateway.sending.send(NewMessage(to=TO, text="x", reference="r"), key="a")
        ).message
        assert made is not None
        event: Event = await asyncio.wait_for(anext(events), 5)
        assert event.type == "message.queued"
        assert event.data == {"id": made.id, "status": "queued", "reference": "r"}


async def test_a_gateway_whose_modems_are_absent_ends_at_once(tmp_path: Path) -> None:
    modems = [{"id": f"m{n}", "device": f"/nowhere/{n}"} for n in range(3)]
    async with asyncio.timeout(10):
        async with gateway_on(tmp_path, modem=modems) as gateway:
            assert [v.status.state for v in gateway.modems.views()] == ["absent"] * 3
            assert not gateway.health.ready
            await asyncio.sleep(0.05)


async def test_a_gateway_that_cannot_be_kept_up_ends_with_that_fault_and_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(self: Keeper, name: str, work: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Keeper, "keep", die)

    async def serve() -> None:
        async with gateway_on(tmp_path):
            await asyncio.sleep(30)

    async with asyncio.timeout(10):
        task = asyncio.create_task(serve())
        await asyncio.wait([task])
    fault = task.exception()
    assert isinstance(fault, ExceptionGroup)
    assert "a fault of ours" in repr(fault.exceptions)


async def test_housekeeping_that_fails_does_not_stop_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0

    async def fail(self: Intake) -> None:
        nonlocal turns
        turns += 1
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Intake, "release_overdue", fail)
    async with gateway_on(tmp_path, FakeClock()) as gateway:
        while turns < 3:
            await asyncio.sleep(0.001)
        assert (
            await gateway.sending.send(NewMessage(to=TO, text="x"), key="a")
        ).message is not None


async def test_a_change_that_fails_has_ended_in_all_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    async with gateway_on(tmp_path) as gateway:

        async def fails() -> list[str]:
            raise RuntimeError("first")

        async def takes_longer() -> None:
            await asyncio.sleep(0.05)
            ended.append("counted")
            raise ValueError("second")

        monkeypatch.setattr(gateway._outbox, "reroute", fails)
        monkeypatch.setattr(gateway.sending, "load", takes_longer)
        with pytest.raises(BaseExceptionGroup) as failed:
            await gateway.reconfigure(gateway.config)
        assert ended == ["counted"]
        assert [str(one) for one in failed.value.exceptions] == ["first", "second"]
