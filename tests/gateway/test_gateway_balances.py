"""The credit of SIMs: asked when it is time and no sooner; little is so until it is more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from labs.clock import FakeClock
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.clock import SteadyClock
from modemgw.config import Config, ConfigError, parse
from modemgw.gateway.errors import Conflict, NotFound
from modemgw.gateway.fleet.balances import AGAIN_S, Balances, Ready
from modemgw.modem import Modem, SimIdentity, UssdAnswer, UssdError
from modemgw.store import Balance, Store
from modemgw.store.sqlite import open_store
from modemgw.virtual import Bank, BankSettings

SIM = SimIdentity("8999901000000000001", None, None)
HOUR = 3600.0


@dataclass
class FakeModem:
    """Answers as it is told, or not at all."""

    says: list[str | Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    canceled: int = 0
    sent: int = 0
    sim: SimIdentity | None = SIM
    more: bool = False

    @property
    def status(self) -> FakeModem:
        return self

    async def ussd(self, code: str, timeout_s: float) -> UssdAnswer:
        self.asked.append(code)
        said = self.says.pop(0)
        if isinstance(said, Exception):
            raise said
        return UssdAnswer(said, self.more, said)

    async def ussd_cancel(self) -> None:
        self.canceled += 1


@dataclass
class Lab:
    store: Store
    clock: FakeClock
    modem: FakeModem
    balances: Balances
    ready: bool = True

    async def look(self, after_s: float = 0.0) -> int:
        """How often it was asked by now."""
        self.clock.now += after_s
        for one in self.balances._ready():
            await self.balances._look(one)
        return len(self.modem.asked)

    async def kept(self) -> Balance | None:
        return await self.store.read(lambda view: view.sim_state.balance(SIM.iccid))

    def again(self, config: Config) -> None:
        """As after a restart."""
        self.balances = self._made(config)

    def _made(self, config: Config) -> Balances:
        (section,) = config.modem
        modem = cast(Modem, self.modem)
        return Balances(
            config,
            store=self.store,
            clock=SteadyClock(self.clock),
            ready=lambda: [Ready(section, modem)] if self.ready else [],
        )


def config(**balance: Any) -> Config:
    wanted = {"code": "*100#", "currency": "EUR", "low": "2.00"} | balance
    return parse({"modem": [{"id": "m1", "device": "/dev/x"}], "balance": wanted})


@asynccontextmanager
async def lab(tmp_path: Path, *says: str | Exception, **balance: Any) -> AsyncIterator[Lab]:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        made = Lab(store, clock, FakeModem(list(says)), cast(Balances, None))
        made.again(config(**balance))
        yield made


async def test_it_is_asked_at_once_and_then_daily(tmp_path: Path) -> None:
    async with lab(tmp_path, "Saldo: 12,50 EUR", "Saldo: 11,00 EUR") as asked:
        assert await asked.look() == 1
        assert await asked.look(23 * HOUR) == 1
        assert await asked.look(1.1 * HOUR) == 2
        assert asked.modem.asked == ["*100#", "*100#"]
        kept = await asked.kept()
        assert kept is not None
        assert (kept.amount, kept.currency, kept.low) == (Decimal("11.00"), "EUR", False)
        assert kept.said == "Saldo: 11,00 EUR"


async def test_a_restart_asks_no_earlier(tmp_path: Path) -> None:
    async with lab(tmp_path, "12", "11") as asked:
        assert await asked.look() == 1
        asked.clock.now += HOUR
        asked.again(config())
        assert await asked.look() == 1
        assert await asked.look(23.1 * HOUR) == 2


async def test_a_clock_that_was_ahead_does_not_put_it_off(tmp_path: Path) -> None:
    async with lab(tmp_path, "12", "11") as asked:
        asked.clock.set(365 * 86400.0)
        asked.again(config())
        assert await asked.look() == 1
        asked.clock.set(-365 * 86400.0)
        asked.again(config())
        assert await asked.look() == 1
        assert await asked.look(24.1 * HOUR) == 2


async def test_it_is_asked_after_so_many_parts(tmp_path: Path) -> None:
    async with lab(tmp_path, "12", "11", after_parts=100, every_hours=0) as asked:
        assert await asked.look() == 0
        asked.modem.sent = 99
        assert await asked.look(1000 * HOUR) == 0
        asked.modem.sent = 100
        assert await asked.look() == 1
        asked.modem.sent = 199
        assert await asked.look() == 1


async def test_a_network_that_does_not_say_is_asked_again_in_an_hour(tmp_path: Path) -> None:
    async with lab(tmp_path, UssdError("no answer"), "12") as asked:
        assert await asked.look() == 1
        assert await asked.look(AGAIN_S - 1) == 1
        assert await asked.look(2) == 2
        assert (await asked.kept()) is not None


async def test_little_stays_so_until_the_network_says_otherwise(tmp_path: Path) -> None:
    says = ("1.99", "1.50", "nothing that is a number", "20.00", "19.00", "0.10")
    async with lab(tmp_path, *says) as asked:
        low = []
        for n in range(len(says)):
            if n == 2:
                asked.again(config())  # as after a restart
            await asked.look(25 * HOUR)
            kept = await asked.kept()
            assert kept is not None
            low.append(kept.low)
        assert low == [True, True, True, False, False, True]


async def test_a_menu_is_left(tmp_path: Path) -> None:
    async with lab(tmp_path, "Balance 5.00\n1 Top up\n0 End") as asked:
        asked.modem.more = True
        await asked.look()
        assert asked.modem.canceled == 1
        kept = await asked.kept()
        assert kept is not None
        assert kept.amount == Decimal("5.00")


async def test_the_pattern_picks_the_amount(tmp_path: Path) -> None:
    says = "On 25.11. you have 3 bonus SMS and 7,25 left"
    async with lab(tmp_path, says, pattern=r"and ([0-9.,]+) left") as asked:
        await asked.look()
        kept = await asked.kept()
        assert kept is not None
        assert kept.amount == Decimal("7.25")


async def test_without_a_code_nothing_is_asked(tmp_path: Path) -> None:
    async with lab(tmp_path, code=None) as asked:
        assert await asked.look() == 0
        with pytest.raises(Conflict, match="no code is configured"):
            await asked.balances.ask(SIM.iccid)
        with pytest.raises(NotFound):
            await asked.balances.ask("8999901000000000009")


def test_a_modem_has_its_own_over_the_others() -> None:
    both = parse(
        {
            "balance": {"code": "*100#", "low": "2.00"},
            "modem": [
                {"id": "m1", "device": "/dev/x"},
                {"id": "m2", "device": "/dev/y", "balance": {"code": "*111#"}},
            ],
        }
    )
    assert [(b.code, b.low) for b in map(both.balance_of, both.modem)] == [
        ("*100#", Decimal("2.00")),
        ("*111#", Decimal("2.00")),
    ]


@pytest.mark.parametrize(
    ("balance", "said"),
    [
        ({"pattern": "[0-9"}, "no regular expression"),
        ({"pattern": "[0-9]+"}, "group around the number"),
        ({"code": "AT+CFUN=0"}, "USSD code"),
        ({"currency": "euro"}, "three letters"),
    ],
)
def test_a_wrong_setting_is_named(balance: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(**balance)


async def test_the_whole_way(tmp_path: Path) -> None:
    async with Bank(
        BankSettings(boot_seconds=0.1, part_seconds=0.0, ussd_seconds=0.3), tmp_path / "bank"
    ) as bank:
        configured = config_of(tmp_path, bank, balance={"code": "*100#", "low": "1000000"})
        async with gateway_on(configured) as gateway:
            await until(lambda: gateway.health.ready, 30)

            async def known() -> bool:
                return any(sim.balance is not None for sim in await gateway.sims.all())

            await until(known, 10)
            (sim,) = await gateway.sims.all()
            assert sim.balance is not None
            assert sim.balance.amount is not None
            assert sim.balance.low
            # While the network thinks about it, messages go out.
            asked = asyncio.create_task(gateway.sims.ask_balance(sim.iccid))
            sent = await send(gateway, "+447700900123")
            await status(gateway, sent, "delivered")
            assert (await asked).balance is not None
