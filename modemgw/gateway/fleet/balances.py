"""The credit of SIMs: asked of the network by USSD now and then, and whether it is little.

A dialogue has the modem's port for as long as AT+CUSD takes; what the network says comes by itself,
so sending goes on meanwhile.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modemgw.clock import SteadyClock
from modemgw.config import BalanceSection, Config, ModemSection
from modemgw.gateway.errors import Conflict, NotFound
from modemgw.gateway.fleet.amounts import read_amount
from modemgw.gateway.following import Rest, nothing_left
from modemgw.modem import Modem, ModemError
from modemgw.store import Balance, Store, StoreError

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often it is looked whether a SIM is to be asked for."""
AGAIN_S = 3600.0
"""A network that did not answer is asked again after this time."""
SAID_MOST = 500
"""Characters of an answer that are kept."""
_HOUR_S = 3600.0


@dataclass(slots=True)
class _Asked:
    """When a SIM was last asked for, and how many parts its modem had sent then."""

    at: float
    """By the steady clock."""
    sent: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """A modem that can send now, and its part of the configuration."""

    section: ModemSection
    modem: Modem


class Balances:
    """Asks for the credit of each SIM in a modem."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        clock: SteadyClock,
        ready: Callable[[], Iterable[Ready]],
    ) -> None:
        """`ready`: the modems that can send now."""
        self._config = config
        self._store = store
        self._clock = clock
        self._ready = ready
        self._asked: dict[str, _Asked] = {}

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._config = config
        return nothing_left()

    async def run(self) -> None:
        """Ask whenever it is time, until cancelled."""
        while True:
            for one in list(self._ready()):
                await self._look(one)
            await self._clock.sleep(LOOK_S)

    async def ask(self, iccid: str) -> Balance:
        """Ask for one SIM's credit now.

        Raises NotFound (it is in no modem that can send), Conflict (no code is configured),
        ModemError (the network does not say), StoreError.
        """
        for one in self._ready():
            sim = one.modem.sim
            if sim is not None and sim.iccid == iccid:
                return await self._ask(one, iccid)
        raise NotFound(f"the SIM {iccid} is in no modem that can send now")

    async def _look(self, one: Ready) -> None:
        """Ask for the SIM in a modem, if it is time."""
        sim, policy = one.modem.sim, self._config.balance_of(one.section)
        if sim is None or policy.code is None:
            return
        if sim.iccid not in self._asked:
            await self._remember(sim.iccid, one.modem.status.sent)
        if not self._due(policy, self._asked[sim.iccid], one.modem.status.sent):
            return
        try:
            await self._ask(one, sim.iccid)
        except (ModemError, StoreError) as error:
            logger.warning("modem %s: the balance cannot be told: %s", one.section.id, error)

    async def _remember(self, iccid: str, sent: int) -> None:
        """Go on from what the store knows: a restart asks no earlier."""
        known = await self._store.read(lambda view: view.sim_state.balance(iccid))
        at = float("-inf") if known is None else self._clock.steady(known.at)
        self._asked[iccid] = _Asked(min(at, self._clock.time()), sent)

    def _due(self, policy: BalanceSection, asked: _Asked, sent: int) -> bool:
        waited = self._clock.time() - asked.at
        if asked.failed:
            return waited >= AGAIN_S
        by_parts = policy.after_parts and sent - asked.sent >= policy.after_parts
        by_time = policy.every_hours and waited >= policy.every_hours * _HOUR_S
        return bool(by_parts or by_time)

    async def _ask(self, one: Ready, iccid: str) -> Balance:
        policy = self._config.balance_of(one.section)
        if policy.code is None:
            raise Conflict(
                f"no code is configured that shows the balance of modem {one.section.id}, such as "
                '[balance] code = "*100#"'
            )
        asked = self._asked[iccid] = _Asked(self._clock.time(), one.modem.status.sent, failed=True)
        answer = await one.modem.ussd(policy.code, timeout_s=policy.timeout)
        if answer.more:  # a menu: nobody chooses
            await one.modem.ussd_cancel()
        asked.failed = False
        return await self._keep(one.section.id, iccid, policy, answer.text[:SAID_MOST])

    async def _keep(self, modem: str, iccid: str, policy: BalanceSection, said: str) -> Balance:
        found = re.search(policy.pattern, said)
        amount = None if found is None or found[1] is None else read_amount(found[1])
        if amount is None:
            logger.warning("modem %s: no amount is found in what the network says", modem)
        little = amount is not None and policy.low is not None and amount < policy.low
        before = await self._store.read(lambda view: view.sim_state.balance(iccid))
        if amount is None and before is not None and before.low:
            little = True  # nothing is known that would say otherwise
        balance = Balance(amount, policy.currency, said, self._clock.date(), little)
        await self._store.write(lambda tx: tx.sim_state.keep_balance(iccid, balance))
        return balance
