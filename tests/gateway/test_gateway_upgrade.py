"""A database of the version before goes on: what waits, what is in doubt, what is pending.

It was made by a run that was killed (kill -9) in the middle of its work; see the file's own rows.
"""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from labs.clock import FakeClock
from labs.outbox import Lab, report_of, running

from modemgw.gateway.outgoing import life
from modemgw.store import BatchQuery, MessageQuery
from modemgw.store.contract.keys import digest
from modemgw.store.records import NO_LIMITS, AttemptState, Message, MessageStatus
from modemgw.store.sqlite import FILE_NAME, maintenance

DATABASES = Path(__file__).parents[1] / "store" / "databases"
KILLED_AT = 1_795_602_644.0
SIM = "8999901000000000021"
"""In it message 12 was in the air."""
LIVE = bytes.fromhex("240BB4558D2A8E349BD4BD5989C2E8C4105B44F277CA97E2ECB1516C79674317")
"""The hash of the token of `shop`."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as db:
        db.executescript((DATABASES / "2026-11-22.sql").read_text(encoding="utf-8"))
        db.execute("PRAGMA journal_mode=WAL")
    return path


@asynccontextmanager
async def upgraded(old: Path, *, ready: bool = True) -> AsyncIterator[Lab]:
    async with running(old.parent, 2, clock=FakeClock(KILLED_AT + 60), ready=ready) as lab:
        yield lab


async def number(lab: Lab, n: int) -> Message:
    found = await lab.store.read(lambda view: view.messages.of_number(n, life.part_status))
    assert found is not None
    return found


async def test_it_is_copied_before_it_is_changed_and_is_sound_afterwards(old: Path) -> None:
    async with upgraded(old, ready=False):
        pass
    assert maintenance.check(old) == []
    (copy,) = old.parent.glob("*-before-*")
    with closing(sqlite3.connect(copy)) as db:
        names = [n for (n,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY name")]
    assert names == ["0001_messages", "0002_inbound", "0003_events_keys"]


async def test_what_waits_is_sent_once_each_and_what_is_scheduled_waits_on(old: Path) -> None:
    async with upgraded(old) as lab:
        assert lab.found is not None
        assert (lab.found.waiting, lab.found.interrupted) == (12, 2)
        await lab.settle()
        assert len(lab.sent()) == 9
        for n in range(13, 22):
            assert (await number(lab, n)).status is MessageStatus.SENT
        assert (await number(lab, 6)).status is MessageStatus.SCHEDULED
        assert (await number(lab, 7)).status is MessageStatus.CANCELED
        assert (await number(lab, 3)).status is MessageStatus.SENT
        assert (await number(lab, 1)).status is MessageStatus.DELIVERED


async def test_what_was_in_the_air_is_in_doubt_until_its_report_comes(old: Path) -> None:
    async with upgraded(old) as lab:
        await lab.settle()
        for n in (9, 12):
            message = await number(lab, n)
            assert message.status is MessageStatus.SENDING
            assert message.parts[0].attempts[0].state is AttemptState.AMBIGUOUS
        report = report_of("+447700800102", 6, 0, sc_time=KILLED_AT)
        matched = await lab.store.write(
            lambda tx: lab.receipts.take(
                tx, modem="m2", sim=SIM, report=report, tpdu=report.encode()
            )
        )
        assert matched is not None
        assert (await number(lab, 12)).status is MessageStatus.DELIVERED
        assert (await number(lab, 9)).status is MessageStatus.SENDING


async def test_a_batch_has_its_messages_and_is_held_like_any_other(old: Path) -> None:
    async with upgraded(old, ready=False) as lab:
        (batch,) = (await lab.outbox.batches.find(BatchQuery())).items
        about = batch.batch
        assert (about.id, about.name) == ("bat_01a21241faba408d0aec5688a221ac45", None)
        assert sum(batch.counts.values()) == about.accepted
        page = await lab.outbox.batches.messages(about.id, MessageQuery(batch=about.id))
        assert {m.batch for m in page.items} == {about.id}
        assert len(page.items) == about.accepted
        await lab.outbox.batches.pause(about.id)
        for id in lab.modems:
            await lab.up(id)
        await lab.settle()
        assert len(lab.sent()) == 9 - batch.counts["queued"]
        await lab.outbox.batches.resume(about.id)
        await lab.settle()
        assert len(lab.sent()) == 9


async def test_keys_answers_events_and_numbers_go_on(old: Path) -> None:
    async with upgraded(old, ready=False) as lab:
        answer = await lab.store.look_up(lambda view: view.answers.find("shop", "batch-1"))
        assert answer is not None
        assert b"bat_01a21241faba408d0aec5688a221ac45" in answer.body
        events = await lab.store.read(lambda view: view.events.after(0, 100))
        assert [event.id for event in events[:38]] == list(range(1, 39))
        message = await lab.accept()
        assert await lab.store.look_up(lambda view: view.messages.number_of(message.id)) == 22
        page = await lab.store.read(
            lambda view: view.messages.find(MessageQuery(limit=3), life.part_status)
        )
        assert page.items[0].id == message.id
        none = await lab.store.look_up(lambda view: view.keys.find(digest("mgw_none"), KILLED_AT))
        assert none is None


async def test_a_live_key_goes_on_and_gets_a_secret_and_a_revoked_one_stays_revoked(
    old: Path,
) -> None:
    """Of what this version's command would have stored the hash alone is there."""
    async with upgraded(old, ready=False) as lab:
        keys = await lab.store.read(lambda view: view.keys.all())
        assert [(key.name, key.in_force(lab.clock.time())) for key in keys] == [
            ("shop", True),
            ("gone", False),
        ]
        shop = keys[0]
        assert (shop.limits, shop.expires_at, shop.last_used_at) == (NO_LIMITS, None, None)
        (hash_,) = await lab.store.read(lambda view: view.keys.in_force(lab.clock.time()))
        assert hash_ == LIVE
        key = await lab.store.look_up(lambda view: view.keys.find(LIVE, lab.clock.time()))
        assert key is not None
        assert (key.name, key.scopes) == ("shop", {"send", "read", "inbound"})
        secrets = await lab.store.look_up(
            lambda view: [view.keys.webhook_secret(key.name) for key in keys]
        )
        assert secrets[0] != secrets[1]
        for secret in secrets:
            assert secret is not None
            assert secret.startswith("whsec_")
            assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    async with upgraded(old, ready=False) as lab:  # and the next start makes no others
        again = await lab.store.look_up(lambda view: view.keys.webhook_secret("shop"))
        assert again == secrets[0]


async def test_an_incomplete_message_waits_for_its_other_part(old: Path) -> None:
    async with upgraded(old, ready=False) as lab:
        (waiting,) = await lab.store.read(
            lambda view: view.inbound.overdue_sets(lab.clock.time(), 9)
        )
        parts = await lab.store.write(
            lambda tx: tx.inbound.waiting_parts(waiting.set_key, KILLED_AT - 3600)
        )
        assert [part.sequence for part in parts] == [1]
