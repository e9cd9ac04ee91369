"""All figures, read when they are asked for.

They are read in the loop's thread, where they change; what comes of it may go to any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.outgoing.punctuality import Tally
from modemgw.gateway.supervision import Keeper


class _Snapshot(Collector):
    """Figures at one moment."""

    def __init__(self, figures: Iterable[Metric]) -> None:
        self._figures = tuple(figures)

    def collect(self) -> Iterable[Metric]:
        return self._figures


class Figures:
    """Reads the gateway's figures where they arise."""

    def __init__(
        self,
        views: Callable[[], list[ModemView]],
        waiting: Callable[[], int],
        accepted: Mapping[str, int],
        tallies: Callable[[], Mapping[str, Tally]],
        keeper: Keeper,
        more: Sequence[Callable[[], Iterable[Metric]]] = (),
    ) -> None:
        """`more`: what gives further figures, each called in the loop's thread."""
        self._views = views
        self._waiting = waiting
        self._accepted = accepted
        self._tallies = tallies
        self._keeper = keeper
        self._more = more
        self.read = 0
        """How often they were read."""

    def registry(self) -> CollectorRegistry:
        """A registry with the figures as they are now. Call it in the loop's thread."""
        self.read += 1
        registry = CollectorRegistry()
        registry.register(_Snapshot(self._all()))
        return registry

    def _all(self) -> Iterator[Metric]:
        accepted = CounterMetricFamily(
            "modemgw_messages_accepted", "Messages answered with 202", labels=["type"]
        )
        for type_, count in self._accepted.items():
            accepted.add_metric([type_], count)
        yield accepted
        yield GaugeMetricFamily(
            "modemgw_messages_waiting", "Messages that still want a modem", self._waiting()
        )
        yield from self._targets()
        yield from self._tasks()
        yield from self._modems()
        for figures in self._more:
            yield from figures()

    def _targets(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Of each type that has a target."""
        in_time = CounterMetricFamily(
            "modemgw_messages_in_time", "Messages that reached their target", labels=["type"]
        )
        late = CounterMetricFamily(
            "modemgw_messages_late", "Messages that missed their target", labels=["type"]
        )
        overdue = GaugeMetricFamily(
            "modemgw_messages_overdue",
            "Messages that are late and have not come so far yet",
            labels=["type"],
        )
        for type_, tally in self._tallies().items():
            in_time.add_metric([type_], tally.in_time)
            late.add_metric([type_], tally.late)
            overdue.add_metric([type_], len(tally.overdue))
        yield from (in_time, late, overdue)

    def _tasks(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        failures = CounterMetricFamily(
            "modemgw_task_failures", "Failures of what runs in the background", labels=["task"]
        )
        failing = GaugeMetricFamily(
            "modemgw_task_failing", "1: fails, and is begun anew", labels=["task"]
        )
        for name, count in self._keeper.failures().items():
            failures.add_metric([name], count)
            failing.add_metric([name], float(self._keeper.is_failing(name)))
        yield from (failures, failing)

    def _modems(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        ready = GaugeMetricFamily("modemgw_modem_ready", "1: can send", labels=["modem"])
        state = GaugeMetricFamily(
            "modemgw_modem_state", "1 for the state that it is in", labels=["modem", "state"]
        )
        signal = GaugeMetricFamily("modemgw_modem_signal_dbm", "Signal", labels=["modem"])
        parts = CounterMetricFamily(
            "modemgw_modem_parts", "Attempts to send a part", labels=["modem", "outcome"]
        )
        received = CounterMetricFamily("modemgw_modem_received", "PDUs received", labels=["modem"])
        resets = CounterMetricFamily("modemgw_modem_resets", "Resets", labels=["modem"])
        recoveries = CounterMetricFamily(
            "modemgw_modem_recoveries", "Times that it had to be recovered", labels=["modem"]
        )
        timeouts = CounterMetricFamily(
            "modemgw_modem_timeouts", "Commands that were not answered in time", labels=["modem"]
        )
        for view in self._views():
            status = view.status
            can_send = status.state in ("ready", "sending")
            ready.add_metric([status.id], float(can_send))
            state.add_metric([status.id, status.state], 1.0)
            if status.signal_dbm is not None:
                signal.add_metric([status.id], status.signal_dbm)
            for outcome in ("sent", "refused", "ambiguous"):
                parts.add_metric([status.id, outcome], getattr(status, outcome))
            received.add_metric([status.id], status.received)
            resets.add_metric([status.id], status.resets)
            recoveries.add_metric([status.id], status.recoveries)
            timeouts.add_metric([status.id], status.timeouts)
        yield from (ready, state, signal, parts, received, resets, recoveries, timeouts)
