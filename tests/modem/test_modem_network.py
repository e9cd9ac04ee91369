"""A modem at a serial server, raw and by RFC 2217."""

from __future__ import annotations

from pathlib import Path

import pytest
from labs.clock import LoopClock
from labs.modem import RigMaker
from labs.serial_server import serving

from modemgw.modem import ModemState, scan


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_it_works_like_one_at_a_tty_and_comes_back(
    rig: RigMaker, tmp_path: Path, scheme: str
) -> None:
    with serving(str(tmp_path / "bank" / "modem0"), rfc2217=scheme == "rfc2217") as server:
        async with rig(device=f"{scheme}://127.0.0.1:{server.port}") as r:
            await r.ready()
            await r.submit(text="over the network")
            r.bank.smsc.inject("+15550001234", r.virtual.number, "Grüße €")
            await r.until(lambda: len(r.sink.of_kind(0)) == 1 and len(r.sink.of_kind(2)) == 1)
            server.hang_up()
            await r.until(lambda: r.modem.status.state is not ModemState.READY)
            await r.ready()
            await r.submit()
            (found,) = await scan([f"{scheme}://127.0.0.1:{server.port}"], clock=LoopClock())
            assert found.identity is None  # in use: the server serves one client
            assert found.problem


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_server_that_is_not_there_is_tried_again_and_says_why(
    rig: RigMaker, scheme: str
) -> None:
    async with rig(device=f"{scheme}://127.0.0.1:9") as r:
        await r.until(lambda: "no connection to the serial server" in str(r.modem.status.reason))
        assert r.modem.status.state in (ModemState.ABSENT, ModemState.OPENING)
