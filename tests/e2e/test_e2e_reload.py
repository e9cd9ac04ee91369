"""Modems come, change and go while the gateway runs."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.config import Config
from modemgw.gateway import Gateway, NotFound, Rejected, TooMany
from modemgw.modem import ModemState
from modemgw.store.records import Event, MessageStatus, NewMessage
from modemgw.virtual import Bank

S = MessageStatus
TO = "+447700900123"


def but(config: Config, **more: Any) -> Config:
    return config.model_copy(update=more)


def changed(config: Config, index: int, **more: Any) -> Config:
    """The configuration with one modem changed."""
    modem = list(config.modem)
    modem[index] = modem[index].model_copy(update=more)
    return but(config, modem=tuple(modem))


async def all_ready(gateway: Gateway, *ids: str) -> None:
    async def ready() -> bool:
        states = {v.status.id: v.status.state for v in gateway.modems.views()}
        return set(states) == set(ids) and set(states.values()) == {ModemState.READY}

    await until(ready, why=f"{ids} are ready")


def tasks_of(id: str) -> list[str]:
    return [n for t in asyncio.all_tasks() if (n := t.get_name()).endswith(f" {id}")]


def is_free(path: Path) -> bool:
    """Whether somebody else can have a port."""
    try:
        with open(path, "rb", opener=_opener) as port:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _opener(path: str, flags: int) -> int:
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


async def events(gateway: Gateway, into: list[Event]) -> None:
    async with aclosing(gateway.events.follow(0)) as following:  # type: ignore[type-var]
        async for event in following:
            into.append(event)  # noqa: PERF401 - it is looked at while it grows


def lost(heard: list[Event]) -> list[tuple[Any, Any]]:
    return [(e.data["modem"], e.data["reason"]) for e in heard if e.type == "modem.lost"]


def sent_by(bank: Bank, index: int) -> int:
    number = bank.modems[index].number
    return sum(part.sender == number for part in bank.smsc.accepted)


async def test_modems_are_added_and_removed_while_messages_go_out(tmp_path: Path) -> None:
    heard: list[Event] = []
    async with bank_of(tmp_path, modems=3, part_seconds=0.05) as bank:
        whole = config_of(tmp_path, bank)
        async with gateway_on(but(whole, modem=whole.modem[:2])) as gateway:
            following = asyncio.create_task(events(gateway, heard))
            await all_ready(gateway, "m0", "m1")
            messages = [await send(gateway, f"+4477009001{n:02}") for n in range(40)]
            told = await gateway.reconfigure(but(whole, modem=whole.modem[1:]))
            assert told == ["modem m0: removed", "modem m2: added"]
            before = sent_by(bank, 0)
            assert [v.status.id for v in gateway.modems.views()] == ["m1", "m2"]
            assert [is_free(path) for path in bank.paths[:2]] == [True, False]
            assert tasks_of("m0") == []
            with pytest.raises(KeyError):
                gateway._outbox.queue.matchmaking.lane("m0")
            with pytest.raises(NotFound):
                gateway.modems.view("m0")
            with pytest.raises(Rejected, match="there is no modem 'm0'"):
                await send(gateway, TO, modem="m0")
            await bank.smsc.wait_accepted(40, timeout_s=20)
            assert 0 < before == sent_by(bank, 0)
            assert sent_by(bank, 2) > 0
            await until(lambda: _true(lost(heard)), why="modem.lost")
            assert lost(heard) == [("m0", "removed from the configuration")]
            following.cancel()
            await gateway.reconfigure(whole)
            await all_ready(gateway, "m0", "m1", "m2")
            assert [v.status.id for v in gateway.modems.views()] == ["m0", "m1", "m2"]
            messages.append(await send(gateway, TO, modem="m0"))
            for message in messages:  # the reports on what it sent before come as well
                await status(gateway, message, S.DELIVERED)
            assert len(bank.smsc.accepted) == 41


async def _true(value: object) -> bool:
    return bool(value)


async def test_what_a_keeper_need_not_know_changes_without_it(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=2) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            since = [v.status.ready_since for v in gateway.modems.views()]
            config = changed(config, 0, weight=7, number="+447700900777", routes=("default", "x"))
            config = but(
                config, route=(*config.route, config.routes[0].model_copy(update={"id": "x"}))
            )
            config = but(config, sim_limits=config.sim_limits.model_copy(update={"per_day": 99}))
            assert await gateway.reconfigure(config) == [
                "route x: added",
                "sim_limits.per_day: changed",
                "modem m0: limits, number, routes, weight changed",
                "modem m1: limits changed",
            ]
            first, second = gateway.modems.views()
            assert [first.status.ready_since, second.status.ready_since] == since
            assert (first.weight, first.routes) == (7, ("default", "x"))
            assert first.limits.per_day == second.limits.per_day == 99
            assert first.status.sim is not None
            assert first.status.sim.number == "+447700900777"
            bank.smsc.inject("+447700900222", bank.modems[0].number, "hi")

            async def came() -> bool:
                from modemgw.gateway import InboundQuery

                page = await gateway.inbounds.find(InboundQuery())
                return [i.to for i in page.items] == ["+447700900777"]

            await until(came, why="the inbound message has the new number")
            assert await gateway.reconfigure(config) == []


async def test_a_modem_with_another_port_begins_anew_and_others_are_not_disturbed(
    tmp_path: Path,
) -> None:
    heard: list[Event] = []
    async with bank_of(tmp_path, modems=3) as bank:
        whole = config_of(tmp_path, bank)
        two = but(whole, modem=whole.modem[:2])
        async with gateway_on(two) as gateway:
            await all_ready(gateway, "m0", "m1")
            following = asyncio.create_task(events(gateway, heard))
            since = gateway.modems.view("m1").status.ready_since
            told = await gateway.reconfigure(changed(two, 0, device=str(bank.paths[2])))
            assert told == ["modem m0: begins anew: device changed"]
            await all_ready(gateway, "m0", "m1")
            assert gateway.modems.view("m0").status.imei == bank.modems[2].imei
            assert gateway.modems.view("m1").status.ready_since == since
            assert [is_free(path) for path in bank.paths] == [True, False, False]
            await until(lambda: _true(lost(heard)), why="modem.lost")
            assert lost(heard) == [("m0", "its configuration has changed")]
            following.cancel()


async def test_ports_are_exchanged_and_a_paused_modem_stays_paused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with bank_of(tmp_path, modems=2, part_seconds=0.3) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            gateway.modems.pause("m1")
            await status(gateway, await send(gateway, TO, modem="m0"), S.SENDING)
            lines: list[object] = []
            gateway.modems.follow_trace("m0", lines.append)
            there, here = (str(path) for path in bank.paths)
            crossed = changed(changed(config, 0, device=here), 1, device=there)
            await gateway.reconfigure(crossed)
            lines.clear()

            async def crossed_over() -> bool:
                views = {v.status.id: v.status for v in gateway.modems.views()}
                return (
                    views["m0"].imei == bank.modems[1].imei
                    and views["m0"].state is ModemState.READY
                    and views["m1"].imei == bank.modems[0].imei
                    and views["m1"].state is ModemState.PAUSED
                )

            await until(crossed_over, why="the modems have changed places")
            assert lines, "its trace is still followed"
            assert not [m for m in caplog.messages if "in use" in m], "each waited for the other"


async def test_a_part_that_does_not_end_in_time_is_ambiguous_and_its_report_settles_it(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, modems=2, part_seconds=0.3) as bank:
        config = config_of(tmp_path, bank, gateway={"drain_timeout": 0.1})
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            message = await send(gateway, TO, modem="m0")
            await status(gateway, message, S.SENDING)
            told = await gateway.reconfigure(but(config, modem=config.modem[1:]))
            assert told == [
                "modem m0: removed",
                "modem m0: a part was still in the air after 0.1 s",
            ]

            async def stopped() -> bool:
                error = (await gateway.messages.get(message.id)).parts[0].attempts[0].error
                return error is not None and error.code == "stopped"

            await until(stopped, why="the attempt is ambiguous")
            await gateway.reconfigure(config)  # its SIM is back, and the report comes there
            await status(gateway, message, S.DELIVERED)
            assert len(bank.smsc.accepted) == 1


async def test_it_ends_while_a_modem_is_let_go(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=2, part_seconds=0.3) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            message = await send(gateway, TO, modem="m0")
            await status(gateway, message, S.SENDING)
            anew = changed(config, 0, roaming=False)
            changing = asyncio.create_task(gateway.reconfigure(anew))
            await asyncio.sleep(0.05)
            changing.cancel()
        assert tasks_of("m0") == tasks_of("m1") == []
        assert len(bank.smsc.accepted) == 1
        async with gateway_on(config) as gateway:
            await status(gateway, message, S.DELIVERED)


async def test_a_change_that_was_cancelled_is_made_whole_by_the_next_one(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=2, part_seconds=0.3) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            message = await send(gateway, TO, modem="m0")
            await status(gateway, message, S.SENDING)
            for more in ({"roaming": False}, {"smsc": "+447700900999"}):
                changing = asyncio.create_task(gateway.reconfigure(changed(config, 0, **more)))
                await asyncio.sleep(0.05)
                changing.cancel()
            await gateway.reconfigure(config)
            await all_ready(gateway, "m0", "m1")
            assert len(tasks_of("m0")) == 2, "a keeper and a lane"
            assert await gateway.reconfigure(config) == [], "what was wanted last is there"
            await status(gateway, message, S.DELIVERED)
            await status(gateway, await send(gateway, TO, modem="m0"), S.DELIVERED)
            assert len(bank.smsc.accepted) == 2


async def test_a_profile_that_there_is_not_changes_nothing(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=2) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0", "m1")
            wrong = changed(but(config, modem=config.modem[1:]), 0, profile="toaster")
            with pytest.raises(ValueError, match="toaster"):
                await gateway.reconfigure(wrong)
            await all_ready(gateway, "m0", "m1")
            assert gateway.config == config


async def test_limits_at_the_door_count_what_was_accepted_before(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=1) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            for n in range(3):
                await send(gateway, f"+44770090012{n}")
            limit = {"per_hour": 4}
            await gateway.reconfigure(
                but(config, key_limits=config.key_limits.model_copy(update=limit))
            )
            await send(gateway, TO)
            with pytest.raises(TooMany):
                await send(gateway, TO)
            await gateway.reconfigure(config)
            await send(gateway, TO)


async def test_acceptance_and_handlers_go_by_the_new_configuration(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=1) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await all_ready(gateway, "m0")
            new = config_of(
                tmp_path,
                bank,
                gateway={"default_region": "CH"},
                handler=[{"reply": "thanks"}],
                type={"transactional": {"validity": 60}},
            )
            await gateway.reconfigure(new)
            accepted = await gateway.sending.send(
                NewMessage(to="079 123 45 67", text="x"), key="test"
            )
            assert accepted.message is not None
            assert accepted.message.to == "+41791234567"
            assert accepted.message.expires_at == accepted.message.created_at + 60
            bank.smsc.inject("+447700900222", bank.modems[0].number, "hi")

            async def answered() -> bool:
                return ("+447700900222", "thanks") in [
                    (m.destination, m.text) for m in bank.smsc.messages
                ]

            await until(answered, why="the reply")


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_changes_each_message_arrives_once(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    async with bank_of(tmp_path, modems=5, part_seconds=0.02) as bank:
        whole = config_of(tmp_path, bank, route=[{"id": "a"}, {"id": "b"}, {"id": "default"}])

        def some() -> Config:
            modems = chance.sample(whole.modem, chance.randint(0, 4))
            routes = chance.sample(whole.route, chance.randint(1, 3))
            names = [r.id for r in routes] + ["default"]
            return but(
                whole,
                route=tuple(routes),
                sim_limits=whole.sim_limits.model_copy(
                    update={"min_interval": chance.choice([0, 0, 0.01])}
                ),
                modem=tuple(
                    m.model_copy(
                        update={
                            "routes": tuple(chance.sample(names, chance.randint(1, len(names)))),
                            "roaming": chance.random() < 0.7,
                            "weight": chance.randint(1, 3),
                        }
                    )
                    for m in modems
                ),
            )

        async with gateway_on(whole) as gateway:
            expected: list[Any] = []
            for _ in range(12):
                for _ in range(15):
                    to = f"+4477009{len(expected):05}"
                    await send(gateway, to, route=chance.choice(gateway.config.routes).id)
                    expected.append(to)
                await asyncio.sleep(chance.choice([0, 0.05, 0.2]))
                await gateway.reconfigure(some())
            every = tuple(m.model_copy(update={"routes": ("default",)}) for m in whole.modem)
            await gateway.reconfigure(but(whole, route=(), modem=every))
            await bank.smsc.wait_accepted(len(expected), timeout_s=30)
            await asyncio.sleep(0.3)
            assert sorted(p.destination for p in bank.smsc.accepted) == expected
