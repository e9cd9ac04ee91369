"""What any store guarantees of its nouns (modemgw/store/contract)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from modemgw.gateway.outgoing import life
from modemgw.store import (
    AnsweredBefore,
    AttemptKey,
    AuditQuery,
    AuditRecord,
    Bucket,
    Counts,
    Gap,
    KeyRow,
    LeaseHeld,
    Parameter,
    StoreConflict,
    TemplateContent,
    UsageQuery,
    UsageSum,
    Variant,
    Webhook,
    WebhookSecret,
)
from modemgw.store.contract.keys import SLACK_S
from modemgw.store.records import (
    AttemptState,
    Cost,
    ErrorInfo,
    Inbound,
    InboundKind,
    Key,
    KeyLimits,
    Mailing,
    Message,
    MessageStatus,
    Part,
    PartStatus,
)

S = MessageStatus
REFUSED = ErrorInfo("cms-1", "unassigned number", permanent=True)


def message(id, *, at=1_795_000_000.0, status=S.QUEUED, parts=1):
    return Message(
        id=id, to="+447700900123", text="hello", data=None, ports=None, type="transactional",
        status=status, encoding="gsm7", message_class=None, receipt=True,
        parts=tuple(Part(i + 1, PartStatus.QUEUED) for i in range(parts)), error=None,
        route="default", modem=None, key="shop", reference="r", callback_url=None, batch=None,
        tags=("a", "b"), created_at=at, updated_at=at, send_at=None, expires_at=at + 3600,
    )  # fmt: skip


def received(id):
    return Inbound(
        id=id, sender="+447700900123", to=None, text="hi", data=None, encoding="gsm7",
        parts_total=1, parts=(), complete=True, modem="m1", sim="s1", sent_at=None,
        received_at=1_795_000_000.0,
    )  # fmt: skip


def insert(*ids, **about):
    return lambda tx: tx.messages.insert([Mailing.of(message(id, **about)) for id in ids])


async def get(store, id):
    return await store.look_up(lambda view: view.messages.get(id, life.part_status))


# --- messages and their attempts


async def test_a_message_is_read_as_it_was_accepted(open_store):
    async with open_store() as store:
        await store.write(insert("msg_1", parts=2))
        assert await get(store, "msg_1") == message("msg_1", parts=2)
        assert await get(store, "msg_2") is None


async def test_a_mailing_is_numbered_in_its_order(open_store):
    async with open_store() as store:
        to = [(f"msg_{i}", f"+4477009{i:05}", "default") for i in range(250)]
        first = await store.write(lambda tx: tx.messages.insert([Mailing(message("-"), to)]))
        for i in (0, 99, 100, 249):
            n = await store.look_up(lambda view, id=to[i][0]: view.messages.number_of(id))
            assert n == first + i
            assert (await get(store, to[i][0])).to == to[i][1]


async def test_no_number_is_given_twice(open_store):
    async with open_store() as store:
        numbers = [await store.write(insert("a", "b")), await store.write(insert("c", at=1.0))]
        assert numbers[1] == numbers[0] + 2
    async with open_store() as store:
        numbers.append(await store.write(insert("d", at=1.0, status=S.FAILED)))
        await store.write(lambda tx: tx.retention.delete_messages(numbers[2] - 1, 2.0, 100))
        assert await get(store, "d") is None
        assert await store.write(insert("e")) > numbers[2]


async def test_a_status_is_changed_by_who_knew_it(open_store):
    async with open_store() as store:
        n = await store.write(insert("msg_1"))

        def change(old, new, error=None):
            return store.write(lambda tx: tx.messages.compare_and_set(n, old, new, error))

        assert await change(S.QUEUED, S.SENDING, REFUSED)
        assert not await change(S.QUEUED, S.CANCELED)
        assert not await store.write(
            lambda tx: tx.messages.compare_and_set(n + 7, S.QUEUED, S.SENDING, None)
        )
        assert await store.write(lambda tx: tx.messages.status(n)) is S.SENDING
        assert await change(S.SENDING, S.SCHEDULED)
        assert (await get(store, "msg_1")).error == REFUSED
        for well in (S.QUEUED, S.SENT):
            assert await change(S.SCHEDULED, well)
            assert (await get(store, "msg_1")).error is None
            assert await change(well, S.SCHEDULED, REFUSED)


@pytest.mark.parametrize(
    ("end", "parts", "receipt", "erased"),
    [
        (S.SENDING, 1, True, False),
        (S.SENT, 1, True, False),  # a report is still to come
        (S.SENT, 1, False, True),
        (S.DELIVERED, 2, True, True),
        (S.UNDELIVERED, 1, True, True),
        (S.UNDELIVERED, 2, True, False),  # it may be corrected, and the other part be sent
        (S.FAILED, 2, True, True),
        (S.EXPIRED, 1, True, True),
        (S.CANCELED, 1, True, True),
        (S.UNKNOWN, 1, True, True),
    ],
)
async def test_texts_of_some_types_end_with_their_messages(open_store, end, parts, receipt, erased):
    async with open_store() as store:
        await store.write(lambda tx: tx.messages.erase_ended({"otp", "promotional"}))

        async def ended(id, type, error=None):
            new = message(id, parts=parts)._replace(type=type, receipt=receipt, data=b"x")
            n = await store.write(lambda tx: tx.messages.insert([Mailing.of(new)]))
            assert await store.write(
                lambda tx: tx.messages.compare_and_set(n, S.QUEUED, end, error)
            )
            found = await get(store, id)
            assert (found.text is None, found.data is None) in ((True, True), (False, False))
            return found.text is None

        assert await ended("msg_1", "otp") is erased
        assert await ended("msg_2", "otp", REFUSED) is erased
        assert await ended("msg_3", "promotional") is erased
        assert not await ended("msg_4", "transactional")
        await store.write(lambda tx: tx.messages.erase_ended(["promotional"]))
        assert not await ended("msg_5", "otp")
        assert await ended("msg_6", "promotional") is erased
    async with open_store() as store:  # it holds over a restart
        assert await ended("msg_7", "promotional") is erased
        await store.write(lambda tx: tx.messages.erase_ended([]))
        assert not await ended("msg_8", "promotional")


async def test_a_message_is_put_off(open_store):
    async with open_store() as store:
        n = await store.write(insert("msg_1", "msg_2"))
        await store.write(lambda tx: tx.messages.set_send_at(n, 1_795_009_000.0))
        assert (await get(store, "msg_1")).send_at == 1_795_009_000.0
        assert (await get(store, "msg_2")).send_at is None


async def test_an_attempt_has_one_end(open_store):
    async with open_store() as store:
        n = await store.write(insert("msg_1"))
        key = AttemptKey(n, 1, 1)

        def begin(tx):
            tx.attempts.begin(
                key, modem="m1", sim="s1", to="+447700900123", started_at=5.0,
                duplicate_risk=False, receipt_asked=True,
            )  # fmt: skip

        await store.write(begin)
        twice: Any
        (twice,) = await asyncio.gather(store.write(begin), return_exceptions=True)
        assert isinstance(twice, Exception)  # whatever the backend calls it
        for reference in (7, 8):
            await store.write(
                lambda tx, r=reference: tx.attempts.finish(
                    key, AttemptState.ACCEPTED, reference=r, ended_at=6.0
                )
            )
        (attempt,) = (await get(store, "msg_1")).parts[0].attempts
        assert (attempt.state, attempt.reference) == (AttemptState.ACCEPTED, 7)
        assert (attempt.started_at, attempt.ended_at) == (5.0, 6.0)


async def test_what_was_in_the_air_is_found_after_a_crash(open_store):
    async with open_store() as store:
        n = await store.write(insert("msg_1"))
        await store.write(
            lambda tx: tx.attempts.begin(
                AttemptKey(n, 1, 1),
                modem="m1",
                sim="s1",
                to="+447700900123",
                started_at=5.0,
                duplicate_risk=False,
                receipt_asked=True,
            )
        )
    async with open_store() as store:
        interrupted = await store.write(lambda tx: tx.attempts.interrupted(REFUSED))
        assert interrupted == [AttemptKey(n, 1, 1)]
        assert await store.write(lambda tx: tx.attempts.interrupted(REFUSED)) == []
        assert (await get(store, "msg_1")).parts[0].attempts[0].state is AttemptState.AMBIGUOUS


# --- what came in, answers


async def test_received_messages_are_numbered(open_store):
    async with open_store() as store:
        numbers = [
            await store.write(lambda tx, id=id: tx.inbound.add(received(id), []))
            for id in ("in_1", "in_2")
        ]
        assert numbers[1] > numbers[0]
        assert await store.look_up(lambda view: view.inbound.get("in_2")) == received("in_2")


async def test_a_received_message_is_read_as_it_was_kept(open_store):
    special = replace(
        received("in_1"), kind=InboundKind.MMS_NOTIFICATION, details={"mms": {"size": 7}},
        read=True, replace_type=3, replaces="in_0", ports=(2948, 9200), complete=False,
        completed_at=1_795_000_009.0, problem="a problem", message_class=1, data=b"\0", text=None,
    )  # fmt: skip
    async with open_store() as store:
        await store.write(lambda tx: tx.inbound.add(special, []))
        assert await store.look_up(lambda view: view.inbound.get("in_1")) == special


async def test_a_message_is_marked_as_read_and_as_not_read(open_store):
    async with open_store() as store:
        await store.write(lambda tx: tx.inbound.add(received("in_1"), []))
        for read in (True, True, False):
            assert await store.write(lambda tx, read=read: tx.inbound.mark_read("in_1", read))
            found = await store.look_up(lambda view: view.inbound.get("in_1"))
            assert found == replace(received("in_1"), read=read)
        assert not await store.write(lambda tx: tx.inbound.mark_read("in_2", True))


async def test_a_senders_messages_are_marked_as_read_as_far_as_they_were_seen(open_store):
    async with open_store() as store:
        for id in ("in_1", "in_2", "in_3", "in_4"):
            await store.write(lambda tx, id=id: tx.inbound.add(received(id), []))
        other = replace(received("in_5"), sender="+447700900124")
        await store.write(lambda tx: tx.inbound.add(other, []))
        mark = "+447700900123"
        assert await store.write(lambda tx: tx.inbound.mark_all_read(mark, 3, 2)) == 2
        assert await store.write(lambda tx: tx.inbound.mark_all_read(mark, 3, 2)) == 1
        read = [await store.look_up(lambda view, n=n: view.inbound.get(f"in_{n}")) for n in "1234"]
        assert [one.read for one in read] == [True, True, True, False]
        assert await store.write(lambda tx: tx.inbound.mark_all_read(mark, None, 9)) == 1
        assert await store.write(lambda tx: tx.inbound.mark_all_read(mark, None, 9)) == 0
        assert await store.look_up(lambda view: view.inbound.get("in_5")) == other


async def test_the_former_of_a_type_is_the_newest_that_was_not_replaced(open_store):
    def of_type(id, kind, sender="+447700900123"):
        return replace(received(id), replace_type=kind, sender=sender)

    async with open_store() as store:
        for one in (of_type("in_1", 1), of_type("in_2", 1), of_type("in_3", 2), received("in_4")):
            await store.write(lambda tx, one=one: tx.inbound.add(one, []))
        new = of_type("in_9", 1)

        async def former():
            return await store.write(lambda tx: tx.inbound.former(new))

        assert await former() == of_type("in_2", 1)
        await store.write(lambda tx: tx.inbound.mark_replaced("in_2", "in_9"))
        assert await former() == of_type("in_1", 1)
        await store.write(lambda tx: tx.inbound.mark_replaced("in_1", "in_9"))
        assert await former() is None
        kept = await store.look_up(lambda view: view.inbound.get("in_2"))
        assert kept == replace(of_type("in_2", 1), replaced_by="in_9")


async def test_a_message_with_gaps_is_found_by_its_set_until_it_is_whole(open_store):
    half = replace(received("in_1"), complete=False, parts_total=3)
    whole = replace(half, complete=True, text="all of it", read=True)
    async with open_store() as store:
        n = await store.write(lambda tx: tx.inbound.add(half, [], set_key="set"))
        other = await store.write(lambda tx: tx.inbound.add(received("in_2"), [], set_key="other"))
        assert await store.write(lambda tx: tx.inbound.gaps("set")) == [Gap(n, half, ())]
        more = replace(half, text="more of it")
        await store.write(lambda tx: tx.inbound.fill(n, more, []))
        assert await store.write(lambda tx: tx.inbound.gaps("set")) == [Gap(n, more, ())]
        await store.write(lambda tx: tx.inbound.fill(n, whole, []))
        assert await store.write(lambda tx: tx.inbound.gaps("set")) == []
        assert await store.look_up(lambda view: view.inbound.get("in_1")) == whole
        (left,) = await store.write(lambda tx: tx.inbound.gaps("other"))
        assert left.n == other


async def test_a_request_is_answered_once(open_store):
    async with open_store() as store:
        await store.write(lambda tx: tx.answers.remember("shop", "k", "f", b"body"))
        found = await store.look_up(lambda view: view.answers.find("shop", "k"))
        assert (found.fingerprint, found.body) == ("f", b"body")
        assert await store.look_up(lambda view: view.answers.find("other", "k")) is None

        def twice(tx):
            tx.messages.insert([Mailing.of(message("msg_1"))])
            tx.answers.remember("shop", "k", "g", b"other")

        with pytest.raises(AnsweredBefore) as before:
            await store.write(twice)
        assert before.value.body == b"body"
        assert await get(store, "msg_1") is None


# --- leases


async def test_a_lease_is_one_process_at_a_time_and_says_whose_it_is(open_store, clock):
    async with open_store() as store:

        def take(holder):
            return store.write(lambda tx: tx.leases.take("messages", holder, 60.0))

        lease = await take("a")
        assert (lease.holder, lease.until) == ("a", clock.now + 60.0)
        with pytest.raises(LeaseHeld, match="a holds the lease on messages"):
            await take("b")
        clock.now += 50
        await take("a")  # renewed
        clock.now += 50
        with pytest.raises(LeaseHeld) as held:
            await take("b")
        assert held.value.lease == await store.read(lambda view: view.leases.get("messages"))
        clock.now += 11
        assert (await take("b")).holder == "b"
        with pytest.raises(LeaseHeld):
            await take("a")


async def test_a_lease_that_is_given_back_is_anybodys(open_store):
    async with open_store() as store:
        await store.write(lambda tx: tx.leases.take("messages", "a", 60.0))
        await store.write(lambda tx: tx.leases.give_back("messages", "b"))
        assert await store.read(lambda view: view.leases.get("messages")) is not None
        await store.write(lambda tx: tx.leases.give_back("messages", "a"))
        assert await store.read(lambda view: view.leases.get("messages")) is None
        await store.write(lambda tx: tx.leases.take("messages", "b", 60.0))


# --- who asked to be told


def webhook(id, *, at=1_795_000_000.0, enabled=True, secrets=("whsec_MQ==",)):
    return Webhook(
        id=id, url="http://127.0.0.1:9/", events=("message.*", "inbound.received"),
        description=None, enabled=enabled, created_at=at, disabled_reason=None, after_event=7,
        secrets=tuple(WebhookSecret(s) for s in secrets),
    )  # fmt: skip


async def test_a_webhook_is_kept_whole_with_its_secrets_in_their_order(open_store):
    one = webhook("whk_1", at=2.0, secrets=("whsec_Mg==", "whsec_MQ=="))
    other = webhook("whk_2", at=1.0)
    async with open_store() as store:
        await store.write(lambda tx: (tx.webhooks.put(one), tx.webhooks.put(other)))
    async with open_store() as store:
        assert await store.read(lambda view: view.webhooks.all()) == [other, one]
        changed = webhook("whk_1", at=2.0, enabled=False, secrets=("whsec_Mw==",))
        await store.write(lambda tx: tx.webhooks.put(changed))
        assert await store.read(lambda view: view.webhooks.get("whk_1")) == changed
        assert await store.write(lambda tx: tx.webhooks.delete("whk_1"))
        assert not await store.write(lambda tx: tx.webhooks.delete("whk_1"))
        assert await store.read(lambda view: view.webhooks.get("whk_1")) is None
        assert await store.read(lambda view: view.webhooks.all()) == [other]


async def test_messages_that_name_an_address_to_call_back_are_told_from_others(open_store):
    async with open_store() as store:
        await store.write(insert("msg_1"))
        assert not await store.read(lambda view: view.webhooks.any_callback())
        url = "http://127.0.0.1:9/back"
        called = message("msg_2")._replace(callback_url=url)
        await store.write(lambda tx: tx.messages.insert([Mailing.of(called)]))
        assert await store.read(lambda view: view.webhooks.any_callback())
        found = await store.read(lambda view: view.webhooks.callbacks(["msg_1", "msg_2", "msg_3"]))
        assert found == {"msg_2": url}


# --- what was said lately


async def test_what_was_said_lately_is_found_until_it_is_said_again_or_forgotten(open_store):
    async with open_store() as store:
        await store.write(lambda tx: tx.recent.remember([(b"a", "msg_1"), (b"b", "msg_2")], 100.0))
        await store.write(lambda tx: tx.recent.remember([(b"c", "msg_3")], 200.0))
    async with open_store() as store:

        async def found(*digests, since=0.0, until=999.0):
            return await store.read(lambda view: view.recent.find(digests, since, until))

        assert await found(b"a", b"c", b"x") == {b"a": ("msg_1", 100.0), b"c": ("msg_3", 200.0)}
        assert await found(b"a", b"c", since=100.5) == {b"c": ("msg_3", 200.0)}
        assert await found(b"a", b"c", until=199.0) == {b"a": ("msg_1", 100.0)}
        assert await found() == {}
        many = [b"%d" % n for n in range(2000)]
        await store.write(lambda tx: tx.recent.remember([(d, "msg_9") for d in many], 900.0))
        assert len(await found(*many)) == 2000
        await store.write(lambda tx: tx.recent.remember([(b"a", "msg_4")], 300.0))
        assert await found(b"a") == {b"a": ("msg_4", 300.0)}

        async def forget(before, after, limit=2):
            return await store.write(lambda tx: tx.retention.delete_recent(before, after, limit))

        assert await forget(150.0, 999.0) == 1  # b; a is the newest now
        assert await forget(150.0, 999.0) == 0
        assert await forget(150.0, 800.0, 9999) == 2000  # dated by a clock that was ahead
        assert await found(b"a", b"b", b"c", *many) == {
            b"a": ("msg_4", 300.0), b"c": ("msg_3", 200.0)
        }  # fmt: skip


# --- templates

HELLO = TemplateContent(
    (Variant("en", None, "Hello {{ name }}"), Variant("pt", "BR", "Olá {{ name }}")),
    {"name": Parameter("string", max_length=30, default="you")},
    transliterate=True,
    description="the first one",
)
BYE = TemplateContent((Variant("en", None, "Bye"),))


def add(name, content, *, source="api", at=5.0, key="shop"):
    return lambda tx: tx.templates.add(name, content, source=source, at=at, key=key)


async def test_every_version_of_a_template_is_kept_as_it_was(open_store):
    async with open_store() as store:
        first = await store.write(add("hello", HELLO))
        second = await store.write(add("hello", BYE, source="file", at=6.0, key=None))
        other = await store.write(add("bye", BYE))
    assert (first.version, second.version, other.version) == (1, 2, 1)
    async with open_store() as store:
        assert await store.read(lambda view: view.templates.all()) == [other, second]
        assert await store.read(lambda view: view.templates.versions("hello")) == [second, first]
        assert await store.read(lambda view: view.templates.get("hello")) == second
        assert await store.read(lambda view: view.templates.get("hello", 1)) == first
        assert first.content == HELLO
        assert await store.read(lambda view: view.templates.get("hello", 3)) is None
        assert await store.read(lambda view: view.templates.get("none")) is None
        assert await store.read(lambda view: view.templates.versions("none")) == []


async def test_a_template_that_was_deleted_keeps_its_versions_and_goes_on_from_them(open_store):
    async with open_store() as store:
        first = await store.write(add("hello", HELLO))
        gone = await store.write(add("hello", None))
        assert (gone.version, gone.content) == (2, None)
        assert await store.read(lambda view: view.templates.all()) == []
        assert await store.read(lambda view: view.templates.get("hello")) == gone
        assert await store.read(lambda view: view.templates.get("hello", 1)) == first
        again = await store.write(add("hello", BYE))
        assert again.version == 3
        assert await store.read(lambda view: view.templates.all()) == [again]


async def test_a_message_keeps_which_template_and_version_made_it(open_store):
    def by(name, version, *ids):
        common = message("-")._replace(template=name, template_version=version)
        return Mailing(common, [(id, "+447700900123", "default") for id in ids])

    async with open_store() as store:
        await store.write(
            lambda tx: tx.messages.insert(
                [
                    by(None, None, "msg_1"),
                    by("hello", 1, "msg_2", "msg_3"),
                    by("hello", 1, "msg_4"),
                    by("hello", 2, "msg_5"),
                    by(None, None, "msg_6"),
                    by("bye", 7),
                    by("bye", 7, *(f"msg_1{i:03}" for i in range(250))),
                ]
            )
        )
        await store.write(lambda tx: tx.messages.insert([by(None, None, "msg_7")]))
        await store.write(lambda tx: tx.messages.insert([by("bye", 8, "msg_8")]))
        made = {}
        for id in [*(f"msg_{i}" for i in range(1, 9)), "msg_1000", "msg_1249"]:
            found = await get(store, id)
            made[id] = (found.template, found.template_version)
    assert made == {
        "msg_1": (None, None), "msg_2": ("hello", 1), "msg_3": ("hello", 1),
        "msg_4": ("hello", 1), "msg_5": ("hello", 2), "msg_6": (None, None),
        "msg_1000": ("bye", 7), "msg_1249": ("bye", 7), "msg_7": (None, None),
        "msg_8": ("bye", 8),
    }  # fmt: skip


# --- keys


def insert_key(name, hash_, at=1_000.0, **about):
    return lambda tx: tx.keys.insert(
        name, hash_, ("send", "read"), at, webhook_secret=f"whsec_{name}", **about
    )


async def find_key(store, hash_, now):
    return await store.look_up(lambda view: view.keys.find(hash_, now))


async def test_a_key_is_found_by_its_hash_until_it_ends(open_store):
    limits = KeyLimits(per_minute=3, per_day=9)
    async with open_store() as store:
        await store.write(insert_key("shop", b"s", limits=limits, expires_at=2_000.0))
        found = await find_key(store, b"s", 1_999.0)
        assert found == Key("shop", frozenset({"send", "read"}), 1_000.0, limits, 2_000.0, b"s")
        assert await find_key(store, b"other", 1_999.0) is None
        assert await find_key(store, b"s", 2_000.0) is None
        assert await store.read(lambda view: view.keys.in_force(1_999.0)) == {b"s"}
        assert await store.read(lambda view: view.keys.in_force(2_000.0)) == set()
        row = await store.look_up(lambda view: view.keys.get("shop"))
        assert row == KeyRow("shop", ("send", "read"), 1_000.0, None, limits, 2_000.0, None)
        assert [row.state(now) for now in (1_999.0, 2_000.0)] == ["active", "expired"]
        assert await store.look_up(lambda view: view.keys.get("none")) is None


async def test_a_key_may_be_for_templates_alone(open_store):
    async with open_store() as store:
        await store.write(insert_key("all", b"a", templates_only=True))
        await store.write(insert_key("two", b"t", templates_only=True, templates=("x", "y")))
        every, two = [await find_key(store, hash_, 1_500.0) for hash_ in (b"a", b"t")]
        assert (every.templates_only, every.templates) == (True, ())
        assert (two.templates_only, two.templates) == (True, ("x", "y"))
        rows = await store.read(lambda view: view.keys.all())
        assert [(r.templates_only, r.templates) for r in rows] == [(True, ()), (True, ("x", "y"))]
        await store.write(insert_key("free", b"f"))
        assert not (await find_key(store, b"f", 1_500.0)).templates_only


async def test_a_name_is_free_when_its_key_is_revoked_and_not_before(open_store):
    async with open_store() as store:
        await store.write(insert_key("shop", b"1"))
        with pytest.raises(StoreConflict, match="shop"):
            await store.write(insert_key("shop", b"2"))
        assert await store.write(lambda tx: tx.keys.revoke("shop", 1_500.0))
        assert not await store.write(lambda tx: tx.keys.revoke("shop", 1_600.0))
        assert not await store.write(lambda tx: tx.keys.revoke("none", 1_600.0))
        row = await store.look_up(lambda view: view.keys.get("shop"))
        assert (row.revoked_at, row.state(1_501.0)) == (1_500.0, "revoked")
        assert await find_key(store, b"1", 1_501.0) is None
        await store.write(insert_key("shop", b"2", 2_000.0))
        await store.write(insert_key("app", b"3", 1_000.0))
        rows = await store.read(lambda view: view.keys.all())
        assert [(row.name, row.revoked_at) for row in rows] == [("app", None), ("shop", None)]


async def test_a_rotated_token_goes_on_for_its_grace_and_no_longer(open_store):
    async with open_store() as store:
        await store.write(insert_key("shop", b"1", expires_at=9_000.0))

        def rotate(hash_, at, until, name="shop"):
            return store.write(lambda tx: tx.keys.rotate(name, hash_, at, until))

        assert await rotate(b"2", 2_000.0, 3_000.0)
        assert not await rotate(b"x", 2_000.0, 3_000.0, "none")
        found = await find_key(store, b"1", 2_500.0)
        assert (found.name, found.ends_at, found.hash) == ("shop", 3_000.0, b"1")
        assert (await find_key(store, b"2", 2_500.0)).ends_at == 9_000.0
        assert await find_key(store, b"1", 3_000.0) is None
        assert await store.read(lambda view: view.keys.in_force(2_500.0)) == {b"1", b"2"}
        assert await store.read(lambda view: view.keys.in_force(3_500.0)) == {b"2"}
        # One that is rotated twice ends with the shorter of its graces.
        await rotate(b"3", 2_600.0, 2_700.0)
        assert await store.read(lambda view: view.keys.in_force(2_650.0)) == {b"1", b"2", b"3"}
        assert await store.read(lambda view: view.keys.in_force(2_750.0)) == {b"3"}
        await rotate(b"4", 2_650.0, 2_650.0)
        assert await store.read(lambda view: view.keys.in_force(2_650.0)) == {b"4"}
        await rotate(b"5", 2_700.0, 8_000.0)
    async with open_store() as store:  # after a restart it goes on
        assert (await find_key(store, b"4", 7_999.0)).name == "shop"
        # A clock that is set back lengthens no grace.
        assert await find_key(store, b"4", 2_700.0 - SLACK_S - 1) is None
        assert await find_key(store, b"5", 2_700.0 - SLACK_S - 1) is not None
        assert await store.write(lambda tx: tx.keys.forget_retired(7_999.0)) == 0
        assert await store.write(lambda tx: tx.keys.forget_retired(8_000.0)) == 1
        assert await find_key(store, b"4", 7_999.0) is None
        await rotate_and_revoke(store)


async def rotate_and_revoke(store):
    await store.write(lambda tx: tx.keys.rotate("shop", b"6", 3_000.0, 8_000.0))
    await store.write(lambda tx: tx.keys.revoke("shop", 3_001.0))
    assert await store.read(lambda view: view.keys.in_force(3_002.0)) == set()
    await store.write(insert_key("shop", b"7"))
    assert await store.read(lambda view: view.keys.in_force(3_002.0)) == {b"7"}


async def test_callbacks_are_signed_with_the_secret_of_the_key(open_store):
    async with open_store() as store:
        await store.write(insert_key("shop", b"1"))

        async def secret(name="shop"):
            return await store.look_up(lambda view: view.keys.webhook_secret(name))

        assert (await secret(), await secret("none")) == ("whsec_shop", None)
        assert await store.write(lambda tx: tx.keys.replace_webhook_secret("shop", "whsec_2"))
        assert not await store.write(lambda tx: tx.keys.replace_webhook_secret("none", "whsec_3"))
        assert await secret() == "whsec_2"
        await store.write(lambda tx: tx.keys.revoke("shop", 2_000.0))
        assert not await store.write(lambda tx: tx.keys.replace_webhook_secret("shop", "whsec_4"))
        assert await secret() == "whsec_2", "what it has sent is still to be told"


async def test_the_last_use_of_a_key_is_one_since_it_was_made(open_store):
    async with open_store() as store:
        await store.write(insert_key("shop", b"1"))
        for at, seen in ((999.0, None), (1_001.0, 1_001.0), (2_000.0, 2_000.0)):
            await store.write(lambda tx, at=at: tx.keys.used({"shop": at, "none": at}))
            row = await store.look_up(lambda view: view.keys.get("shop"))
            assert row.last_used_at == seen


# --- what admins did


async def test_what_admins_did_is_listed_the_newest_first_and_by_what_it_was(open_store, clock):
    async with open_store() as store:
        began = clock.now
        for n in range(7):
            clock.now = began + n
            await store.write(
                lambda tx, n=n: tx.audit.record(
                    ("keys.create", "modems.pause")[n % 2],
                    key=("root", None)[n % 2],
                    address="127.0.0.1",
                    target=f"t{n % 3}",
                    outcome=("done", "conflict")[n == 5],
                    detail=f"no. {n}",
                )
            )

        async def listed(**asked):
            page = await store.read(lambda view: view.audit.find(AuditQuery(**asked)))
            return [int(record.detail[4:]) for record in page.items], page.next_cursor

        assert await listed() == ([6, 5, 4, 3, 2, 1, 0], None)
        assert (await listed(key="root"))[0] == [6, 4, 2, 0]
        assert (await listed(action="modems.pause"))[0] == [5, 3, 1]
        assert (await listed(target="t1"))[0] == [4, 1]
        assert (await listed(outcome="conflict"))[0] == [5]
        assert (await listed(since=began + 2, until=began + 4))[0] == [3, 2]
        assert (await listed(key="root", target="t0"))[0] == [6, 0]
        found, cursor = await listed(limit=3)
        await store.write(
            lambda tx: tx.audit.record(
                "later", key=None, address="local", target=None, outcome="done", detail="no. 9"
            )
        )
        found += (await listed(limit=9, cursor=cursor))[0]
        assert found == [6, 5, 4, 3, 2, 1, 0], "what comes in between moves nothing"
        page = await store.read(lambda view: view.audit.find(AuditQuery(limit=2)))
        assert page.items[1] == AuditRecord(
            began + 6, "root", "127.0.0.1", "keys.create", "t0", "done", "no. 6"
        )


# --- what was sent and what it cost


def bucket(day=10, sim="s1", key="shop", type="otp", prefix="+44"):
    return Bucket(day, sim, key, type, prefix)


def euros(amount):
    return Cost(Decimal(amount), "EUR")


def crowns(amount):
    return Cost(Decimal(amount), "SEK")


async def sums(store, *by, **about):
    return await store.read(lambda view: view.usage.sums(UsageQuery(by, **about)))


async def test_what_is_counted_is_added_up_by_what_it_is_told_apart_by(open_store):
    async with open_store() as store:

        def count(tx):
            tx.usage.count(bucket(), Counts(1, 1), euros("0.000001"))
            tx.usage.count(bucket(), Counts(1, 1), euros("0.045"))
            tx.usage.count(bucket(day=11), Counts(delivered=1, failed=-1))
            tx.usage.count(bucket(sim="s2"), Counts(1, failed=1))

        await store.write(count)
        await store.write(lambda tx: tx.usage.count(bucket(), Counts(1, 1), crowns("3")))
    async with open_store() as store:
        assert await sums(store) == [
            UsageSum((), Counts(4, 3, 1, 0), (euros("0.045001"), crowns("3")))
        ]
        assert await sums(store, "sim", "day") == [
            UsageSum(("s1", 10), Counts(3, 3), (euros("0.045001"), crowns("3"))),
            UsageSum(("s1", 11), Counts(0, 0, 1, -1), ()),
            UsageSum(("s2", 10), Counts(1, 0, 0, 1), ()),
        ]
        assert [one.of for one in await sums(store, "prefix", "type", "key")] == [
            ("+44", "otp", "shop")
        ]
        assert [one.of for one in await sums(store, "day", since=11)] == [(11,)]
        assert [one.of for one in await sums(store, "day", until=11)] == [(10,)]
        assert [one.of for one in await sums(store, "day", only={"sim": "s2"})] == [(10,)]
        assert await sums(store, only={"sim": "s3"}) == []
        assert len(await sums(store, "sim", "day", limit=2)) == 2


async def test_what_a_unit_that_failed_has_counted_is_not_counted(open_store):
    async with open_store() as store:

        def fail(tx):
            tx.usage.count(bucket(), Counts(1, 1), euros("1"))
            raise StoreConflict("no")

        failed = store.write(fail)
        counted = store.write(lambda tx: tx.usage.count(bucket(), Counts(1, 1)))
        with pytest.raises(StoreConflict):
            await failed
        await counted
        assert await sums(store) == [UsageSum((), Counts(1, 1), ())]


async def test_free_parts_are_taken_until_none_is_left(open_store):
    async with open_store() as store:

        def take(sim="s1", tariff="home", month=0, most=2):
            return store.write(lambda tx: tx.usage.take_free(sim, tariff, month, most))

        assert [await take() for _ in range(3)] == [True, True, False]
        assert [await take(sim="s2"), await take(tariff="abroad"), await take(month=7)] == [
            True
        ] * 3
        assert [await take(most=3), await take(sim="s3", most=0)] == [True, False]
        assert await store.read(lambda view: view.usage.free_used("s1", "home", 0)) == 3
        assert await store.read(lambda view: view.usage.free_used("s9", "home", 0)) == 0


async def test_an_attempt_ends_once_and_keeps_what_it_costs(open_store):
    async with open_store() as store:
        await store.write(insert("msg_1"))
        key = AttemptKey(1, 1, 1)

        def end(tx):
            tx.attempts.begin(
                key, modem="m1", sim="s1", to="+447700900123", started_at=1.0,
                duplicate_risk=False, receipt_asked=True,
            )  # fmt: skip
            ended = [
                tx.attempts.finish(key, state, reference=7, ended_at=2.0)
                for state in (AttemptState.ACCEPTED, AttemptState.REFUSED)
            ]
            tx.attempts.set_cost(key, euros("0.045"))
            return ended

        assert await store.write(end) == [True, False]
        (part,) = (await get(store, "msg_1")).parts
        assert part.last.cost == euros("0.045")
