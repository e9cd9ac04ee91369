"""[alerts] and [[alert]]: what a person is told of, when, and how."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from modemgw.config.alert_metrics import METRICS, AlertMetric
from modemgw.config.base import Identifier, Seconds, Section
from modemgw.config.smtp import MAIL_ADDRESS

Severity = Literal["info", "warning", "critical"]
LONGEST_MAIL = 254
_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
_MAIL = re.compile(MAIL_ADDRESS, re.ASCII)


def is_mail(target: str) -> bool:
    """Whether one who is notified is so by e-mail; else it is a number."""
    return "@" in target


def _target(text: str) -> str:
    if _NUMBER.fullmatch(text) or (len(text) <= LONGEST_MAIL and _MAIL.fullmatch(text)):
        return text
    raise ValueError(
        "this must be a number with country code, such as +447700900001, or an e-mail address"
    )


Target = Annotated[str, AfterValidator(_target)]


class AlertSection(Section):
    """[[alert]]: a default one with other keys, or one more."""

    id: Identifier | None = None
    """By which it is known; without one it is known by its metric."""
    metric: str | None = None
    """What is watched; with the id of a default one it is that of the default."""
    subjects: tuple[str, ...] = ()
    """Only these modems, SIMs, types …; empty: each of them."""
    threshold: float | None = None
    """It is raised when the metric comes so far …"""
    clear_below: float | None = None
    """… and cleared when it is less than this again (where high is bad) …"""
    clear_above: float | None = None
    """… or at least this (where low is bad)."""
    window: Annotated[float, Field(gt=0, le=7 * 86400)] | None = None
    """Seconds that a count or a share is of."""
    minimum: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """A share of fewer than these says nothing: neither raised nor cleared."""
    for_: Annotated[Seconds | None, Field(alias="for")] = None
    """Seconds that it must be so, before it is raised, and before it is cleared."""
    severity: Severity | None = None
    notify: tuple[Target, ...] | None = None
    """Numbers and e-mail addresses; None: those of [alerts]."""
    enabled: bool = True

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str | None) -> str | None:
        if metric is None or metric in METRICS:
            return metric
        close = difflib.get_close_matches(metric, METRICS, n=1)
        meant = f" (is {close[0]} meant?)" if close else ""
        raise ValueError(f"there is no such metric{meant}; there are {', '.join(METRICS)}")

    @model_validator(mode="after")
    def _complete(self) -> AlertSection:
        name = self.name
        default = DEFAULTS.get(name)
        if default is None and self.metric is None:
            raise ValueError(
                "metric is missing; without it, id must be that of a default: "
                + ", ".join(DEFAULTS)
            )
        if default is not None and self.metric not in (None, default.metric):
            raise ValueError(
                f"the default alert {name} watches {default.metric}; give this one another id"
            )
        _rule(self, ())
        return self

    @property
    def name(self) -> str:
        """By which it is known."""
        return self.id or (self.metric or "").replace("_", "-")


class AlertsSection(Section):
    """[alerts]"""

    notify: tuple[Target, ...] = ()
    """Who is told of alerts that do not say it themselves: numbers and e-mail addresses."""
    defaults: bool = True
    """Whether there are the default ones."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert as it is in force."""

    id: str
    metric: str
    threshold: float
    clear: float
    """Cleared when it is less (where high is bad), or at least so much (where low is)."""
    window_s: float
    minimum: int
    for_s: float
    severity: Severity
    notify: tuple[str, ...]
    subjects: tuple[str, ...] = ()

    @property
    def about(self) -> AlertMetric:
        """What it watches."""
        return METRICS[self.metric]

    def is_bad(self, value: float) -> bool:
        """Whether it is to be raised."""
        return value >= self.threshold if self.about.bad == "high" else value < self.threshold

    def is_well(self, value: float) -> bool:
        """Whether it is to be cleared."""
        return value < self.clear if self.about.bad == "high" else value >= self.clear


