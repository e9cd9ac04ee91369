"""Where do I add a vendor? A worked example: Acme, whose modems nobody has heard of.

Two things are needed, both of them data:

1. `modemgw/modem/profiles/acme.py` with a `Profile`, and its name in `PROFILES` beside it: how the
   daemon speaks to the family. No code of the daemon names a vendor; whatever it must know is a
   field of `Profile` in base.py, each with its meaning and a default that is the standard's. Write
   down only what differs. Where the standard leaves a choice the daemon asks the modem (`=?`).
2. `modemgw/virtual/personalities/acme.py` with a `Personality`, and its name in `PERSONALITIES`:
   how such a modem behaves, from its manual and from traces, in the fields of personality.py. It
   is what the profile is tried against, so write it from what the modem does, never from what the
   profile expects. From then on `modemgw virtual --personality acme-sw100` plays one, and
   test_modem_makes.py, test_virtual_personalities.py and others try every make there is.

If a habit has no field yet, it gets one, with a default that leaves all other makes as they are.

Here both are written down in the test and put in for its duration.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import MappingProxyType

import pytest
from labs.clock import LoopClock
from labs.modem import RigMaker
from labs.timings import QUICK

from modemgw.config import parse
from modemgw.gateway import Gateway, InboundQuery
from modemgw.modem import profiles
from modemgw.modem.error_tables import same
from modemgw.modem.profiles import GENERIC, PROFILES, Profile
from modemgw.store.records import MessageStatus, NewMessage
from modemgw.virtual import Bank, BankSettings
from modemgw.virtual.personalities import PERSONALITIES, Chatter, Cnmi, Personality, TypedAhead

# 1. modemgw/modem/profiles/acme.py

ACME = Profile(
    name="acme",
    makers=("acme",),
    quiet=("AT*SIGNAL=0",),  # its signal strength comes unasked otherwise, every second
    iccid=("AT^SCID",),
    cnmi=("3,1,0,2,0",),  # it lists other modes, too, and refuses them
    reset=("AT*REBOOT",),  # it has no AT+CFUN=1,1
    probe=None,  # what is typed while a message is in the air is lost
    cms_errors=MappingProxyType({600: same(0.1, "its radio is busy with a measurement")}),
)

# 2. modemgw/virtual/personalities/acme.py

SW100 = Personality(
    name="acme-sw100",
    manufacturer="ACME Wireless",
    model="SW-100",
    revision="1.0.7",
    iccid_commands=(("^SCID", "^SCID: {iccid}"),),
    chatter=(Chatter("*SIGNAL: 20", every_seconds=0.2, silenced_by="*SIGNAL=0"),),
    answers={"*SIGNAL=0": ()},
    cnmi=Cnmi(modes=(3,), ds=(0, 2)),
    cnmi_advertised="(0-3),(0-3),(0,2),(0,2),(0,1)",
    cnmi_default=(3, 0, 0, 0, 0),
    reset_commands=("*REBOOT",),
    cfun_resets=False,
    typed_while_sending=TypedAhead.DROPPED,
)


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> str:
    """The two lines that name the new files in their lists; the name of the make.

    A profile for more modems than another must stand behind it: the first that fits wins, and
    `generic` at the end fits all.
    """
    monkeypatch.setattr(profiles, "PROFILES", (ACME, *PROFILES))
    monkeypatch.setitem(PERSONALITIES, SW100.name, SW100)
    return SW100.name


async def test_such_a_modem_is_known_by_what_it_says_of_itself(rig: RigMaker, acme: str) -> None:
    async with rig(bank={"personality": acme}) as r:
        await r.ready()
        status = r.modem.status
        assert (status.profile, status.manufacturer, status.model) == (
            "acme",
            "ACME Wireless",
            "SW-100",
        )
        assert status.sim is not None
        assert status.sim.iccid == r.virtual.iccid
        commands = r.commands()
        assert "AT*SIGNAL=0" in commands
        # What the profile knows need not be found out: the first try was right each time.
        assert [c for c in commands if "ICCID" in c or "CCID" in c] == []
        assert {c for c in commands if c.startswith("AT+CNMI=")} == {
            "AT+CNMI=?",
            "AT+CNMI=3,1,0,2,0",
        }


async def test_it_is_reset_in_its_own_way(rig: RigMaker, acme: str) -> None:
    async with rig(bank={"personality": acme}) as r:
        await r.ready()
        r.modem.restart()
        await r.until(lambda: r.virtual.power.boots == 1)
        await r.ready()
        assert "AT*REBOOT" in r.commands()


async def test_without_a_profile_it_works_as_far_as_the_standard_goes(
    rig: RigMaker, acme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`generic` finds out by asking, so a stranger sends; it cannot know what no standard says."""
    monkeypatch.setattr(profiles, "PROFILES", PROFILES)
    async with rig(bank={"personality": acme}) as r:
        await r.ready()
        assert r.modem.status.profile == GENERIC.name
        await r.submit(text="from a stranger")
        assert [p.text for p in r.bank.smsc.accepted] == ["from a stranger"]
        assert "AT*SIGNAL=0" not in r.commands()


async def test_the_daemon_drives_it(tmp_path: Path, acme: str) -> None:
    """Its own error number makes the gateway wait and send again; the report comes from its store,
    and so does a message to its SIM."""
    settings = BankSettings(personality=acme, part_seconds=0.01, receipt_seconds=0.05)
    async with Bank(settings, tmp_path / "bank") as bank:
        config = parse(
            {
                "gateway": {"data_dir": str(tmp_path / "data")},
                "modem": [{"id": "m0", "device": str(bank.paths[0])}],
            }
        )
        async with Gateway.open(config, clock=LoopClock(), timings=QUICK) as gateway:
            bank.modems[0].faults.refuse(code=600)
            new = NewMessage(to="+447911123456", text="hello, Acme", receipt=True)
            accepted = await gateway.sending.send(new, key="example")
            assert accepted.message is not None
            bank.smsc.inject("+447911000001", bank.modems[0].number, "hello, daemon")
            async with asyncio.timeout(20):
                while True:
                    sent = await gateway.messages.get(accepted.message.id)
                    received = (await gateway.inbounds.find(InboundQuery())).items
                    if sent.status is MessageStatus.DELIVERED and received:
                        break
                    await asyncio.sleep(0.02)
        assert [a.state for p in sent.parts for a in p.attempts] == ["refused", "accepted"]
        assert [m.text for m in received] == ["hello, daemon"]
        assert [p.text for p in bank.smsc.accepted] == ["hello, Acme"]
