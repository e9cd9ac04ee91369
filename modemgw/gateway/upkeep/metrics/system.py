"""Figures of the gateway itself: its store, its loop, its disk, its clock, who it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from modemgw.clock import SteadyClock
from modemgw.gateway.upkeep.alerts.readings import ClockSteps
from modemgw.gateway.upkeep.metrics.sending import histogram
from modemgw.gateway.upkeep.sampling import Sample, Sampler
from modemgw.store import Alert, Store


def store(found: Store, sample: Sample) -> Iterator[Metric]:
    """The database and its disk."""
    yield GaugeMetricFamily(
        "modemgw_store_writable", "1: takes writes", float(found.problem is None)
    )
    yield histogram("modemgw_store_commit_seconds", "A commit", {"": found.commits})
    room = sample.room
    if room is not None:
        yield GaugeMetricFamily(
            "modemgw_store_size_bytes", "The database, with its log", room.database + room.log
        )
        yield GaugeMetricFamily("modemgw_disk_free_bytes", "Of the database's disk", room.free)
        yield GaugeMetricFamily("modemgw_disk_size_bytes", "Of the database's disk", room.size)


def loop(sampler: Sampler) -> Iterator[Metric]:
    """How late the event loop is."""
    yield histogram("modemgw_loop_lag_seconds", "How late the event loop is", {"": sampler.lag})


def clock(found: SteadyClock, steps: ClockSteps) -> Iterator[Metric]:
    """Whether somebody set the machine's clock."""
    yield CounterMetricFamily(
        "modemgw_clock_steps", "How often the machine's clock was set", value=steps.count
    )
    yield GaugeMetricFamily(
        "modemgw_clock_offset_seconds",
        "How far the machine's clock was set ahead since the start, all in all",
        found.ahead_s,
    )


def deliveries(sample: Sample, outcomes: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    """What handlers and webhooks were told."""
    kept = GaugeMetricFamily(
        "modemgw_deliveries", "Deliveries that are pending or dead", labels=["kind", "state"]
    )
    for (kind, state), count in sample.deliveries.items():
        kept.add_metric([kind, state], count)
    tries = CounterMetricFamily(
        "modemgw_delivery_tries",
        "Tries to deliver: taken, put-off (tried again), given-up",
        labels=["kind", "outcome"],
    )
    for (kind, outcome), count in outcomes.items():
        tries.add_metric([kind, outcome], count)
    yield from (kept, tries)


def balances(sample: Sample) -> Iterator[Metric]:
    """The credit of SIMs."""
    amount = GaugeMetricFamily(
        "modemgw_sim_balance", "What the network last said", labels=["sim", "currency"]
    )
    low = GaugeMetricFamily("modemgw_sim_balance_low", "1: less than balance.low", labels=["sim"])
    for iccid, balance in sample.balances.items():
        if balance.amount is not None:
            amount.add_metric([iccid, balance.currency or ""], float(balance.amount))
        low.add_metric([iccid], float(balance.low))
    yield from (amount, low)


def alerts(standing: Iterable[Alert]) -> Iterator[Metric]:
    """What a person must see to."""
    raised = GaugeMetricFamily(
        "modemgw_alerts_raised", "Alerts that are raised", labels=["alert", "severity"]
    )
    for (alert, severity), count in Counter((a.alert, a.severity) for a in standing).items():
        raised.add_metric([alert, severity], count)
    yield raised
