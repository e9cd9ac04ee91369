"""The outbox goes by another configuration while messages wait and parts are in the air."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from labs.clock import FakeClock
from labs.outbox import Lab, config_of, running

from modemgw.gateway.outgoing import life, rerouting
from modemgw.modem import NotSubmitted, SimIdentity, SubmitAmbiguous
from modemgw.store import StoreUnavailable
from modemgw.store.records import Mailing, MessageStatus, NewMessage

TO = "+447700900123"
LIMITED: dict[str, Any] = {"sim_limits": {"per_hour": 3}}
TWO_ROUTES = [
    {"id": "bulk", "match": {"type": ["promotional"]}},
    {"id": "swiss", "match": {"to_prefix": ["+41"]}},
    {"id": "default"},
]


async def go_by(lab: Lab, tmp_path: Path, modems: int = 1, **more: Any) -> list[str]:
    """Have the lab go by another configuration, as the gateway does."""
    lab.config = config_of(tmp_path, modems, **more)
    with closing(lab.outbox.follow(lab.config)) as rest:
        for section in lab.config.modem:
            await lab.outbox.lanes.change(section)
        told = await rest
    await lab.settle()
    return told


def count_late(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The store counts at once, but its answer waits for this event."""
    write, answer = lab.store.write, asyncio.Event()

    def late(work: Any, **more: Any) -> Any:
        written = write(work, **more)
        if "count_anew" not in work.__qualname__:
            return written

        async def result() -> Any:
            await answer.wait()
            return await written

        return result()

    monkeypatch.setattr(lab.store, "write", late)
    return answer


async def route_in_store(lab: Lab, id: str) -> str:
    found = await lab.store.read(lambda view: view.messages.get(id, life.part_status))
    assert found is not None
    return found.route


# --- limits


async def test_new_limits_count_what_the_sim_has_sent_before(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        for _ in range(2):
            await lab.accept()
        await lab.settle()
        await go_by(lab, tmp_path, **LIMITED)
        for _ in range(2):
            await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 3
        await lab.pass_time(3599)
        assert len(lab.sent()) == 3
        await lab.pass_time(2)
        assert len(lab.sent()) == 4


async def test_limits_that_are_lifted_let_what_waits_go_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, **LIMITED) as lab:
        for _ in range(5):
            await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 3
        await go_by(lab, tmp_path)
        assert len(lab.sent()) == 5


@pytest.mark.parametrize(("goes_out", "sent"), [(True, 3), (False, 4)])
async def test_the_part_in_the_air_counts_once_when_it_goes_out(
    tmp_path: Path, goes_out: bool, sent: int
) -> None:
    async with running(tmp_path) as lab:
        in_the_air, answer = asyncio.Event(), asyncio.Event()

        async def slowly(submit: object) -> Exception | None:
            in_the_air.set()
            await answer.wait()
            return None if goes_out else NotSubmitted("no prompt")

        lab.modems["m1"].script.append(slowly)
        await lab.accept()
        await in_the_air.wait()
        await go_by(lab, tmp_path, **LIMITED)
        answer.set()
        for _ in range(4):
            await lab.accept()
        await lab.pass_time(5)
        await lab.pass_time(5)
        # One that did not go out was typed as well, but it is no use of the limit.
        assert len(lab.sent()) == sent


async def test_a_part_that_comes_back_while_the_store_counts_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        in_the_air, answer = asyncio.Event(), asyncio.Event()

        async def slowly(submit: object) -> Exception:
            in_the_air.set()
            await answer.wait()
            return NotSubmitted("no prompt")

        lab.modems["m1"].script.append(slowly)
        await lab.accept()
        await in_the_air.wait()
        counted = count_late(lab, monkeypatch)
        going = asyncio.create_task(go_by(lab, tmp_path, **LIMITED))
        await lab.settle()
        answer.set()
        await lab.settle()
        counted.set()
        await going
        for _ in range(3):
            await lab.accept()
        await lab.pass_time(2)
        await lab.pass_time(2)
        assert len(lab.modems["m1"].sent) == 1 + 3


