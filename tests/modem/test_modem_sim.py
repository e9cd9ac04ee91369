"""SIM and network: PIN, PUK, missing, swapped; home, roaming, denied; service centre."""

from __future__ import annotations

from pathlib import Path

import pytest
from labs.modem import RigMaker

from modemgw.modem import ModemState, NotSubmitted
from modemgw.modem.identify import iccid_of
from modemgw.modem.registration import Network, Registration, dbm
from modemgw.modem.simlock import LockState, report_of_word


async def test_the_pin_is_given_once_and_again_after_a_reset(rig: RigMaker) -> None:
    async with rig(bank={"pin": "4711", "boot_seconds": 0.1}, pin="4711") as r:
        await r.ready()
        assert sum("CPIN=" in c for c in r.commands()) == 1
        assert "4711" not in "\n".join(line.text for line in r.modem.trace.lines(texts=True))
        r.faults.reboot()
        await r.until(lambda: not r.modem.ready, 3)
        await r.ready()
        assert r.virtual.sim.pin_tries == 3


async def test_a_missing_pin_in_the_configuration_is_said_clearly(rig: RigMaker) -> None:
    async with rig(bank={"pin": "4711"}) as r:
        await r.until(lambda: "set `pin`" in (r.modem.status.reason or ""))
        assert r.virtual.sim.pin_tries == 3


async def test_the_last_pin_try_is_not_spent(rig: RigMaker) -> None:
    def two_wrong(bank: object) -> None:
        bank.modems[0].sim.pin_tries = 1  # type: ignore[attr-defined]

    async with rig(
        bank={"pin": "4711", "personality": "huawei-e173"}, pin="4711", before=two_wrong
    ) as r:
        await r.until(lambda: "tries left" in (r.modem.status.reason or ""))
        assert r.virtual.sim.pin_tries == 1


async def test_a_blocked_sim_is_said_clearly_and_left_alone(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.block_pin(), pin="4711") as r:
        await r.until(lambda: "PUK" in (r.modem.status.reason or ""))
        assert not any("CPIN=" in c for c in r.commands())


async def test_a_missing_sim_is_waited_for(rig: RigMaker) -> None:
    removed: list[object] = []

    def remove(bank: object) -> None:
        removed.append(bank.modems[0].faults.remove_sim())  # type: ignore[attr-defined]

    async with rig(before=remove) as r:
        await r.until(lambda: "no SIM" in (r.modem.status.reason or ""))
        assert r.modem.status.state is ModemState.PIN
        r.faults.insert_sim(removed[0])
        await r.ready()


async def test_a_swapped_sim_is_read_again(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        first = r.modem.sim
        other = r.bank.new_sim(77, "+447700900077", r.virtual.personality)
        r.faults.remove_sim()
        await r.until(lambda: not r.modem.ready, 3)
        r.faults.insert_sim(other)
        await r.ready()
        assert r.modem.sim is not None
        assert first is not None
        assert r.modem.sim.iccid == other.iccid != first.iccid
        assert r.modem.sim.number == "+447700900077"


async def test_a_busy_sim_is_waited_for(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.sim_busy(0.5)) as r:
        await r.ready()
        assert r.modem.status.recoveries == 0


async def test_the_configured_number_wins_over_the_sims(rig: RigMaker) -> None:
    async with rig(number="+447700900555") as r:
        await r.ready()
        assert r.modem.sim is not None
        assert r.modem.sim.number == "+447700900555"


async def test_the_service_centre_is_written_only_when_it_differs(rig: RigMaker) -> None:
    async with rig(smsc="+447700900999") as r:
        await r.ready()
        assert not any(c.startswith("AT+CSCA=") for c in r.commands())
    async with rig(smsc="+447700900888") as r:
        await r.ready()
        assert sum(c.startswith("AT+CSCA=") for c in r.commands()) == 1
        assert r.virtual.sim.smsc == "+447700900888"


@pytest.mark.parametrize("coverage", ["searching", "denied", "none"])
async def test_nothing_is_sent_without_a_network_and_all_goes_on_with_it(
    rig: RigMaker, coverage: str
) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.cover(coverage)
        await r.state(ModemState.REGISTERING)
        assert r.modem.status.reason
        with pytest.raises(NotSubmitted):
            await r.submit()
        r.faults.cover("home")
        await r.ready()
        await r.submit()
        assert r.modem.status.recoveries == 0


async def test_a_roaming_sim_sends_only_where_it_may(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.cover("roaming")) as r:
        await r.ready()
        assert r.modem.status.registration == "roaming"
        await r.submit()
    async with rig(before=lambda bank: bank.modems[0].faults.cover("roaming"), roaming=False) as r:
        await r.until(lambda: "roams" in (r.modem.status.reason or ""))
        with pytest.raises(NotSubmitted):
            await r.submit()


async def test_signal_and_operator_are_known(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await r.until(lambda: r.modem.status.operator == "Virtual")
        r.faults.signal(31)
        await r.until(lambda: r.modem.status.signal_dbm == -51)
        assert r.modem.signal_history[-1][1] == -51


def test_signal_strength_is_dbm_or_unknown() -> None:
    assert dbm(0) == -113
    assert dbm(31) == -51
    assert dbm(99) is None
    assert dbm(None) is None


def test_any_domain_that_is_registered_will_do_for_sms() -> None:
    network = Network()
    assert network.registration is Registration.UNKNOWN
    network.hear("+CREG: 2,0")
    assert network.registration is Registration.NONE
    network.hear('+CEREG: 5,"00C3","00A1B2",7')
    assert network.registration is Registration.ROAMING
    network.hear("+CREG: 1")
    assert network.registration is Registration.HOME


@pytest.mark.parametrize(
    "text",
    [
        "8999901000000000013",
        '"8999901000000000013"',
        "8999901000000000013F",
        "989909010000000010F3",
    ],
)
def test_an_iccid_is_read_in_every_dress(text: str) -> None:
    assert iccid_of(text) == "8999901000000000013"


def test_an_iccid_is_not_made_up() -> None:
    assert iccid_of("12345") is None
    assert iccid_of("") is None


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("READY", LockState.READY),
        ("SIM PIN", LockState.PIN),
        ("SIM PUK", LockState.PUK),
        ("SIM PIN2", LockState.READY),
        ("NOT INSERTED", LockState.MISSING),
        ("PH-SIM PIN", LockState.OTHER_LOCK),
        ("NOT READY", LockState.BUSY),
        ("", LockState.BUSY),
    ],
)
def test_the_words_of_the_sim_state_are_known(word: str, state: LockState) -> None:
    assert report_of_word(word).state is state


async def test_a_pin_file_that_cannot_be_read_is_said_clearly(
    rig: RigMaker, tmp_path: Path
) -> None:
    file = tmp_path / "pin"
    async with rig(bank={"pin": "4711"}, pin_file=file) as r:
        await r.until(lambda: "pin_file" in (r.modem.status.reason or ""))
        file.write_text("4711\n")
        await r.ready()
