"""What parts cost on the SIMs there are, and what messages will cost that wait for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from modemgw.config import Config, ModemSection
from modemgw.gateway.fleet.price_list import Prefixes, Price, PriceList, SimFacts
from modemgw.gateway.following import Rest, nothing_left
from modemgw.store import Store
from modemgw.store.records import Cost


class Tariffs:
    """The tariffs of the configuration, and the SIMs that they are applied to.

    False without any [[tariff]]: then nobody needs to ask. Prices may be asked from any thread.
    """

    def __init__(
        self, config: Config, *, operator_of: Callable[[str], str | None] = lambda modem: None
    ) -> None:
        """`operator_of` gives the network's name that a modem shows, by the modem's id."""
        self._operator_of = operator_of
        self._operators: dict[str, str] = {}
        """By modem: the name of a network that it showed last."""
        self._seats: dict[str, SimFacts] = {}
        """By ICCID: the SIMs, and where each was seen last."""
        self._last_in: dict[str, str] = {}
        """By modem: the ICCID that was seen in it last."""
        self._use(config)

    def _use(self, config: Config) -> None:
        self._config = config
        self._any = bool(config.tariff)
        self._names = any(one.operator and one.network is None for one in config.tariff)
        self._prefixes = Prefixes(config.tariff)
        self._lists: dict[SimFacts, PriceList] = {}
        self._carrying: dict[tuple[str, str | None], list[PriceList]] = {}
        """By route and modem: what `_carriers` gave."""

    def follow(self, config: Config) -> Rest:
        """See Follower: other tariffs, for what is accepted by the network from now on."""
        self._use(config)
        return nothing_left()

    async def load(self, store: Store) -> None:
        """Learn from the store which SIMs were seen. Raises StoreUnavailable."""
        seen = await store.read(lambda view: view.sim_state.seen())
        for one in sorted(seen, key=lambda one: one.seen_at):
            if one.iccid not in self._seats:
                self.seated(one.iccid, one.imsi, one.modem)

    def seated(self, iccid: str, imsi: str | None, modem: str) -> None:
        """A SIM is in a modem now."""
        self._seats[iccid] = SimFacts(iccid, modem, imsi)
        self._last_in[modem] = iccid
        self._carrying.clear()

    def look(self, modem: str) -> None:
        """Take note of the network's name that a modem shows, where a tariff goes by one."""
        if self._names and (name := self._operator_of(modem)) is not None:
            self._operators[modem] = name
            self._carrying.clear()

    def __bool__(self) -> bool:
        return self._any

    def prefix(self, to: str) -> str:
        """Where a recipient is, as use is counted: a tariff's prefix, or that of a country."""
        return self._prefixes.of(to)

    def price(self, iccid: str, to: str) -> Price | None:
        """What a part to a recipient costs on a SIM; None where no tariff says."""
        if not self._any:
            return None
        return self.of_sim(iccid).price(to)

    def of_sim(self, iccid: str) -> PriceList:
        """The tariffs that fit a SIM."""
        return self._list(self._seats.get(iccid) or SimFacts(iccid))

    def estimate(self, route: str, to: str, parts: int, *, modem: str | None = None) -> Cost | None:
        """What a message by `route`, or pinned to `modem`, will cost; None where no tariff says.

        What the dearest of the SIMs costs that may carry it, none of its parts free: it costs no
        more than that, unless a part is sent twice. Where SIMs are paid in several
        currencies it is told in that of the first modem; see `estimates`.
        """
        return next(iter(self.estimates(route, to, parts, modem=modem)), None)

    def estimates(self, route: str, to: str, parts: int, *, modem: str | None = None) -> list[Cost]:
        """As `estimate`, for each currency that it may have to be paid in."""
        if not self._any:
            return []
        dearest: dict[str, Cost] = {}
        for carrier in self._carriers(route, modem):
            price = carrier.price(to)
            if price is None:
                continue
            cost = price.of(parts, estimated=True)
            known = dearest.get(cost.currency)
            if known is None or cost.amount > known.amount:
                dearest[cost.currency] = cost
        return list(dearest.values())

    def _carriers(self, route: str, modem: str | None) -> list[PriceList]:
        """What SIMs charge that may carry a message, in the order of the modems; none twice.

        Remembered until a SIM comes, so that a batch asks as many lists as there are tariffs.
        """
        known = self._carrying.get((route, modem))
        if known is None or self._names:
            routes = self._with_fallbacks(route)
            lists = [
                self._list(self._in(section))
                for section in self._config.modem
                if (section.id == modem if modem is not None else routes & set(section.routes))
            ]
            known = list({one.charges: one for one in lists}.values())
            self._carrying[route, modem] = known
        return known

    def _with_fallbacks(self, route: str) -> set[str]:
        by_id = {one.id: one for one in self._config.routes}
        found: set[str] = set()
        at = by_id.get(route)
        while at is not None and at.id not in found:
            found.add(at.id)
            at = by_id.get(at.fallback) if at.fallback else None
        return found or {route}

    def _in(self, modem: ModemSection) -> SimFacts:
        """The SIM in a modem, or that was seen in it last."""
        self.look(modem.id)
        facts = self._seats.get(self._last_in.get(modem.id, ""))
        if facts is not None and facts.modem == modem.id:
            return facts
        return SimFacts(None if modem.match is None else modem.match.iccid, modem.id)

    def _list(self, facts: SimFacts) -> PriceList:
        modem = facts.modem
        if modem in self._operators:
            facts = facts._replace(operator=self._operators[modem])
        found = self._lists.get(facts)
        if found is None:
            config = self._config
            sections = [one for one in config.modem if one.id == modem]
            limits = config.limits_of(sections[0]) if sections else config.sim_limits
            found = self._lists[facts] = PriceList(config.tariff, facts, limits)
        return found


def total(costs: Iterable[Cost]) -> Cost | None:
    """The sum of costs; None of none, and of several currencies: those have no sum."""
    amount, currency, estimated = Decimal(), "", False
    for cost in costs:
        if currency not in ("", cost.currency):
            return None
        amount, currency = amount + cost.amount, cost.currency
        estimated = estimated or cost.estimated
    return Cost(amount, currency, estimated) if currency else None
