"""What alerts may watch: each metric, what it is about, and which way it is bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class AlertMetric:
    """Something that is measured of each of its subjects."""

    subject: str
    """What it is about: `sim`, `modem`, `type` of messages, `task`, `kind` of deliveries, or
    `gateway` where there is one only."""
    kind: Literal["level", "count", "share"]
    """A level is what it is just now; a count and a share (0 to 1) are of a rolling window."""
    bad: Literal["high", "low"]
    sentence: str
    """What is wrong, for metrics that do not say it themselves: filled in with `value`, `of` (how
    many the share is of), `subject` and `window`."""


METRICS: Final[dict[str, AlertMetric]] = {
    "delivery_rate": AlertMetric(
        "sim",
        "share",
        "low",
        "{value:.0%} of {of:.0f} messages through the SIM {subject} were delivered in {window}",
    ),
    "error_rate": AlertMetric(
        "sim",
        "share",
        "high",
        "{value:.0%} of {of:.0f} tries through the SIM {subject} failed in {window}",
    ),
    "late_rate": AlertMetric(
        "type",
        "share",
        "high",
        "{value:.0%} of {of:.0f} {subject} messages missed their target in {window}",
    ),
    "queue_age": AlertMetric(
        "type", "level", "high", "the oldest {subject} message has waited for {value:.0f} s"
    ),
    "modem_down": AlertMetric("modem", "level", "high", ""),
    "modem_recoveries": AlertMetric(
        "modem",
        "count",
        "high",
        "the modem {subject} had to be recovered {value:.0f} times in {window}",
    ),
    "modem_alarm": AlertMetric("modem", "level", "high", ""),
    "sim_blocked": AlertMetric("sim", "level", "high", ""),
    "low_balance": AlertMetric("sim", "level", "high", ""),
    "dead_letters": AlertMetric(
        "kind", "count", "high", "{value:.0f} deliveries by {subject} were given up in {window}"
    ),
    "disk_free_bytes": AlertMetric(
        "gateway", "level", "low", "the disk with the database has {value:.3g} bytes left"
    ),
    "clock_step_seconds": AlertMetric(
        "gateway", "count", "high", "the machine's clock was set by {value:.0f} s in {window}"
    ),
    "store_not_writable": AlertMetric("gateway", "level", "high", ""),
    "task_failing": AlertMetric("task", "level", "high", ""),
}
"""By name."""
