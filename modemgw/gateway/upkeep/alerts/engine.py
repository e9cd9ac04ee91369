"""When something is wrong, and when it is over: rules over readings, with hysteresis. Pure.

Time is handed in, and so is what was measured. A rule is raised when it was bad for as long as it
says, and cleared when it was well for as long; between the two marks nothing happens, so noise
around either raises nothing twice. What cannot be judged (too little in the window, or nothing is
heard of it) stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modemgw.config import AlertRule
from modemgw.gateway.upkeep.alerts.window import Window

GONE_S = 900.0
"""What nothing is heard of for so long is no longer there: its alerts are over. A modem and its SIM
are not known at once after a start."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a metric is of one subject now."""

    metric: str
    subject: str
    value: float
    """A level as it is; of a count, and of the part of a share, the sum since the start."""
    whole: float = 0.0
    """Of a share: the sum since the start of what `value` is part of."""
    modem: str | None = None
    reason: str | None = None
    """What is wrong, where the metric has no sentence for it."""
    shown: tuple[float, float] | None = None
    """Value and threshold as they are shown, where those that are judged say nothing."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Something is wrong from now on."""

    rule: AlertRule
    subject: str
    modem: str | None
    value: float
    threshold: float
    reason: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """An alert that was raised is over."""

    alert: str
    subject: str


Change = Raised | Cleared
_Key = tuple[str, str]
"""The id of a rule, and a subject."""


@dataclass(slots=True)
class _Standing:
    """How one rule stands with one subject."""

    heard_at: float
    raised: bool = False
    turning_since: float | None = None
    """Since when it is bad while it is not raised, or well while it is."""
    window: Window | None = None


class Engine:
    """Judges readings. It begins with nothing raised; `restore` says what is."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules: dict[str, AlertRule] = {}
        self._standings: dict[_Key, _Standing] = {}
        self._totals: dict[_Key, tuple[float, float]] = {}
        """By metric and subject: the sums as they were read last. They begin with the process."""
        self.configure(rules)

    def configure(self, rules: Sequence[AlertRule]) -> None:
        """Have these rules from now on. One that has changed begins to watch anew; what is raised
        stays so until it is judged."""
        before = self._rules
        self._rules = {rule.id: rule for rule in rules}
        self._by_metric: dict[str, list[AlertRule]] = {}
        for rule in rules:
            self._by_metric.setdefault(rule.metric, []).append(rule)
        for (id, _), standing in self._standings.items():
            if self._rules.get(id) != before.get(id):
                standing.turning_since, standing.window = None, None

    def restore(self, raised: Iterable[_Key], now: float) -> None:
        """These (rule, subject) were raised when the process before this one ended."""
        for key in raised:
            self._standings[key] = _Standing(now, raised=True)

    @property
    def raised(self) -> list[_Key]:
        """What is raised now: (rule, subject)."""
        return [key for key, standing in self._standings.items() if standing.raised]

    def look(self, now: float, readings: Iterable[Reading]) -> list[Change]:
        """Judge what was read at `now` (seconds that go on evenly). Returns what has changed."""
        changes: list[Change] = []
        for reading in readings:
            rules = self._by_metric.get(reading.metric)
            if not rules:
                continue
            part, whole = self._news(reading) if rules[0].about.kind != "level" else (0.0, 0.0)
            for rule in rules:
                if rule.subjects and reading.subject not in rule.subjects:
                    continue
                change = self._judge(rule, reading, part, whole, now)
                if change is not None:
                    changes.append(change)
        changes += self._gone(now)
        return changes

    def _news(self, reading: Reading) -> tuple[float, float]:
        """What a sum has grown by since it was read last."""
        key = (reading.metric, reading.subject)
        before = self._totals.get(key, (0.0, 0.0))
        self._totals[key] = (reading.value, reading.whole)
        if reading.value < before[0] or reading.whole < before[1]:  # it began anew
            before = (0.0, 0.0)
        return reading.value - before[0], reading.whole - before[1]

    def _judge(
        self, rule: AlertRule, reading: Reading, part: float, whole: float, now: float
    ) -> Change | None:
        key = (rule.id, reading.subject)
        standing = self._standings.get(key)
        if standing is None:
            standing = self._standings[key] = _Standing(now)
        standing.heard_at = now
        value, of = reading.value, 0.0
        if rule.about.kind != "level":
            if standing.window is None:
                standing.window = Window(rule.window_s)
            window = standing.window
            window.add(now, part, whole)
            value, of = window.part, window.whole
            if rule.about.kind == "share":
                if of < rule.minimum:
                    standing.turning_since = None
                    return None
                value /= of
        turning = rule.is_well(value) if standing.raised else rule.is_bad(value)
        if not turning:
            standing.turning_since = None
            return None
        if standing.turning_since is None:
            standing.turning_since = now
        if now - standing.turning_since < rule.for_s:
            return None
        standing.turning_since = None
        standing.raised = not standing.raised
        if not standing.raised:
            return Cleared(rule.id, reading.subject)
        shown, threshold = reading.shown or (value, rule.threshold)
        reason = reading.reason or rule.about.sentence.format(
            value=value, of=of, subject=reading.subject, window=_spelled(rule.window_s)
        )
        return Raised(rule, reading.subject, reading.modem, shown, threshold, reason)

    def _gone(self, now: float) -> list[Change]:
        """What no rule watches any more, and what is no longer there, is over."""
        over = [
            key
            for key, standing in self._standings.items()
            if key[0] not in self._rules or now - standing.heard_at >= GONE_S
        ]
        return [Cleared(*key) for key in over if self._standings.pop(key).raised]


def _spelled(seconds: float) -> str:
    """A span of time in words: `an hour`, `15 minutes`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = seconds / size
        if count >= 1 and count == int(count):
            if count == 1:
                return f"an {unit}" if unit == "hour" else f"a {unit}"
            return f"{count:.0f} {unit}s"
    return f"{seconds:g} seconds"
