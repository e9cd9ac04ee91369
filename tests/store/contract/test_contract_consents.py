"""What any store guarantees of consents (modemgw/store/contract/consents.py)."""

from __future__ import annotations

import pytest

from modemgw.store import Consent, ConsentQuery, ConsentState
from modemgw.store.contract.consents import EVERYTHING

IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
ANNA, BOB = "+447700900111", "+447700900222"
NOON = 1_795_000_000.0


def consent(number=ANNA, state=OUT, scope=EVERYTHING, at=NOON, **more):
    return Consent(number, scope, state, more.pop("source", "sms"), at, at, **more)


def record(*consents, **how):
    return lambda tx: tx.consents.record(consents, **how)


async def test_a_decision_stands_until_there_is_another_and_both_are_kept(open_store):
    first = consent(evidence="STOP", inbound="in_1")
    second = consent(state=IN, at=NOON + 60, source="web-form", evidence="page 7", key="shop")
    async with open_store() as store:
        await store.write(record(first))
        await store.write(record(second))
    async with open_store() as store:
        assert await store.look_up(lambda view: view.consents.current(ANNA)) == second
        assert await store.look_up(lambda view: view.consents.history(ANNA)) == [second, first]
        assert await store.look_up(lambda view: view.consents.current(BOB)) is None


async def test_a_decision_can_be_kept_that_does_not_stand(open_store):
    async with open_store() as store:
        await store.write(record(consent()))
        late = consent(state=IN, at=NOON - 60)
        await store.write(record(late, stands=False))
        assert await store.look_up(lambda view: view.consents.current(ANNA)) == consent()
        assert await store.look_up(lambda view: view.consents.history(ANNA)) == [late, consent()]


async def test_each_scope_has_a_decision_of_its_own(open_store):
    async with open_store() as store:
        news = consent(state=IN, scope="news")
        await store.write(record(news, consent()))
        assert await store.look_up(lambda view: view.consents.current(ANNA, "news")) == news
        assert await store.look_up(lambda view: view.consents.standing(ANNA)) == [consent(), news]


async def test_what_stands_is_listed_by_pages_the_newest_first(open_store):
    all_ = [consent(f"+4477009{i:05}", (IN, OUT)[i % 2], at=NOON + i) for i in range(5)]
    async with open_store() as store:
        await store.write(record(consent(ANNA, IN, at=NOON - 5)))  # stands no more
        await store.write(record(*all_, consent(ANNA, OUT, scope="news", at=NOON - 1)))
        found, cursor = [], None
        while True:
            query = ConsentQuery(state=OUT, scope=EVERYTHING, limit=1, cursor=cursor)
            page = await store.read(lambda view, query=query: view.consents.find(query))
            found += page.items
            if (cursor := page.next_cursor) is None:
                break
        assert found == [all_[3], all_[1]]
        one = await store.read(lambda view: view.consents.find(ConsentQuery(number=ANNA)))
        assert [c.scope for c in one.items] == ["news", EVERYTHING]


async def test_a_foreign_cursor_is_no_place(open_store):
    async with open_store() as store:
        with pytest.raises(ValueError):  # noqa: PT011 - each store has its own words
            await store.read(lambda view: view.consents.find(ConsentQuery(cursor="nonsense")))


async def test_all_that_stands_is_read_part_by_part(open_store):
    async with open_store() as store:
        await store.write(record(consent(ANNA), consent(BOB), consent(ANNA, IN, at=NOON + 1)))
        ((n, first),) = await store.read(lambda view: view.consents.after(0, 1))
        rest = await store.read(lambda view: view.consents.after(n, 5))
        assert [first, *(one for _, one in rest)] == [consent(BOB), consent(ANNA, IN, at=NOON + 1)]


async def test_an_erased_number_leaves_a_mark_only_if_it_was_opted_out(open_store):
    async with open_store() as store:
        await store.write(record(consent(ANNA, IN), consent(ANNA), consent(BOB, IN)))
        assert await store.write(lambda tx: tx.consents.erase(ANNA)) == 2
        assert await store.write(lambda tx: tx.consents.erase(BOB)) == 1
    async with open_store() as store:
        assert await store.look_up(lambda view: view.consents.history(ANNA)) == []
        assert await store.look_up(lambda view: view.consents.standing(ANNA)) == []
        erased = await store.look_up(lambda view: view.consents.erased())
        assert ANNA in erased
        assert BOB not in erased
        assert ANNA.encode() not in b"".join(erased.marks)


async def test_who_opts_into_everything_again_has_no_mark_any_more(open_store):
    async with open_store() as store:
        await store.write(record(consent(ANNA)))
        await store.write(lambda tx: tx.consents.erase(ANNA))
        await store.write(record(consent(ANNA, IN, scope="news"), consent(BOB, IN)))
        await store.write(record(consent(ANNA, IN), stands=False))
        assert ANNA in await store.look_up(lambda view: view.consents.erased())
        await store.write(record(consent(ANNA, IN)))
        assert ANNA not in await store.look_up(lambda view: view.consents.erased())
