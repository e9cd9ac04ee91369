"""A port that floods: the neighbours go on as before, and a person learns why it is not used."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from labs.clock import now
from labs.ward import HEALTHY, MOST_WORK, WATCHED_S, ward

DELIVER = "040B915155001032F400045280104103514004{n}"
REPORT = "06400891{n}528010410351405280104103514000"
FLOODS = {
    "octets without a line end": "x" * 500,
    "binary": "",
    "announcements": '\r\n+CMTI: "SM",1\r\n',
    "announcements of every place": '\r\n+CMTI: "SM",0{n}\r\n',
    "chatter": "\r\n^RSSI: 20\r\n",
    "unknown lines": "\r\n+XYZ: {n}\r\n",
    "empty lines": "\r\n\r\n",
    "prompts": "\r\n> ",
    "results": "\r\nOK\r\n",
    "rings": "\r\nRING\r\n",
    "banners": "\r\nRDY\r\n",
    "registration": "\r\n+CREG: 2\r\n\r\n+CREG: 1\r\n",
    "messages": f"\r\n+CMT: ,23\r\n00{DELIVER}\r\n",
    "reports": f"\r\n+CDS: 23\r\n00{REPORT}\r\n",
    "no PDUs": "\r\n+CDS: 25\r\n07915155000000F006{n}00\r\n",
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_harms_nobody_and_is_named(flood: str, tmp_path: Path) -> None:
    async with ward(tmp_path) as w:
        begun = now()
        await asyncio.sleep(WATCHED_S)
        struck, worked = now(), time.thread_time()
        w.faults.flood(FLOODS[flood])
        await asyncio.sleep(WATCHED_S)
        worked = time.thread_time() - worked
        assert worked < MOST_WORK * WATCHED_S, "computing, in which no time passes here"
        beside, before = await w.rate(struck, now()), await w.rate(begun, struck)
        await w.state("quarantined", within_s=30)
        assert "floods" in (w.status.reason or ""), w.status
        w.faults.clear()
        await w.sends(now(), 20)
        assert beside >= HEALTHY * before, "parts a second that the neighbours sent"
