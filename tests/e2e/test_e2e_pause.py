"""An administrator's pause holds whatever becomes of the modem, until it is taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from labs.bank import bank_of
from labs.gateway import TIMINGS, config_of, gateway_on, send, status, stays
from labs.waiting import until

from modemgw.config import Config
from modemgw.gateway import Gateway
from modemgw.modem import ModemState
from modemgw.store.records import MessageStatus
from modemgw.virtual import Bank

BRIEF = replace(TIMINGS, pulse=0.1, patience=0.1, reinit_tries=2, boot_tries=2, quarantine=(20.0,))
TO = "+447700900123"
S = ModemState


async def is_in(gateway: Gateway, state: ModemState) -> None:
    async def reached() -> bool:
        return gateway.modems.view("m0").status.state is state

    await until(reached, why=f"m0 is {state}")


def other(config: Config, **more: object) -> Config:
    modem = config.modem[0].model_copy(update=more)
    return config.model_copy(update={"modem": (modem, *config.modem[1:])})


async def test_a_pause_holds_over_restarts_and_reloads_and_so_does_its_end(tmp_path: Path) -> None:
    async with bank_of(tmp_path, modems=1) as bank:
        config = config_of(tmp_path, bank)
        async with gateway_on(config) as gateway:
            await is_in(gateway, S.READY)
            gateway.modems.pause("m0")
            await is_in(gateway, S.PAUSED)
            message = await send(gateway, TO)
        async with gateway_on(config) as gateway:
            await is_in(gateway, S.PAUSED)
            await stays(gateway, message, MessageStatus.QUEUED, 0.3)
            await gateway.reconfigure(other(config, roaming=False))  # it begins anew
            await is_in(gateway, S.PAUSED)
            gateway.modems.restart("m0")
            await until(lambda: _is_not(gateway, S.PAUSED), why="it is begun anew")
            await is_in(gateway, S.PAUSED)
            await gateway.reconfigure(config.model_copy(update={"modem": ()}))
            await gateway.reconfigure(config)
            await is_in(gateway, S.PAUSED)
            gateway.modems.resume("m0")
            await status(gateway, message, MessageStatus.DELIVERED)
        async with gateway_on(config) as gateway:
            await is_in(gateway, S.READY)


@pytest.mark.parametrize("state", [S.ABSENT, S.RECOVERING, S.QUARANTINED])
async def test_a_pause_holds_for_the_modem_that_takes_its_place_in_whatever_state(
    tmp_path: Path, state: ModemState
) -> None:
    async with bank_of(tmp_path, modems=1) as bank:
        config = config_of(tmp_path, bank)
        async with Gateway.open(config, timings=BRIEF) as gateway:
            await is_in(gateway, S.READY)
            await _bring_into(gateway, bank, state)
            gateway.modems.pause("m0")  # said while it cannot work
            await gateway.reconfigure(other(config, roaming=False))
            _mend(bank, state)
            await is_in(gateway, S.PAUSED)
            message = await send(gateway, TO)
            await stays(gateway, message, MessageStatus.QUEUED, 0.3)
        async with Gateway.open(config, timings=BRIEF) as gateway:
            await is_in(gateway, S.PAUSED)
            gateway.modems.resume("m0")
            await status(gateway, message, MessageStatus.DELIVERED)


async def _is_not(gateway: Gateway, state: ModemState) -> bool:
    return gateway.modems.view("m0").status.state is not state


async def _bring_into(gateway: Gateway, bank: Bank, state: ModemState) -> None:
    faults = bank.modems[0].faults
    if state is S.ABSENT:
        faults.unplug()
    else:
        faults.hang()
    await is_in(gateway, state)


def _mend(bank: Bank, state: ModemState) -> None:
    faults = bank.modems[0].faults
    if state is S.ABSENT:
        faults.replug()
    else:
        faults.revive()
