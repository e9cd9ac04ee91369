"""A port that floods: the neighbours go on as before, and a person learns why it is not used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import now
from labs.ward import HEALTHY, WATCHED_S, ward

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
LIVES = 3
AT_ONCE = 5


class HeldUp(Exception):
    """The neighbours sent less beside the flood than before."""


async def suffer(text: str, directory: Path) -> None:
    async with ward(directory) as w:
        begun = now()
        await asyncio.sleep(WATCHED_S)
        struck = now()
        w.faults.flood(text)
        await asyncio.sleep(WATCHED_S)
        ended = now()
        beside, before = await w.rate(struck, ended), await w.rate(begun, struck)
        await w.state("quarantined", within_s=30)
        assert "floods" in (w.status.reason or ""), w.status
        w.faults.clear()
        await w.sends(now(), 20)
        if beside < HEALTHY * before:
            # The machine may have become slower: what the flood does ended with it.
            again = now()
            await asyncio.sleep(WATCHED_S)
            before = min(before, await w.rate(again, again + WATCHED_S))
        w.load.end()
        if beside < HEALTHY * before:
            raise HeldUp(f"the neighbours sent {beside:.2f} and not {before:.2f} parts a second")


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, BaseException | None]:
    """What became of each flood that is to be tested, lived through a few at a time."""
    names = [
        cast(Any, item).callspec.params["flood"]
        for item in request.session.items
        if getattr(item, "module", None) is request.module
    ]
    base = tmp_path_factory.mktemp("floods")
    found: dict[str, BaseException | None] = {}

    async def live(number: int, name: str, turn: asyncio.Semaphore) -> None:
        async with turn:
            for life in range(LIVES):
                found[name] = None
                try:
                    await suffer(FLOODS[name], base / str(number) / str(life))
                except HeldUp as error:
                    found[name] = error
                    continue
                except (Exception, pytest.fail.Exception) as error:
                    found[name] = error
                return

    async def live_all() -> None:
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(live(n, name, turn) for n, name in enumerate(names)))

    asyncio.run(live_all())
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_harms_nobody_and_is_named(
    flood: str, outcomes: dict[str, BaseException | None]
) -> None:
    failure = outcomes[flood]
    if failure is not None:
        raise failure
