"""What any store guarantees of alerts (modemgw/store/contract/alerts.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modemgw.store import Alert, AlertQuery, Silence

NOON = 1_795_000_000.0


def alert(n=1, **more):
    return Alert(
        **{
            "id": f"alr_{n}", "alert": "modem-down", "metric": "modem_down", "severity": "warning",
            "subject": "m1", "modem": "m1", "value": 1.0, "threshold": 1.0,
            "reason": "the modem m1 is absent", "raised_at": NOON + n,
        } | more
    )  # fmt: skip


def raised(*alerts):
    def work(tx):
        for one in alerts:
            tx.alerts.raise_(one)

    return work


async def test_an_alert_stands_over_a_restart_until_it_is_cleared_once(open_store):
    async with open_store() as store:
        await store.write(raised(alert(2), alert(1, modem=None, subject="otp")))
        await store.write(raised(alert(2, reason="told twice")))
    async with open_store() as store:
        first, second = alert(1, modem=None, subject="otp"), alert(2)
        assert await store.read(lambda view: view.alerts.standing()) == [first, second]
        assert await store.write(lambda tx: tx.alerts.clear("alr_2", NOON + 60))
        assert not await store.write(lambda tx: tx.alerts.clear("alr_2", NOON + 90))
        assert not await store.write(lambda tx: tx.alerts.clear("alr_9", NOON + 90))
        assert await store.read(lambda view: view.alerts.standing()) == [first]
        cleared = replace(second, cleared_at=NOON + 60)
        assert await store.look_up(lambda view: view.alerts.get("alr_2")) == cleared
        assert await store.look_up(lambda view: view.alerts.get("alr_9")) is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, (4, 3, 2, 1)),
        ({"raised": True}, (4, 3, 1)),
        ({"raised": False}, (2,)),
        ({"alert": "disk"}, (3,)),
        ({"severity": "critical"}, (3,)),
        ({"subject": "gateway"}, (3,)),
        ({"modem": "m1"}, (4, 2, 1)),
        ({"since": NOON + 2, "until": NOON + 4}, (3, 2)),
    ],
)
async def test_they_are_listed_by_pages_the_newest_first(open_store, query, found):
    disk = alert(3, alert="disk", severity="critical", subject="gateway", modem=None)
    async with open_store() as store:
        await store.write(raised(alert(1), alert(2), disk, alert(4)))
        await store.write(lambda tx: tx.alerts.clear("alr_2", NOON + 60))
        seen, cursor = [], None
        while True:
            asked = AlertQuery(**query, limit=1, cursor=cursor)
            page = await store.read(lambda view, asked=asked: view.alerts.find(asked))
            seen += [one.id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [f"alr_{n}" for n in found]


async def test_a_foreign_cursor_is_refused(open_store):
    async with open_store() as store:
        with pytest.raises(ValueError, match=r"cursor|convert|unpack|float"):
            await store.read(lambda view: view.alerts.find(AlertQuery(cursor="x")))


async def test_a_silence_is_of_an_alert_about_a_subject(open_store, clock):
    async with open_store() as store:
        await store.write(raised(alert(1), alert(2, subject="m2")))
        await store.write(lambda tx: tx.alerts.silence(Silence("modem-down", "m1", NOON + 50)))
        await store.write(lambda tx: tx.alerts.silence(Silence("modem-down", "m1", NOON + 99)))
    async with open_store() as store:
        until = [one.silenced_until for one in await store.read(lambda v: v.alerts.standing())]
        assert until == [NOON + 99, None]
        assert await store.read(lambda view: view.alerts.silences()) == [
            Silence("modem-down", "m1", NOON + 99)
        ]
        clock.now = NOON + 100
        await store.write(lambda tx: tx.alerts.silence(Silence("modem-down", "m2", NOON + 200)))
        assert await store.read(lambda view: view.alerts.silences()) == [
            Silence("modem-down", "m2", NOON + 200)
        ]


async def test_what_was_cleared_long_ago_is_deleted(open_store):
    async with open_store() as store:
        await store.write(raised(alert(1), alert(2), alert(3)))
        await store.write(lambda tx: tx.alerts.clear("alr_1", NOON + 10))
        await store.write(lambda tx: tx.alerts.clear("alr_2", NOON + 20))
        assert await store.write(lambda tx: tx.alerts.delete_cleared(NOON + 20)) == 1
        page = await store.read(lambda view: view.alerts.find(AlertQuery()))
        assert [one.id for one in page.items] == ["alr_3", "alr_2"]