def _default(
    id: str,
    metric: str,
    threshold: float,
    clear: float,
    *,
    window_s: float = 3600,
    minimum: int = 1,
    for_s: float = 0,
    severity: Severity = "warning",
    subjects: tuple[str, ...] = (),
) -> AlertRule:
    return AlertRule(id, metric, threshold, clear, window_s, minimum, for_s, severity, (), subjects)


DEFAULTS: dict[str, AlertRule] = {
    rule.id: rule
    for rule in (
        _default("delivery-rate", "delivery_rate", 0.7, 0.85, minimum=20, for_s=300),
        _default("error-rate", "error_rate", 0.3, 0.1, window_s=900, minimum=10, for_s=60),
        _default("late-messages", "late_rate", 0.05, 0.01, minimum=20, for_s=60),
        _default("queue-age", "queue_age", 900, 300, for_s=60),
        _default(
            "otp-queue-age", "queue_age", 60, 20, for_s=20, severity="critical", subjects=("otp",)
        ),
        _default("modem-down", "modem_down", 1, 1, for_s=180),
        _default("modem-recoveries", "modem_recoveries", 5, 2),
        _default("modem-alarm", "modem_alarm", 1, 1),
        _default("sim-blocked", "sim_blocked", 1, 1, severity="critical"),
        _default("low-balance", "low_balance", 1, 1),
        _default("dead-letters", "dead_letters", 1, 1),
        _default("disk", "disk_free_bytes", 500e6, 1e9, severity="critical"),
        _default("clock", "clock_step_seconds", 5, 1),
        _default("store", "store_not_writable", 1, 1, severity="critical"),
        _default("task-failing", "task_failing", 1, 1, for_s=60),
    )
}
"""Those that there are without configuration, by id."""


def rules(alerts: AlertsSection, sections: Iterable[AlertSection]) -> tuple[AlertRule, ...]:
    """The alerts that are in force: the defaults with other keys, and those that came to them."""
    by_id = {id: _told(rule, alerts.notify) for id, rule in DEFAULTS.items() if alerts.defaults}
    for section in sections:
        by_id.pop(section.name, None)
        if section.enabled:
            by_id[section.name] = _rule(section, alerts.notify)
    return tuple(by_id.values())


def _told(rule: AlertRule, notify: tuple[str, ...]) -> AlertRule:
    return _changed(rule, {"notify": notify})


def _changed(rule: AlertRule, changes: dict[str, Any]) -> AlertRule:
    values = {name: getattr(rule, name) for name in AlertRule.__slots__}
    return AlertRule(**values | changes)


def _rule(section: AlertSection, notify: tuple[str, ...]) -> AlertRule:
    """Raises ValueError: its keys do not go together."""
    name = section.name
    default = DEFAULTS.get(name)
    metric = section.metric or ("" if default is None else default.metric)
    about = METRICS[metric]
    threshold = section.threshold
    if threshold is None:
        if default is None:
            raise ValueError("threshold is missing: how far the metric comes when it is raised")
        threshold = default.threshold
    wrong, right = ("clear_above", "clear_below")
    if about.bad == "low":
        wrong, right = right, wrong
    if getattr(section, wrong) is not None:
        raise ValueError(f"{metric} is bad when it is {about.bad}: {wrong} must be {right}")
    clear = getattr(section, right)
    if clear is None:
        kept = default is not None and section.threshold is None
        clear = default.clear if default is not None and kept else threshold
    if (clear > threshold) if about.bad == "high" else (clear < threshold):
        raise ValueError(
            f"{right} ({clear:g}) must lie on the good side of threshold ({threshold:g})"
        )
    given = {
        "metric": metric,
        "threshold": threshold,
        "clear": clear,
        "window_s": section.window,
        "minimum": section.minimum,
        "for_s": section.for_,
        "severity": section.severity,
        "notify": notify if section.notify is None else section.notify,
        "subjects": section.subjects or None,
    }
    base = default or _default(name, metric, threshold, clear)
    return _changed(base, {key: value for key, value in given.items() if value is not None})
