"""How much one recipient may get and one key may send, before and after the limits change."""

from __future__ import annotations

from modemgw.config import RateLimits
from modemgw.gateway.admission.quota import Quota


def test_a_limit_is_kept_within_its_window() -> None:
    quota = Quota(RateLimits(per_minute=2))
    quota.record("a", 0.0)
    quota.record("a", 10.0)
    assert quota.allowed_at("a", 20.0) == 60.0
    assert quota.allowed_at("b", 20.0) == 20.0
    assert quota.allowed_at("a", 61.0) == 61.0


def test_a_limit_that_comes_later_counts_what_the_store_knows() -> None:
    quota = Quota(RateLimits())
    quota.record("a", 5.0)
    quota.limits = RateLimits(per_hour=2)
    quota.record("a", 30.0)
    quota.recount({"a": [5.0], "b": [6.0]})
    assert quota.allowed_at("a", 40.0) == 3605.0
    assert quota.allowed_at("b", 40.0) == 40.0


def test_what_memory_and_store_both_know_counts_once() -> None:
    quota = Quota(RateLimits(per_minute=9))
    for at in (10.0, 10.0, 20.0):
        quota.record("a", at)
    quota.limits = RateLimits(per_hour=5)
    quota.recount({"a": [5.0, 10.0, 10.0]})  # 20.0 is not committed yet
    assert quota.allowed_at("a", 21.0) == 21.0, "4 messages so far"
    quota.record("a", 21.0)
    assert quota.allowed_at("a", 22.0) == 3605.0


def test_without_limits_nothing_is_kept() -> None:
    quota = Quota(RateLimits(per_day=1))
    quota.record("a", 0.0)
    quota.limits = RateLimits()
    assert quota.allowed_at("a", 1.0) == 1.0
    quota.recount({"a": [0.0]})
    quota.limits = RateLimits(per_day=1)
    assert quota.allowed_at("a", 1.0) == 1.0
