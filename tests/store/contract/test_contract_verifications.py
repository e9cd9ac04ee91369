"""What any store guarantees of verifications (modemgw/store/contract/verifications.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modemgw.gateway.outgoing import life
from modemgw.store import (
    StoppedPrefix,
    StoreConflict,
    Use,
    Verification,
    VerificationQuery,
)
from modemgw.store.contract.verifications import Tally
from modemgw.store.records import Mailing, Message, MessageStatus, Part, PartStatus

AT = 1_795_000_000.0


def verification(n=1, **about):
    made = Verification(
        id=f"ver_{n}", key="shop", number="+447900000001", prefix="+44790000", client=b"c",
        status="pending", salt=b"s" * 16, length=6, attempts=0, max_attempts=5, sends=1,
        max_sends=5, template=None, language="de", domain=None, reference="r", created_at=AT,
        expires_at=AT + 600, sent_at=AT,
    )  # fmt: skip
    return replace(made, **about)


def insert(*some):
    def work(tx):
        for one in some:
            tx.verifications.insert(one)

    return work


async def ask(store, query):
    return await store.look_up(lambda view: query(view.verifications))


async def test_one_is_read_as_it_was_kept_and_changed(open_store):
    async with open_store() as store:
        await store.write(insert(verification()))
        assert await ask(store, lambda v: v.get("ver_1")) == verification()
        assert await ask(store, lambda v: v.get("ver_2")) is None
        changed = verification(
            status="locked", attempts=5, sends=2, template="t", language=None, domain="d.example",
            sent_at=AT + 30, ended_at=AT + 60,
        )  # fmt: skip
        await store.write(lambda tx: tx.verifications.update(changed))
        assert await ask(store, lambda v: v.get("ver_1")) == changed


async def test_a_key_has_one_pending_of_a_number(open_store):
    async with open_store() as store:
        await store.write(insert(verification(1)))
        with pytest.raises(StoreConflict):
            await store.write(insert(verification(2)))
        await store.write(insert(verification(3, key="other")))
        await store.write(lambda tx: tx.verifications.update(verification(1, status="expired")))
        await store.write(insert(verification(4, created_at=AT - 60)))
        assert (await ask(store, lambda v: v.latest("shop", "+447900000001"))).id == "ver_4"
        assert (await ask(store, lambda v: v.latest("other", "+447900000001"))).id == "ver_3"
        assert await ask(store, lambda v: v.latest("shop", "+447900000002")) is None


async def test_what_has_expired_is_found_in_order(open_store):
    async with open_store() as store:
        assert await ask(store, lambda v: v.next_expiry()) is None
        some = [
            verification(n, number=f"+44790000000{n}", expires_at=AT + at, status=status)
            for n, (at, status) in enumerate(
                [(30, "pending"), (10, "pending"), (5, "approved"), (20, "pending")]
            )
        ]
        await store.write(insert(*some))
        assert await ask(store, lambda v: v.next_expiry()) == AT + 10
        overdue = await ask(store, lambda v: v.overdue(AT + 20, 9))
        assert [one.id for one in overdue] == ["ver_1", "ver_3"]
        assert len(await ask(store, lambda v: v.overdue(AT + 30, 1))) == 1


async def test_uses_say_when_one_more_is_allowed(open_store):
    async with open_store() as store:

        def use(what, number, at, client=b"c"):
            return lambda tx: tx.verifications.count(
                Use(what, number, "shop", "+44790000", client, at)
            )

        for at in (AT, AT + 10, AT + 20):
            await store.write(use("send", "+447900000001", at))
        await store.write(use("attempt", "+447900000001", AT + 30))
        await store.write(use("send", "+447900000002", AT + 40, None))

        async def allowed(what, by, name, most, now=AT + 50):
            return await ask(store, lambda v: v.allowed_at(what, by, name, most, 3600.0, now))

        assert await allowed("send", "number", "+447900000001", 4) == AT + 50
        assert await allowed("send", "number", "+447900000001", 3) == AT + 3600
        assert await allowed("send", "number", "+447900000001", 2) == AT + 3610
        assert await allowed("send", "number", "+447900000001", 3, AT + 3600) == AT + 3600
        assert await allowed("attempt", "number", "+447900000001", 1) == AT + 3630
        assert await allowed("send", "key", "shop", 4) == AT + 3600
        assert await allowed("send", "prefix", "+44790000", 1) == AT + 3640
        assert await allowed("send", "client", b"c", 1) == AT + 3620
        assert await store.write(lambda tx: tx.verifications.forget_uses(AT + 20)) == 2
        assert await allowed("send", "number", "+447900000001", 2) == AT + 50


async def test_a_prefix_is_counted_and_stopped(open_store):
    async with open_store() as store:
        some = [
            verification(n, number=f"+44790000000{n}", created_at=AT + n, status=status)
            for n, status in enumerate(["approved", "pending", "approved", "expired"])
        ]
        await store.write(insert(*some, verification(9, number="+4", prefix="+44790001")))
        assert await ask(store, lambda v: v.tally("+44790000", AT)) == Tally(4, 2)
        assert await ask(store, lambda v: v.tally("+44790000", AT + 1)) == Tally(3, 1)
        assert await ask(store, lambda v: v.tally("+49", AT)) == Tally(0, 0)
        first = StoppedPrefix("+44790000", AT, AT + 60, 4, 2)
        later = StoppedPrefix("+44790001", AT + 5, AT + 90, 1, 0)
        for stop in (replace(first, until=AT + 1), first, later):
            await store.write(lambda tx, stop=stop: tx.verifications.stop(stop))
        assert await ask(store, lambda v: v.stopped("+44790000")) == first
        assert await ask(store, lambda v: v.stopped("+49")) is None
        assert list(await ask(store, lambda v: v.all_stopped(AT + 59))) == [later, first]
        assert list(await ask(store, lambda v: v.all_stopped(AT + 60))) == [later]
        assert await store.write(lambda tx: tx.verifications.lift("+44790000"))
        assert not await store.write(lambda tx: tx.verifications.lift("+44790000"))
        assert await ask(store, lambda v: v.stopped("+44790000")) is None


async def test_messages_with_codes_are_known_while_they_wait(open_store):
    def message(id, status):
        return Message(
            id=id, to="+447900000001", text="code ****", data=None, ports=None, type="otp",
            status=status, encoding="gsm7", message_class=None, receipt=True,
            parts=(Part(1, PartStatus.QUEUED),), error=None, route="default", modem=None,
            key="shop", reference="r", callback_url=None, batch=None, tags=("verification",),
            created_at=AT, updated_at=AT, send_at=None, expires_at=AT + 600,
        )  # fmt: skip

    def work(tx):
        tx.verifications.insert(verification())
        for id, status in (("msg_1", MessageStatus.QUEUED), ("msg_2", MessageStatus.DELIVERED)):
            tx.verifications.add_message(id, "ver_1", (5, 9))
            tx.messages.insert([Mailing.of(message(id, status))])
        tx.messages.insert([Mailing.of(message("msg_3", MessageStatus.QUEUED))])

    async with open_store() as store:
        await store.write(work)
        (waiting,) = await ask(store, lambda v: v.waiting_messages())
        assert (waiting.message, waiting.text, waiting.places) == ("msg_1", "code ****", (5, 9))
        assert (waiting.verification, waiting.expires_at) == (verification(), AT + 600)
        found = await store.look_up(lambda view: view.messages.get("msg_1", life.part_status))
        assert found.text == "code ****"


async def test_they_are_listed_the_newest_first_and_by_what_they_are(open_store):
    async with open_store() as store:
        some = [
            verification(
                n,
                number=f"+44790000000{n}",
                created_at=AT + n,
                key=("shop", "other")[n % 2],
                status=("pending", "approved", "locked")[n % 3],
                reference=(None, "r")[n == 3],
            )
            for n in range(6)
        ]
        await store.write(insert(*some))

        async def listed(**asked):
            page = await store.read(
                lambda view: view.verifications.find(VerificationQuery(**asked))
            )
            return [int(one.id[4:]) for one in page.items], page.next_cursor

        assert await listed() == ([5, 4, 3, 2, 1, 0], None)
        assert (await listed(key="shop"))[0] == [4, 2, 0]
        assert (await listed(status="approved"))[0] == [4, 1]
        assert (await listed(number="+447900000002"))[0] == [2]
        assert (await listed(reference="r"))[0] == [3]
        assert (await listed(since=AT + 2, until=AT + 4))[0] == [3, 2]
        found, cursor = await listed(limit=4)
        assert found + (await listed(limit=4, cursor=cursor))[0] == [5, 4, 3, 2, 1, 0]


async def test_ended_ones_are_deleted_and_pending_ones_stay(open_store):
    async with open_store() as store:
        some = [
            verification(n, number=f"+44790000000{n}", created_at=AT + n, status=status)
            for n, status in enumerate(["approved", "pending", "canceled", "locked"])
        ]
        await store.write(insert(*some))
        last = await store.write(lambda tx: tx.retention.delete_verifications(0, AT + 3, 9))
        assert last is not None
        nothing = await store.write(lambda tx: tx.retention.delete_verifications(last, AT + 3, 9))
        assert nothing is None
        page = await store.read(lambda view: view.verifications.find(VerificationQuery()))
        assert [one.id for one in page.items] == ["ver_3", "ver_1"]
