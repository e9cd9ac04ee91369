"""Every make of modem the bank can play: identified, initialised, sending, receiving."""

from __future__ import annotations

import pytest
from labs.modem import RigMaker

from modemgw.virtual.personalities import PERSONALITIES

PROFILES = {
    "generic": "generic",
    "huawei": "huawei",
    "simcom-sim800": "simcom-2g",
    "simcom": "simcom",
    "quectel": "quectel",
    "zte": "zte",
    "sierra": "sierra",
    "telit": "telit",
    "u-blox": "u-blox",
    "ublox": "u-blox",
    "cinterion": "cinterion",
    "wavecom": "wavecom",
}


def expected_profile(make: str) -> str:
    return next(PROFILES[key] for key in sorted(PROFILES, key=len, reverse=True) if key in make)


@pytest.mark.parametrize("make", sorted(PERSONALITIES))
async def test_a_make_is_known_and_sends_and_receives_with_reports(
    rig: RigMaker, make: str
) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        status = r.modem.status
        assert status.profile == expected_profile(make)
        assert status.imei == r.virtual.imei
        assert status.sim is not None
        assert status.sim.iccid == r.virtual.sim.iccid
        assert status.sim.imsi == r.virtual.sim.imsi
        assert status.manufacturer
        assert status.model
        for number in range(3):
            await r.submit(text=f"out {number}")
        for number in range(3):
            r.bank.smsc.inject("+447911000001", r.virtual.number, f"in {number}")
        await r.until(lambda: len(r.sink.of_kind(0)) == 3 and len(r.sink.of_kind(2)) == 3, 6)
        assert [p.text for p in r.bank.smsc.accepted] == ["out 0", "out 1", "out 2"]
        assert r.modem.status.timeouts == 0


@pytest.mark.parametrize("make", sorted(PERSONALITIES))
async def test_a_make_is_back_at_work_after_its_reset(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make, "boot_seconds": 0.15}) as r:
        await r.ready(8)
        r.faults.reboot()
        await r.until(lambda: not r.modem.ready, 3)
        await r.ready(6)
        await r.submit()
        r.bank.smsc.inject("+447911000001", r.virtual.number, "after")
        await r.until(lambda: r.sink.of_kind(0) and r.sink.of_kind(2), 6)
        # And by its own command, as the ladder would have it.
        r.modem.restart()
        await r.until(lambda: not r.modem.ready, 3)
        await r.ready(8)
        await r.submit()
        assert r.modem.status.recoveries <= 4