async def test_a_long_message_that_goes_on_while_the_store_counts_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        answers = [asyncio.Event() for _ in range(3)]
        in_the_air = asyncio.Event()

        def slowly(n: int) -> Any:
            async def answer(submit: object) -> None:
                in_the_air.set()
                await answers[n].wait()

            return answer

        lab.modems["m1"].script += [slowly(n) for n in range(3)]
        await lab.accept(text="Twelve drummers drumming. " * 14)
        await in_the_air.wait()

        counted = count_late(lab, monkeypatch)
        going = asyncio.create_task(go_by(lab, tmp_path, sim_limits={"per_hour": 4}))
        await lab.settle()
        answers[0].set()
        answers[1].set()
        await lab.settle()  # now the third part is in the air, and the store counts still
        assert len(lab.sent()) == 3
        counted.set()
        await going
        answers[2].set()
        for _ in range(3):
            await lab.accept()
        await lab.pass_time(5)
        assert len(lab.sent()) == 4


async def test_nothing_begins_while_the_store_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        write = lab.store.write
        asked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def never(work: Any, **more: Any) -> Any:
            return asked if "count_anew" in work.__qualname__ else write(work, **more)

        monkeypatch.setattr(lab.store, "write", never)
        going = asyncio.create_task(go_by(lab, tmp_path, **LIMITED))
        await lab.settle()
        await lab.accept()
        await lab.settle()
        assert lab.sent() == []
        asked.set_result([])
        await going
        assert lab.sent() == ["hello"]


async def test_when_the_store_cannot_count_the_old_limits_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        write = lab.store.write

        def full(work: Any, *, keep: bool = False) -> Any:
            if "count_anew" not in work.__qualname__:
                return write(work, keep=keep)
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the disk is full"))
            return failed

        monkeypatch.setattr(lab.store, "write", full)
        with pytest.raises(StoreUnavailable):
            await go_by(lab, tmp_path, **LIMITED)
        monkeypatch.undo()
        for _ in range(4):
            await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 4
        await go_by(lab, tmp_path, **LIMITED)
        await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 4, "the next reload counts"


async def test_a_sim_that_moves_to_a_modem_with_other_limits_goes_by_those(
    tmp_path: Path,
) -> None:
    more: dict[str, Any] = {"m2": {"limits": {"per_hour": 3}}}
    async with running(tmp_path, 2, ready=False, **more) as lab:
        await lab.up("m1")
        for _ in range(2):
            await lab.accept()
        await lab.settle()
        lab.down("m1")
        lab.modems["m2"].sim = lab.modems["m1"].sim
        await lab.up("m2")
        for _ in range(3):
            await lab.accept()
        await lab.settle()
        assert len(lab.sent()) == 3


async def test_routes_and_weight_of_a_lane_change_while_it_is_idle(tmp_path: Path) -> None:
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        message = await lab.accept(TO, type="promotional")
        await lab.settle()
        assert lab.sent() == []
        await go_by(lab, tmp_path, route=TWO_ROUTES, m1={"routes": ["default", "bulk"]})
        assert (await lab.message(message)).status is MessageStatus.SENT


# --- routes


async def test_what_waits_for_a_route_that_is_gone_is_routed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerouting, "CHUNK", 2)
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        waiting = [await lab.accept(TO, type="promotional") for _ in range(5)]
        swiss = await lab.accept("+41791234567")
        later = await lab.accept(TO, type="promotional", send_at=lab.clock.now + 60)
        told = await go_by(lab, tmp_path, route=TWO_ROUTES[1:])
        assert told == ["6 messages waited for a route that is gone: they have another"]
        for message in waiting:
            assert (await lab.message(message)).status is MessageStatus.SENT
            assert await route_in_store(lab, message.id) == "default"
        assert (await lab.message(later)).status is MessageStatus.SCHEDULED
        await lab.pass_time(61)
        assert (await lab.message(later)).status is MessageStatus.SENT
        assert (await lab.message(swiss)).status is MessageStatus.QUEUED, "its route is there"
        assert len(lab.sent()) == 6


