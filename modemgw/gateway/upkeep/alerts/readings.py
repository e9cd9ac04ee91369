"""What the metrics of alerts are just now, read where they arise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from modemgw.clock import SteadyClock
from modemgw.config import Config
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.fleet.tallies import SimTally
from modemgw.gateway.outgoing.punctuality import Tally
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.alerts.engine import Reading
from modemgw.gateway.upkeep.sampling import Sampler
from modemgw.modem import ErrorClass, ModemState
from modemgw.store import Balance, Store

GATEWAY = "gateway"
"""The subject of what there is one of only."""
NOT_THE_SIMS = (ErrorClass.RECIPIENT, ErrorClass.MESSAGE)
"""Refusals that say something of a message, and nothing of the SIM."""
_WELL = (ModemState.READY, ModemState.SENDING)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures are."""

    views: Callable[[], list[ModemView]]
    sims: Sims
    sampler: Sampler
    outcomes: Callable[[], Mapping[tuple[str, str], int]]
    """Tries of deliveries, by kind and outcome."""
    late: Callable[[], Mapping[str, Tally]]
    """How the messages did of types that have a target."""
    keeper: Keeper
    store: Store


class ClockSteps:
    """How far the wall clock was set since the start."""

    def __init__(self, clock: SteadyClock) -> None:
        self.count = 0
        self.seconds = 0.0
        """The sum of all steps, whichever way they went."""
        clock.follow(self._set)

    def _set(self, by_s: float) -> None:
        self.count += 1
        self.seconds += abs(by_s)


def read(sources: Sources, steps: ClockSteps, config: Config) -> Iterator[Reading]:
    """Every metric of every subject. Cheap: to be called in the loop."""
    views = sources.views()
    where = {view.status.sim.iccid: view.status.id for view in views if view.status.sim}
    yield from _modems(views)
    yield from _sims(sources, where, config)
    sample = sources.sampler.last
    for type, backlog in sample.backlog.items():
        yield Reading("queue_age", type, backlog.oldest_s)
    for type, tally in sources.late().items():
        yield Reading("late_rate", type, tally.late, float(tally.late + tally.in_time))
    for (kind, outcome), count in sources.outcomes().items():
        if outcome == "given-up":
            yield Reading("dead_letters", kind, count)
    if sample.room is not None:
        yield Reading("disk_free_bytes", GATEWAY, sample.room.free)
    yield Reading("clock_step_seconds", GATEWAY, steps.seconds)
    problem = sources.store.problem
    yield Reading("store_not_writable", GATEWAY, float(problem is not None), reason=problem)
    for task in sources.keeper.failures():
        failing = sources.keeper.is_failing(task)
        yield Reading("task_failing", task, float(failing), reason=f"{task} fails; see the log")


def _modems(views: Iterable[ModemView]) -> Iterator[Reading]:
    for view in views:
        status = view.status
        id, state = status.id, status.state
        down = state not in _WELL and state is not ModemState.PAUSED
        why = f"the modem {id} is {state}: {status.reason or 'it cannot send'}"
        yield Reading("modem_down", id, float(down), modem=id, reason=why)
        yield Reading("modem_recoveries", id, status.recoveries, modem=id)
        alarmed = float(status.alarm is not None)
        yield Reading("modem_alarm", id, alarmed, modem=id, reason=status.alarm)


def _sims(sources: Sources, where: Mapping[str, str], config: Config) -> Iterator[Reading]:
    for iccid, tally in sources.sims.tallies.sims.items():
        modem = where.get(iccid)
        fates = tally.fates
        yield Reading("delivery_rate", iccid, fates["delivered"], float(fates.total()), modem=modem)
        failed, tried = _failures(tally)
        yield Reading("error_rate", iccid, failed, tried, modem=modem)
        sim = sources.sims.known(iccid)
        if sim is not None:
            blocked = float(sim.breaker.open)
            why = f"the network refuses the SIM {iccid} one time after the other: it is taken out"
            yield Reading("sim_blocked", iccid, blocked, modem=modem, reason=why)
    for iccid, balance in sources.sampler.last.balances.items():
        yield _balance(iccid, balance, where.get(iccid), config)


def _failures(tally: SimTally) -> tuple[float, float]:
    """Tries that failed by the SIM or its network, and all that say something of these."""
    theirs = sum(tally.refused[kind] for kind in NOT_THE_SIMS)
    tried = tally.tried - theirs
    return float(tried - tally.accepted), float(tried)


def _balance(iccid: str, balance: Balance, modem: str | None, config: Config) -> Reading:
    shown = None
    amount = " ".join(filter(None, (str(balance.amount), balance.currency)))
    why = f"the balance of the SIM {iccid} is {amount}"
    section = next((one for one in config.modem if one.id == modem), None)
    low = (config.balance if section is None else config.balance_of(section)).low
    if balance.amount is not None and low is not None:
        shown = (float(balance.amount), float(low))
        why = f"{why}, less than {low}"
    reason = f"{why}: top it up"
    return Reading(
        "low_balance", iccid, float(balance.low), modem=modem, reason=reason, shown=shown
    )
