"""Each fault that modems have, on one of four at full load: what is promised all the same.

Counted at the virtual service centre: everything accepted arrives, once, unless a policy allows a
second copy, and then it is shown; the neighbours go on as before; the ill modem is back in time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from labs.clock import now
from labs.waiting import until
from labs.ward import BOOT_S, DONE, HEALTHY, MOST_WORK, PART_S, SCALED, WATCHED_S, Ward, judge, ward

from modemgw.gateway.fleet import fleet
from modemgw.modem import Locator
from modemgw.modem.probing import PortCandidate
from modemgw.store.records import MessageStatus

S = MessageStatus

assert SCALED.submit is not None
NOTICED_S = max(SCALED.prompt, SCALED.submit, SCALED.settings_check, SCALED.poll)
"""A silence or lost settings are noticed within this time."""
RESYNC_S = 4 * SCALED.tries * SCALED.answer
REINIT_S = 1.5
"""Identification and settings are some thirty commands; the machine may be busy, too."""
CLIMB_S = NOTICED_S + RESYNC_S + REINIT_S
QUARANTINED_S = 1.1 * SCALED.quarantine[0] + CLIMB_S
SIM_BUSY_S = 0.5 + 2.0 + CLIMB_S
"""The error table lets a busy SIM rest for two seconds."""


@dataclass(frozen=True)
class Row:
    """One fault. `strike` returns when the world around the modem is well again."""

    name: str
    strike: Callable[[Ward], Awaitable[None]]
    back_s: float
    """After `strike`, so soon a part goes through the modem again."""
    doubts: int = 0
    """So many messages may have been in doubt at most: only what was in the air."""
    doubts_at_least: int = 0
    become: MessageStatus | None = None
    """What each message that the modem carried from the strike on has to become."""
    bank: dict[str, Any] = field(default_factory=dict)
    section: dict[str, Any] = field(default_factory=dict)


def noticed(name: str, **how: Any) -> Callable[[Ward], Awaitable[None]]:
    """A fault by its name, until the modem's keeper has noticed it."""

    async def strike(w: Ward) -> None:
        before = w.status.recoveries
        getattr(w.faults, name)(**how)
        await w.falls_ill(before, NOTICED_S + 2)

    return strike


def fault(name: str, **how: Any) -> Callable[[Ward], Awaitable[None]]:
    """A fault by its name, that ends by itself."""

    async def strike(w: Ward) -> None:
        getattr(w.faults, name)(**how)

    return strike


async def dead(w: Ward) -> None:
    w.faults.hang()
    await w.state("quarantined", within_s=30)
    w.faults.revive()


async def garbage(w: Ward) -> None:
    for octets in (1, 7, 100, 1000):
        w.faults.garbage(octets)
        await asyncio.sleep(0.1)


async def split(w: Ward) -> None:
    w.faults.split(0.001)
    await asyncio.sleep(1.0)
    assert w.moments(0)[-1] > now() - 0.8, "it goes on"
    w.faults.split(None)


async def storm(w: Ward) -> None:
    for line in ("^RSSI: 20", "+CREG: 1", "RING", '+CMTI: "SM",99'):
        w.faults.storm(300, line)
        await asyncio.sleep(0.2)


def unplug(link: str | None = None) -> Callable[[Ward], Awaitable[None]]:
    """Out for a while; back under its old name or another."""

    async def strike(w: Ward) -> None:
        w.faults.unplug()
        await w.state("absent", within_s=2)
        await asyncio.sleep(0.5)
        w.faults.replug(link=link)

    return strike


async def remove_sim(w: Ward) -> None:
    sim = w.faults.remove_sim()
    assert sim is not None
    await w.state("registering", "recovering", "identifying", "pin", within_s=3)
    await asyncio.sleep(0.5)
    assert w.status.state != "ready"
    w.faults.insert_sim(sim)


def away(coverage: str) -> Callable[[Ward], Awaitable[None]]:
    """No network that the modem may use for a while; then its own again."""

    async def strike(w: Ward) -> None:
        w.faults.cover(coverage)
        await w.state("registering", within_s=2)
        sent = len(w.moments(0))
        await asyncio.sleep(0.5)
        assert len(w.moments(0)) == sent, "nothing is tried without a network"
        assert w.status.reason
        w.faults.cover("home")

    return strike


async def refuse_one_by_one(w: Ward) -> None:
    for code in (17, 38, 41, 302, 331, 500):
        w.faults.refuse(code)
        await asyncio.sleep(1.5 * PART_S)