async def test_a_message_keeps_its_route_though_its_match_has_changed(tmp_path: Path) -> None:
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        message = await lab.accept(TO, type="promotional")
        routes = [{"id": "bulk", "match": {"type": ["otp"]}}, *TWO_ROUTES[1:]]
        assert await go_by(lab, tmp_path, route=routes) == []
        assert await route_in_store(lab, message.id) == "bulk"
        assert lab.sent() == []


async def test_what_no_route_matches_any_more_waits_and_is_told(tmp_path: Path) -> None:
    narrow = [{"id": "default", "match": {"type": ["otp"]}}]
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        message = await lab.accept(TO, type="promotional")
        told = await go_by(lab, tmp_path, route=narrow)
        assert told == ["1 messages wait for a route that is gone, and no other matches them"]
        assert lab.sent() == []
        await go_by(lab, tmp_path, route=TWO_ROUTES, m1={"routes": ["bulk"]})
        assert (await lab.message(message)).status is MessageStatus.SENT, "the route came back"


async def test_a_message_in_the_air_that_comes_back_takes_its_new_route(tmp_path: Path) -> None:
    more: dict[str, Any] = {"m1": {"routes": ["bulk"]}, "m2": {"routes": ["swiss"]}}
    async with running(tmp_path, 2, route=TWO_ROUTES, **more) as lab:
        in_the_air, answer = asyncio.Event(), asyncio.Event()

        async def slowly(submit: object) -> Exception:
            in_the_air.set()
            await answer.wait()
            return NotSubmitted("no prompt")

        lab.modems["m1"].script.append(slowly)
        message = await lab.accept("+41791234567", type="promotional")
        await in_the_air.wait()
        later: dict[str, Any] = {"m1": {"routes": ["default"]}, "m2": {"routes": ["swiss"]}}
        await go_by(lab, tmp_path, 2, route=TWO_ROUTES[1:], **later)
        answer.set()
        await lab.pass_time(5)
        await lab.pass_time(5)
        assert (await lab.message(message)).status is MessageStatus.SENT
        assert [len(m.sent) for m in lab.modems.values()] == [1, 1]


