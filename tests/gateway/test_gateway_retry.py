"""What is done about a refusal: the table, and the back-off."""

from __future__ import annotations

from random import Random

import pytest

from modemgw.config import TypeSection
from modemgw.gateway.fleet.breaker import BUSY_S, Breaker
from modemgw.gateway.outgoing.retry import COOLING_S, LONGEST_WAIT_S, Action, backoff, decide
from modemgw.modem import ErrorClass, Verdict

A, K = Action, ErrorClass


def verdict(
    kind: ErrorClass, wait: float = 0, *, other: bool = False, once: bool = False
) -> Verdict:
    return Verdict(kind, wait, other, once, "")


@pytest.mark.parametrize(
    ("given", "refusals", "another", "action"),
    [
        (verdict(K.ACCEPTED), 1, True, A.ACCEPT),
        (verdict(K.RECIPIENT), 1, True, A.FAIL),
        (verdict(K.RECIPIENT, other=True), 1, True, A.ELSEWHERE),
        (verdict(K.RECIPIENT, other=True), 1, False, A.FAIL),
        (verdict(K.RECIPIENT, other=True), 2, True, A.FAIL),
        (verdict(K.MESSAGE, once=True), 1, False, A.LATER),
        (verdict(K.MESSAGE, once=True), 2, False, A.FAIL),
        (verdict(K.SAME_SIM, 30), 1, True, A.LATER),
        (verdict(K.BUSY, 2), 1, True, A.LATER),
        (verdict(K.SAME_SIM, 30, other=True), 1, True, A.ELSEWHERE),
        (verdict(K.SAME_SIM, 30, other=True), 1, False, A.LATER),
        (verdict(K.SAME_SIM, 30), 3, True, A.FAIL),
        (verdict(K.OTHER_SIM), 1, True, A.ELSEWHERE),
        (verdict(K.OTHER_SIM), 1, False, A.LATER),
        (verdict(K.BARRED), 1, True, A.ELSEWHERE),
        (verdict(K.BARRED), 2, False, A.LATER),
        (verdict(K.CONFIGURATION), 1, True, A.ELSEWHERE),
        (verdict(K.MODEM), 1, True, A.ELSEWHERE),
        (verdict(K.MODEM), 1, False, A.LATER),
        (verdict(K.MODEM), 3, True, A.FAIL),
        (verdict(K.STORAGE, 5), 1, True, A.LATER),
    ],
)
def test_each_kind_of_refusal_has_its_answer(
    given: Verdict, refusals: int, another: bool, action: Action
) -> None:
    policy = TypeSection(max_attempts=3)
    decision = decide(given, refusals, policy, another_sim=another, random=Random(1))
    assert decision.action is action
    assert decision.permanent == (
        action is A.FAIL and given.error_class in (K.RECIPIENT, K.MESSAGE)
    )
    if action is A.LATER:
        assert decision.wait_s >= 0.8 * (given.wait_s or 5)
    if given.error_class in (K.OTHER_SIM, K.BARRED, K.CONFIGURATION):
        assert decision.wait_s >= COOLING_S


def test_no_try_follows_the_last_that_is_allowed() -> None:
    policy = TypeSection(max_attempts=1)
    for kind in (K.SAME_SIM, K.BUSY, K.OTHER_SIM, K.MODEM, K.BARRED, K.CONFIGURATION, K.STORAGE):
        found = decide(verdict(kind), 1, policy, another_sim=True, random=Random(1))
        assert found.action is A.FAIL, kind


def test_back_off_doubles_with_jitter_up_to_its_bound() -> None:
    random = Random(5)
    for refusals in range(1, 60):
        wait = backoff(10, refusals, random)
        plain = min(10 * 2.0 ** (refusals - 1), LONGEST_WAIT_S)
        assert 0.8 * plain <= wait <= 1.2 * plain


def refuse(breaker: Breaker, kind: ErrorClass, count: int, recipients: int = 99) -> bool:
    opened = [breaker.refused(kind, f"+{n % recipients}", 0.0) for n in range(count)]
    return any(opened)


def test_a_breaker_opens_after_bars_in_a_row_over_different_recipients() -> None:
    assert refuse(Breaker(), K.BARRED, 4)
    assert not refuse(Breaker(), K.BARRED, 3)
    assert not refuse(Breaker(), K.BARRED, 20, recipients=2)
    assert refuse(Breaker(), K.SAME_SIM, 10)
    assert not refuse(Breaker(), K.SAME_SIM, 9)
    assert not refuse(Breaker(), K.RECIPIENT, 50)


def test_a_sim_that_is_busy_for_a_moment_is_not_taken_out_but_one_that_always_is() -> None:
    breaker = Breaker()
    for n in range(100):
        assert not breaker.refused(K.BUSY, f"+{n}", 0.5 * n)
    assert breaker.state is None, "nothing to remember"
    assert any(breaker.refused(K.BUSY, f"+{n}", BUSY_S + n) for n in range(10))


def test_a_sim_may_be_busy_again_after_it_has_sent() -> None:
    breaker = Breaker()
    breaker.refused(K.BUSY, "+0", 0.0)
    breaker.succeeded()
    assert not any(breaker.refused(K.BUSY, f"+{n}", BUSY_S + n) for n in range(20))


def test_a_success_between_refusals_keeps_the_breaker_closed_and_closes_an_open_one() -> None:
    breaker = Breaker()
    refuse(breaker, K.BARRED, 3)
    assert not breaker.succeeded()
    assert not refuse(breaker, K.BARRED, 3)
    assert refuse(breaker, K.BARRED, 1)
    assert breaker.open
    assert breaker.succeeded()
    assert not breaker.open


def test_probes_of_an_open_breaker_come_ever_less_often() -> None:
    breaker = Breaker()
    refuse(breaker, K.BARRED, 4)
    waits, now = [], breaker.probe_at
    for n in range(6):
        breaker.refused(K.BARRED, f"+{n}", now)
        waits.append(breaker.probe_at - now)
        now = breaker.probe_at
    assert waits == sorted(waits)
    assert waits[-1] == 86400
