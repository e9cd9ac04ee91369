"""Figures of what is sent: by SIM, by type, and what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from modemgw.gateway.fleet.sims import Sims
from modemgw.gateway.fleet.tallies import SimTally
from modemgw.gateway.upkeep.sampling import Sample
from modemgw.histogram import Histogram


def queue(sample: Sample) -> Iterator[Metric]:
    """What waits, by type. As it was at the last look, some seconds ago."""
    waiting = GaugeMetricFamily(
        "modemgw_queue_messages",
        "Messages that want a modem: due, later, gated (their batch waits), held (in doubt)",
        labels=["type", "state"],
    )
    oldest = GaugeMetricFamily(
        "modemgw_queue_oldest_seconds", "How long the oldest due message waits", labels=["type"]
    )
    for type, backlog in sample.backlog.items():
        waiting.add_metric([type, "due"], backlog.due)
        waiting.add_metric([type, "later"], backlog.later)
        waiting.add_metric([type, "gated"], backlog.gated)
        waiting.add_metric([type, "held"], backlog.held)
        oldest.add_metric([type], backlog.oldest_s)
    yield from (waiting, oldest)


def sims(found: Sims) -> Iterator[Metric]:
    """What went through each SIM, and whether the network takes it."""
    parts = CounterMetricFamily(
        "modemgw_sim_parts", "Attempts to send a part", labels=["sim", "result"]
    )
    refusals = CounterMetricFamily(
        "modemgw_sim_refusals", "Parts refused, by class of the error", labels=["sim", "class"]
    )
    fates = CounterMetricFamily(
        "modemgw_sim_messages",
        "Messages by what receipts told: delivered, undelivered, silent (none came in time)",
        labels=["sim", "fate"],
    )
    rate = GaugeMetricFamily(
        "modemgw_sim_delivery_ratio",
        "Of the messages whose fate is known since the start, those delivered",
        labels=["sim"],
    )
    blocked = GaugeMetricFamily("modemgw_sim_blocked", "1: taken out", labels=["sim"])
    for iccid, tally in found.tallies.sims.items():
        for result, count in _results(tally):
            parts.add_metric([iccid, result], count)
        for kind, count in tally.refused.items():
            refusals.add_metric([iccid, str(kind)], count)
        for fate in ("delivered", "undelivered", "silent"):
            fates.add_metric([iccid, fate], tally.fates[fate])
        if known := tally.fates.total():
            rate.add_metric([iccid], tally.fates["delivered"] / known)
        if (sim := found.known(iccid)) is not None:
            blocked.add_metric([iccid], float(sim.breaker.open))
    yield from (parts, refusals, fates, rate, blocked)


def _results(tally: SimTally) -> Iterator[tuple[str, int]]:
    yield "accepted", tally.accepted
    yield "refused", sum(tally.refused.values())
    yield "ambiguous", tally.ambiguous
    yield "not_sent", tally.not_sent


def durations(found: Sims) -> Iterator[Metric]:
    """How long messages took, by type."""
    for name, meaning, by_type in (
        ("sent", "until the network had all of it", found.tallies.to_sent),
        ("delivered", "until its receipt came", found.tallies.to_delivered),
    ):
        yield histogram(
            f"modemgw_message_{name}_seconds",
            f"From when a message was to be sent {meaning}",
            by_type,
            label="type",
        )


def histogram(
    name: str, meaning: str, found: Mapping[str, Histogram], *, label: str | None = None
) -> HistogramMetricFamily:
    """A family of histograms, by a label; without one there is one of it."""
    family = HistogramMetricFamily(name, meaning, labels=[] if label is None else [label])
    for value, one in found.items():
        labels = [] if label is None else [value]
        family.add_metric(labels, buckets=one.cumulated(), sum_value=one.total)
    return family
