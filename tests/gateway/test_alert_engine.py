"""Rules over readings, in simulated hours: raised once, cleared once, whatever the noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from modemgw.config import AlertRule, parse
from modemgw.config.alert_metrics import METRICS
from modemgw.config.alerts import DEFAULTS
from modemgw.gateway.upkeep.alerts.engine import GONE_S, Change, Cleared, Engine, Raised, Reading
from modemgw.gateway.upkeep.alerts.window import Window

STEP_S = 10.0
HOUR = 3600.0
WELL_S, BAD_S, AFTER_S = 3 * HOUR, 2 * HOUR, 4 * HOUR


class Sums:
    """What grows by events of which a share is good, as many in each step as it falls out."""

    def __init__(self, random: Random, a_step: float) -> None:
        self._random, self._a_step = random, a_step
        self.part = self.whole = 0

    def step(self, share: float) -> None:
        count = int(self._a_step) + (self._random.random() < self._a_step % 1)
        self.whole += count
        self.part += sum(self._random.random() < share for _ in range(count))


def level(well: float, bad: float, noise: float) -> Callable[[Random], Callable[[bool], Reading]]:
    """A level around one value while all is well, and around another while it is not."""

    def make(random: Random) -> Callable[[bool], Reading]:
        def read(is_bad: bool) -> Reading:
            middle = bad if is_bad else well
            return Reading("", "", middle + random.uniform(-noise, noise), reason="it is so")

        return read

    return make


def share(well: float, bad: float, a_step: float) -> Callable[[Random], Callable[[bool], Reading]]:
    def make(random: Random) -> Callable[[bool], Reading]:
        sums = Sums(random, a_step)

        def read(is_bad: bool) -> Reading:
            sums.step(bad if is_bad else well)
            return Reading("", "", sums.part, sums.whole)

        return read

    return make


def blips(well: float, bad: float) -> Callable[[Random], Callable[[bool], Reading]]:
    """0 or 1, with short spells of the other: `well` is the share of steps at which it is 1."""

    def make(random: Random) -> Callable[[bool], Reading]:
        return lambda is_bad: Reading(
            "", "", float(random.random() < (bad if is_bad else well)), reason="it is so"
        )

    return make


SCENES = {
    "delivery-rate": share(0.95, 0.35, 0.3),
    "error-rate": share(0.02, 0.8, 0.5),
    "late-messages": share(0.001, 0.4, 0.5),
    "queue-age": level(100, 2000, 99),
    "otp-queue-age": level(10, 90, 9),
    "modem-down": blips(0.2, 1.0),
    "modem-recoveries": share(0.001, 0.05, 1),
    "modem-alarm": level(0, 1, 0),
    "sim-blocked": level(0, 1, 0),
    "low-balance": level(0, 1, 0),
    "dead-letters": share(0.0, 0.02, 1),
    "disk": level(2e9, 0.3e9, 0.15e9),
    "clock": share(0.0, 0.02, 5),
    "store": level(0, 1, 0),
    "task-failing": blips(0.05, 1.0),
}
"""For each default alert: figures as they are while all is well, and while it is not."""


def test_every_default_alert_has_a_scene() -> None:
    assert set(SCENES) == set(DEFAULTS)
    assert {rule.metric for rule in DEFAULTS.values()} == set(METRICS)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("id", DEFAULTS)
def test_a_default_alert_is_raised_once_and_cleared_once(id: str, seed: int) -> None:
    rule, random = DEFAULTS[id], Random(seed)
    subject = rule.subjects[0] if rule.subjects else "s1"
    read = SCENES[id](random)
    engine = Engine([rule])
    changes: list[tuple[float, Change]] = []
    now = 0.0
    while now < WELL_S + BAD_S + AFTER_S:
        now += STEP_S
        reading = read(WELL_S < now <= WELL_S + BAD_S)
        reading = replace(reading, metric=rule.metric, subject=subject)
        changes += [(now, change) for change in engine.look(now, [reading])]
    assert [type(change) for _, change in changes] == [Raised, Cleared], changes
    (raised_at, raised), (cleared_at, _) = changes
    assert WELL_S < raised_at <= WELL_S + BAD_S
    assert cleared_at > WELL_S + BAD_S
    assert isinstance(raised, Raised)
    assert raised.reason
    assert "{" not in raised.reason


# --- one by one


@dataclass
class Lab:
    engine: Engine
    now: float = 0.0

    def look(self, *readings: Reading, after_s: float = STEP_S) -> list[str]:
        self.now += after_s
        return [
            f"{'raised' if isinstance(one, Raised) else 'cleared'} {one.subject}"
            for one in self.engine.look(self.now, readings)
        ]


def lab(*sections: dict[str, object]) -> Lab:
    return Lab(Engine(rules(*sections)))


def rules(*sections: dict[str, object]) -> tuple[AlertRule, ...]:
    return parse({"alerts": {"defaults": False}, "alert": list(sections)}).alert_rules


def age(value: float, type: str = "otp") -> Reading:
    return Reading("queue_age", type, value)


def test_between_the_marks_nothing_happens() -> None:
    made = lab({"id": "a", "metric": "queue_age", "threshold": 60, "clear_below": 20})
    told = [made.look(age(value)) for value in (59, 60, 59, 60, 20, 60, 19.9, 59, 61)]
    assert [one for one in told if one] == [["raised otp"], ["cleared otp"], ["raised otp"]]


def test_low_is_bad_for_what_should_be_high() -> None:
    made = lab({"id": "a", "metric": "disk_free_bytes", "threshold": 10, "clear_above": 20})
    free = [Reading("disk_free_bytes", "gateway", value) for value in (10, 9, 10, 19, 20)]
    assert [len(made.look(one)) for one in free] == [0, 1, 0, 0, 1]


def test_it_must_be_so_for_a_time_to_be_raised_and_to_be_cleared() -> None:
    made = lab({"id": "a", "metric": "queue_age", "threshold": 60, "for": 30})
    bad = [made.look(age(99)) for _ in range(3)]
    assert bad == [[], [], []]
    assert made.look(age(1)) == []  # it begins again
    assert [made.look(age(99)) for _ in range(4)] == [[], [], [], ["raised otp"]]
    assert [made.look(age(1)) for _ in range(4)] == [[], [], [], ["cleared otp"]]


def test_only_the_subjects_that_are_named() -> None:
    made = lab({"id": "a", "metric": "queue_age", "threshold": 60, "subjects": ["otp"]})
    assert made.look(age(99, "promotional"), age(99)) == ["raised otp"]


def test_too_few_say_nothing_and_change_nothing() -> None:
    made = lab({"id": "a", "metric": "error_rate", "threshold": 0.5, "minimum": 10, "window": 600})
    assert made.look(Reading("error_rate", "s1", 9, 9)) == []
    assert made.look(Reading("error_rate", "s1", 10, 10)) == ["raised s1"]
    for _ in range(200):  # nothing is sent any more: nobody knows whether it is well
        assert made.look(Reading("error_rate", "s1", 10, 10)) == []
    assert made.look(Reading("error_rate", "s1", 10, 19)) == []
    assert made.look(Reading("error_rate", "s1", 10, 20)) == ["cleared s1"]


def test_sums_that_begin_anew_are_no_fall() -> None:
    made = lab({"id": "a", "metric": "dead_letters", "threshold": 5, "window": 600})
    assert made.look(Reading("dead_letters", "exec", 4)) == []
    assert made.look(Reading("dead_letters", "exec", 0)) == []
    assert made.look(Reading("dead_letters", "exec", 1)) == ["raised exec"]


def test_two_rules_of_one_metric_have_windows_of_their_own() -> None:
    made = lab(
        {"id": "a", "metric": "dead_letters", "threshold": 5, "window": 60},
        {"id": "b", "metric": "dead_letters", "threshold": 5, "window": 3600},
    )
    told = [made.look(Reading("dead_letters", "exec", n), after_s=30) for n in range(8)]
    assert sum(map(len, told)) == 1  # three in a minute at the most, but five in an hour


def test_what_was_raised_before_a_restart_is_not_raised_again() -> None:
    made = lab({"id": "a", "metric": "queue_age", "threshold": 60})
    made.engine.restore([("a", "otp")], 0.0)
    assert made.look(age(99)) == []
    assert made.look(age(1)) == ["cleared otp"]


def test_what_is_no_longer_there_is_over_after_a_while() -> None:
    made = lab({"id": "a", "metric": "modem_down", "threshold": 1})
    assert made.look(Reading("modem_down", "m1", 1.0, reason="gone")) == ["raised m1"]
    assert made.look(after_s=GONE_S - 1) == []
    assert made.look(after_s=1) == ["cleared m1"]


def test_another_configuration_ends_what_it_does_not_have() -> None:
    made = lab(
        {"id": "a", "metric": "queue_age", "threshold": 60},
        {"id": "b", "metric": "queue_age", "threshold": 60},
    )
    assert made.look(age(99)) == ["raised otp", "raised otp"]
    made.engine.configure(rules({"id": "a", "metric": "queue_age", "threshold": 200}))
    assert made.look(age(250)) == ["cleared otp"]
    assert made.engine.raised == [("a", "otp")]
    assert made.look(age(199)) == ["cleared otp"]


def test_a_window_forgets_what_is_old() -> None:
    window, now = Window(60), 0.0
    for _ in range(1000):
        now += 1
        window.add(now, 0.1, 1)
    assert 59 <= window.whole <= 61
    assert window.part == pytest.approx(window.whole / 10)
    window.add(now + 61, 0, 0)
    assert (window.part, window.whole) == (0, 0)