SOON = 1.5
UP_S = BOOT_S + 2
MATCH = {"match": {"imei": "359999000000018"}}
ROWS = [
    Row("hang", noticed("hang", seconds=1.5), CLIMB_S, doubts=1),
    Row("hang after prompt", noticed("hang_after_prompt", seconds=1.5), CLIMB_S, 1, 1),
    Row(
        "hang after prompt, part sent",
        noticed("hang_after_prompt", seconds=1.5, passed=True),
        CLIMB_S,
        1,
        1,
    ),
    Row("dead until quarantined", dead, QUARANTINED_S, 1),
    Row("garbage", garbage, CLIMB_S, 4),
    Row("prompt lost", fault("lose_prompt"), CLIMB_S),
    Row("octets one by one", split, SOON),
    Row("storm of unsolicited results", storm, SOON),
    Row("unplug, replug", unplug(), UP_S, 1),
    Row("replug under another name", unplug("elsewhere"), UP_S, 1, section=MATCH),
    Row("reboot", noticed("reboot"), UP_S, 1),
    Row("reboot, PIN asked again", noticed("reboot"), UP_S, 1, bank={"pin": "1234"}),
    Row("settings lost", noticed("forget_settings", text_mode=True), CLIMB_S, 1),
    Row("reset in a blink, without a word", noticed("brown_out"), CLIMB_S, doubts=1),
    Row("echo that stays", fault("keep_echo"), SOON, become=S.DELIVERED),
    Row("service centre lost", fault("lose_smsc"), SOON, become=S.DELIVERED),
    Row("announcements lost", noticed("lose_cnmi"), CLIMB_S, 1),
    Row("store full", fault("fill_store"), SOON),
    Row("SIM busy", fault("sim_busy", seconds=0.5), SIM_BUSY_S),
    Row("SIM removed and put back", remove_sim, CLIMB_S, 1),
    Row("PIN asked again in silence", noticed("ask_pin"), CLIMB_S, 1, section={"pin": "1234"}),
    Row("network lost", away("none"), SOON),
    Row("network denied", away("denied"), SOON),
    Row("roaming where that is forbidden", away("roaming"), SOON, section={"roaming": False}),
    Row("roaming where that is allowed", fault("cover", coverage="roaming"), SOON),
    Row("refusals by the network", refuse_one_by_one, SOON),
    Row("network timeout", fault("refuse", code=332), SOON, 1, 1),
    Row("reports before the answer", fault("report", early=True), SOON, become=S.DELIVERED),
    Row("reports late", fault("report", late=0.7), SOON, become=S.DELIVERED),
    Row("reports repeated", fault("report", copies=3), SOON, become=S.DELIVERED),
    Row("reports missing", fault("report", copies=0), SOON, become=S.SENT),
    Row("reports of failure", fault("report", status=0x41), SOON, become=S.UNDELIVERED),
    Row("answer lost, part sent", noticed("lose_next_answer", passed=True), CLIMB_S, 1, 1),
    Row("answer lost, part lost", noticed("lose_next_answer", passed=False), CLIMB_S, 1, 1),
]


async def suffer(row: Row, directory: Path) -> None:
    """The life of one bank in which one modem has this fault."""
    async with ward(directory, bank=row.bank, section=row.section) as w:
        begun = now()
        await asyncio.sleep(WATCHED_S)
        struck, worked = now(), time.thread_time()
        already = w.bank.smsc.accepted_count
        w.receive("in the midst of it")
        await row.strike(w)
        await w.sends(now(), row.back_s)
        w.receive("afterwards")
        await asyncio.sleep(max(0.0, struck + WATCHED_S - now()))
        ended, worked = now(), time.thread_time() - worked
        assert worked < MOST_WORK * (ended - struck), "computing, in which no time passes here"
        beside = await w.rate(struck, ended)
        before = await w.rate(begun, struck)
        assert beside >= HEALTHY * before, "parts a second that the neighbours sent"
        messages = await w.settled()
        judge(w.bank, messages, DONE if row.become is None else (*DONE, row.become))
        assert row.doubts_at_least <= w.doubts <= row.doubts
        await w.received_once()
        if row.become is not None:
            parts = w.bank.smsc.accepted[already + len(w.bank.modems) :]
            carried = {p.destination for p in parts if p.modem_index == 0}
            assert carried

            async def told() -> bool:
                ill = [m for m in await w.messages() if m.to in carried]
                return {m.status for m in ill} == {row.become}

            await until(told, 10, f"all that m0 carried is {row.become}")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_an_ill_modem_harms_nobody_and_is_back_in_time(
    row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ports() -> list[PortCandidate]:
        """What may be a modem is a USB device, but here a link in the bank's directory."""
        return [PortCandidate(str(p)) for p in (tmp_path / "bank").glob("*") if p.is_symlink()]

    if "match" in row.section:
        monkeypatch.setattr(fleet, "Locator", partial(Locator, ports=ports))
    await suffer(row, tmp_path)
