"""How long it is tried to tell somebody: by the numbers."""

from __future__ import annotations

from random import Random

import pytest

from modemgw.gateway.deliveries.outcome import GONE, REFUSED, Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.patience import JITTER, OF_HANDLERS, OF_WEBHOOKS, Patience
from modemgw.gateway.deliveries.post import LONGEST_REST_S, outcome_of, retry_after
from modemgw.store import Answer

DAY_S = 24 * 3600.0
NOW = 1_790_000_000.0


def tries_until_dead(
    patience: Patience, *, refused: bool = False, seed: int = 1
) -> tuple[int, float]:
    """How many tries there are, if none takes time, and when the last is."""
    now, tries, random = 0.0, 0, Random(seed)
    while True:
        tries += 1
        at = patience.next_at(tries, since=0.0, now=now, random=random, refused=refused)
        if at is None:
            return tries, now
        now = at


@pytest.mark.parametrize("seed", range(20))
def test_a_webhook_is_told_for_a_day_and_then_no_more(seed: int) -> None:
    tries, last = tries_until_dead(OF_WEBHOOKS, seed=seed)
    assert DAY_S - 7200 * (1 + JITTER) <= last <= DAY_S
    assert 19 <= tries <= 26


@pytest.mark.parametrize("seed", range(20))
def test_what_is_refused_is_tried_for_an_hour(seed: int) -> None:
    _, last = tries_until_dead(OF_WEBHOOKS, refused=True, seed=seed)
    assert 1000 < last <= 3600


def test_handlers_have_their_tries() -> None:
    assert tries_until_dead(OF_HANDLERS)[0] == OF_HANDLERS.tries == 12


def test_waits_double_up_to_the_longest_and_never_fall_together() -> None:
    random = Random(1)
    for tries in range(1, 100):
        usual = min(5.0 * 2.0 ** (tries - 1), 7200.0)
        waits = {OF_WEBHOOKS.wait_s(tries, random) for _ in range(50)}
        assert len(waits) == 50
        assert usual * (1 - JITTER) <= min(waits) < max(waits) <= usual * (1 + JITTER)


def test_what_had_to_wait_for_its_turn_has_some_tries_all_the_same() -> None:
    at = [
        OF_WEBHOOKS.next_at(tries, since=0.0, now=3 * DAY_S, random=Random(1))
        for tries in (1, 2, 3)
    ]
    assert at[0] is not None
    assert at[1] is not None
    assert at[2] is None


def test_who_asks_to_be_left_alone_is() -> None:
    at = OF_WEBHOOKS.next_at(1, since=0.0, now=0.0, random=Random(1), asked_s=600.0)
    assert at == 600.0


# --- what an answer means


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (200, Taken, None),
        (204, Taken, None),
        (299, Taken, None),
        (300, Retry, REFUSED),
        (302, Retry, REFUSED),
        (400, Retry, REFUSED),
        (401, Retry, REFUSED),
        (404, Retry, REFUSED),
        (408, Retry, "failed"),
        (410, Never, GONE),
        (425, Retry, "failed"),
        (429, Retry, "failed"),
        (500, Retry, "failed"),
        (503, Retry, "failed"),
        (599, Retry, "failed"),
    ],
)
def test_statuses_are_told_apart(status: int, kind: type[Outcome], code: str | None) -> None:
    outcome = outcome_of(Answer(status, "said"), {}, NOW)
    assert isinstance(outcome, kind)
    assert outcome.answer == Answer(status, "said")
    assert code is None or (not isinstance(outcome, Taken) and outcome.code == code)


@pytest.mark.parametrize("status", [429, 503, 500, 404])
def test_retry_after_is_heeded_where_it_says_how_long_to_wait(status: int) -> None:
    outcome = outcome_of(Answer(status, ""), {"Retry-After": "120"}, NOW)
    assert isinstance(outcome, Retry)
    assert outcome.rest_s == (120.0 if status in (429, 503) else 0.0)


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (None, 0.0),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("86400", LONGEST_REST_S),
        ("9" * 5000, LONGEST_REST_S),
        ("-5", 0.0),
        ("1.5", 0.0),
        ("²", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Mon, 21 Sep 2026 14:12:20 GMT", 0.0),
        ("Mon, 21 Sep 2099 14:12:20 GMT", LONGEST_REST_S),
        ("Mon, 99 Sep 2026 14:12:20 GMT", 0.0),
    ],
)
def test_retry_after_in_all_its_forms(field: str | None, seconds: float) -> None:
    assert retry_after(field, NOW) == seconds