async def test_routes_that_went_while_the_gateway_was_down_are_found_at_the_start(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with running(tmp_path, route=TWO_ROUTES, clock=clock) as lab:
        bulk = await lab.accept(TO, type="promotional")
        swiss = await lab.accept("+41791234567")
        lab.down("m1")
        pinned = await lab.accept(TO, modem="m1", type="promotional")
        await lab.settle()
    only = [{"id": "default", "match": {"to_prefix": ["+44"]}}]
    async with running(tmp_path, 0, route=only, clock=clock) as lab:
        assert lab.found is not None
        assert lab.found.lines() == [
            "3 accepted messages wait to be sent",
            "1 messages waited for a route that is gone: they have another",
            "1 messages wait for a route that is gone, and no other matches them",
            "1 messages wait for modem m1, which is not configured: "
            "it may come back under this id until their validity ends",
        ]
        assert await route_in_store(lab, bulk.id) == "default"
        assert await route_in_store(lab, swiss.id) == "swiss"
    async with running(tmp_path, route=only, clock=clock) as lab:
        assert (await lab.message(bulk)).status is MessageStatus.SENT
        assert (await lab.message(pinned)).status is MessageStatus.SENT, "its modem is back"


async def test_what_was_checked_by_routes_of_before_takes_one_that_is_there(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        checked = lab.check(NewMessage(to=TO, text="hello", type="promotional"))
        assert checked.route == "bulk"
        await go_by(lab, tmp_path, route=TWO_ROUTES[1:])
        await lab.outbox.accept([Mailing.of(checked)])
        assert (await lab.message(checked)).status is MessageStatus.SENT
        assert await route_in_store(lab, checked.id) == "default"


async def test_a_disk_that_is_full_leaves_them_where_they_are_until_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, route=TWO_ROUTES) as lab:
        message = await lab.accept(TO, type="promotional")

        def full(work: Any, **more: Any) -> Any:
            if "then" not in more:  # what is written without it is not about routes
                return write(work, **more)
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(StoreUnavailable("the disk is full"))
            return failed

        write = lab.store.write
        monkeypatch.setattr(lab.store, "write", full)
        told = await go_by(lab, tmp_path, route=TWO_ROUTES[1:])
        assert [line for line in told if "reload again: the disk is full" in line]
        assert lab.sent() == []
        monkeypatch.undo()
        await go_by(lab, tmp_path, route=TWO_ROUTES[1:])
        assert (await lab.message(message)).status is MessageStatus.SENT


async def test_a_route_that_becomes_sticky_knows_who_wrote_before(tmp_path: Path) -> None:
    async with running(tmp_path, 2, ready=False) as lab:
        await lab.up("m1")
        await lab.accept(TO)
        await lab.settle()
        await lab.up("m2")
        sticky = [{"id": "default", "policy": "sticky"}]
        await go_by(lab, tmp_path, 2, route=sticky)
        for _ in range(4):
            await lab.message(await lab.accept(TO))
        assert [len(m.sent) for m in lab.modems.values()] == [5, 0]


# --- lanes that go


async def test_messages_of_a_lane_that_goes_are_sent_by_the_others(tmp_path: Path) -> None:
    async with running(tmp_path, 2, ready=False) as lab:
        waiting = [await lab.accept() for _ in range(4)]
        pinned = await lab.accept(modem="m1")
        lab.lanes["m1"].drain()
        await lab.tasks["m1"]
        lab.outbox.lanes.remove("m1")
        config = config_of(tmp_path, 2)
        await lab.outbox.follow(config.model_copy(update={"modem": config.modem[1:]}))
        assert lab.outbox.pinned_to_nobody() == [
            "1 messages wait for modem m1, which is not configured: "
            "it may come back under this id until their validity ends"
        ]
        await lab.outbox.lanes.set_ready("m1", SimIdentity("1"))  # a word of it that comes too late
        lab.outbox.lanes.set_unready("m1")
        await lab.up("m2")
        for message in waiting:
            assert (await lab.message(message)).status is MessageStatus.SENT
        await lab.pass_time(3 * 86400)
        assert (await lab.message(pinned)).status is MessageStatus.EXPIRED


async def test_the_message_of_a_lane_that_is_cancelled_waits_for_word(tmp_path: Path) -> None:
    async with running(tmp_path, 2, gateway={"receipt_timeout": 1000}) as lab:
        hung = asyncio.Event()

        async def hang(submit: object) -> None:
            hung.set()
            await asyncio.Event().wait()

        for modem in lab.modems.values():
            modem.script.append(hang)
        sure, unsure = await lab.accept(TO), await lab.accept("+447700900124", type="otp")
        await hung.wait()
        await lab.settle()
        for id in ("m1", "m2"):
            lab.lanes[id].drain()
            lab.tasks[id].cancel()
        await asyncio.gather(*lab.tasks.values(), return_exceptions=True)
        lab.outbox.lanes.remove("m1")
        first = await lab.message(sure)
        attempt = first.parts[0].attempts[0]
        assert attempt.error is not None
        assert attempt.error.code == "stopped"
        core = lab.outbox.queue.matchmaking
        assert core.waiting_for(core.lane("m2")) == 0
        await lab.pass_time(61)
        assert core.waiting_for(core.lane("m2")) == 1, "the OTP is to be sent once more"
        assert (await lab.message(unsure)).status is MessageStatus.SENDING
        await lab.pass_time(940)
        assert (await lab.message(sure)).status is MessageStatus.UNKNOWN


async def test_policies_change_for_what_is_in_the_air(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        in_the_air, answer = asyncio.Event(), asyncio.Event()

        async def slowly(submit: object) -> Exception:
            in_the_air.set()
            await answer.wait()
            return SubmitAmbiguous("no answer")

        lab.modems["m1"].script.append(slowly)
        message = await lab.accept()
        await in_the_air.wait()
        retry = {"transactional": {"ambiguous": "retry", "ambiguous_wait": 10}}
        await go_by(lab, tmp_path, type=retry)
        answer.set()
        await lab.pass_time(11)
        assert len(lab.sent()) == 2
        assert (await lab.message(message)).status is MessageStatus.SENT
