"""All figures of a gateway at work, made by hand: every family has samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from labs.clock import START, FakeClock
from labs.fake_gateway import ALERT, FakeModems
from modemgw.clock import SteadyClock
from modemgw.config import Limits
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.fleet.plan import Plan
from modemgw.gateway.fleet.sim import Sim
from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.outgoing.punctuality import Tally, Target
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.alerts.readings import ClockSteps
from modemgw.gateway.upkeep.metrics import Figures, sending, system
from modemgw.gateway.upkeep.sampling import Backlog, Room, Sample, Sampler
from modemgw.histogram import Histogram
from modemgw.modem import ErrorClass, ModemState
from modemgw.store import Balance, Store
from modemgw.store.records import Event

TYPES = ("otp", "transactional", "promotional")
RECIPIENT, MESSAGE = "+447700900123", "msg_01a2132a47f5ea28bda7e45dea9a0c22"


def figures_of(modems: int) -> Figures:
    """Those of a gateway with so many modems, each with a SIM."""
    clock = FakeClock()
    steady = SteadyClock(clock)
    store = cast(
        Store,
        SimpleNamespace(
            on_events=lambda listener: None, problem=None, commits=_filled((0.01, 0.1))
        ),
    )
    sims = Sims(store=store, clock=steady, random=Random(1))
    for n in range(modems):
        _use(sims, iccid_of(n))
    steps = ClockSteps(steady)
    sampler = cast(Sampler, SimpleNamespace(lag=_filled((0.01, 0.1))))
    sample = _sample(modems)
    keeper = Keeper(clock=clock, random=Random(1))
    keeper._failures["retention"] = 1
    outcomes: Mapping[tuple[str, str], int] = {
        (kind, outcome): 3
        for kind in ("exec", "python", "webhook", "callback")
        for outcome in ("taken", "put-off", "given-up")
    }
    return Figures(
        lambda: [_view(n) for n in range(modems)],
        lambda: 7,
        dict.fromkeys(TYPES, 5),
        lambda: {type: Tally(Target("sent", 30.0), in_time=9, late=2) for type in TYPES},
        keeper,
        (
            lambda: sending.queue(sample),
            lambda: sending.sims(sims),
            lambda: sending.durations(sims),
            lambda: system.balances(sample),
            lambda: system.deliveries(sample, outcomes),
            lambda: system.store(store, sample),
            lambda: system.loop(sampler),
            lambda: system.clock(steady, steps),
            lambda: system.alerts([ALERT]),
        ),
    )


def iccid_of(n: int) -> str:
    return f"8944000000000{n:06}"


def _filled(bounds: tuple[float, ...]) -> Histogram:
    made = Histogram(bounds)
    made.observe(0.05)
    return made


def _view(n: int) -> ModemView:
    view = FakeModems().view("m1")
    return replace(view, status=replace(view.status, id=f"m{n}", state=ModemState.READY))


def _use(sims: Sims, iccid: str) -> None:
    tally = sims.tallies.of(iccid)
    tally.accepted, tally.not_sent, tally.ambiguous = 90, 2, 1
    for kind in ErrorClass:
        tally.refused[kind] = 1
    for n, type in enumerate(TYPES):
        for fate, event in (("delivered", "delivered"), ("undelivered", "undelivered")):
            id = f"{MESSAGE}{n}{fate}"
            sims.tallies.sent(id, type, START, iccid, receipt=True)
            about: dict[str, Any] = {"id": id, "to": RECIPIENT}
            sims.tallies.heard([Event(1, f"message.{event}", START, about)])
    sims._known[iccid] = Sim(iccid, Plan(Limits(), Random(1)), tally=tally)


def _sample(modems: int) -> Sample:
    return Sample(
        backlog=dict.fromkeys(TYPES, Backlog(due=3, oldest_s=12.0, later=1, gated=1, held=1)),
        balances={
            iccid_of(n): Balance(Decimal("3.50"), "EUR", "you have 3.50", START, False)
            for n in range(modems)
        },
        deliveries={("exec", "pending"): 1, ("exec", "dead"): 0},
        room=Room(1 << 20, 1 << 16, 1 << 30, 1 << 34),
    )
