"""How much one recipient may get and one API key may send: pure bookkeeping for LimitsRule.

Unlike a SIM's limits, which make a message wait, these refuse it: the caller is told when to come
again. Everything is counted in messages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modemgw.config import RateLimits
from modemgw.store.records import NO_LIMITS, KeyLimits

_SPANS = (("per_minute", 60.0), ("per_hour", 3600.0), ("per_day", 86400.0))


class Allowance(NamedTuple):
    """How much of one limit is left."""

    window: str
    """`per_minute`, `per_hour` or `per_day`."""
    limit: int
    """Messages in the window …"""
    window_s: float
    """… which slides and is so long."""
    left: int
    resets_s: float
    """After so many seconds there is more, or all of it when nothing was used."""


class _Limit(NamedTuple):
    most: int
    span_s: float
    window: str


class Quota:
    """The messages of the last day by name (a recipient's number, or a key's name).

    Times are UTC seconds of the wall clock, as they stand in the store. Without limits nothing is
    kept. A name may have limits of its own beside those of all: the tighter ones hold.
    """

    def __init__(self, limits: RateLimits) -> None:
        self._times: dict[str, deque[float]] = {}
        self._given: dict[str, KeyLimits] = {}
        self._own: dict[str, list[_Limit]] = {}
        """What names in `_given` are kept to: their own limits and those of all."""
        self.limits = limits

    @property
    def limits(self) -> RateLimits:
        """What all are kept to. After a change `recount` what was accepted before."""
        return self._wanted

    @limits.setter
    def limits(self, limits: RateLimits) -> None:
        self._wanted = limits
        self._limits = _tightest(limits)
        self._own = {name: _tightest(limits, own) for name, own in self._given.items()}
        self._times = {name: t for name, t in self._times.items() if self._limits_of(name)}

    def own_limits(self, name: str) -> KeyLimits:
        """The limits that a name has beside those of all."""
        return self._given.get(name, NO_LIMITS)

    def limit(self, name: str, own: KeyLimits) -> None:
        """Keep a name to limits of its own from now on; then `recount`."""
        if own:
            self._given[name] = own
            self._own[name] = _tightest(self._wanted, own)
        else:
            self._given.pop(name, None)
            self._own.pop(name, None)
            if not self._limits:
                self._times.pop(name, None)

    def limited(self, name: str) -> bool:
        """Whether there is a limit on this name."""
        return bool(self._own.get(name, self._limits))

    def recount(self, accepted: Mapping[str, Iterable[float]]) -> None:
        """Know as well what the store knows: by name, the times of messages, oldest first.

        A message that both know of is one: it stands there with the very time that was recorded.
        """
        for name, times in accepted.items():
            if not self._limits_of(name):
                continue
            here = self._times.get(name)
            if here is None:
                self._times[name] = deque(times)
            else:
                both = Counter(here) | Counter(times)
                self._times[name] = deque(sorted(both.elements()))

    def clock_set(self, by_s: float, since: float) -> None:
        """The wall clock was set: what was dated since then is dated `by_s` seconds later now."""
        for name, times in self._times.items():
            moved = sorted(at + by_s if at >= since else at for at in times)
            self._times[name] = deque(moved)

    @property
    def window_s(self) -> float:
        """How far back messages count; 0 when there are no limits."""
        return max((_longest(limits) for limits in (self._limits, *self._own.values())), default=0)

    def allowed_at(self, name: str, now: float) -> float:
        """When one more message is allowed; `now` if it is."""
        limits = self._limits_of(name)
        times = self._recent(name, limits, now)
        at = now
        for limit, span, _ in limits if times else ():
            if len(times) >= limit and times[-limit] > now - span:
                at = max(at, times[-limit] + span)
        return at

    def allowances(self, name: str, now: float) -> list[Allowance]:
        """What is left of each limit on a name, the shortest window first."""
        limits = self._limits_of(name)
        times = self._recent(name, limits, now)
        found = []
        for limit, span, window in limits:
            first = bisect_right(times, now - span)
            left = max(0, limit - (len(times) - first))
            # With none left it is the limit's own message that has to leave the window.
            at = times[first if left else -limit] + span if first < len(times) else now
            found.append(Allowance(window, limit, span, left, max(0.0, at - now)))
        return found

    def record(self, name: str, now: float) -> None:
        """One message was accepted."""
        if self._limits_of(name):
            self._times.setdefault(name, deque()).append(now)

    def give_back(self, name: str) -> None:
        """The message that was recorded last for a name was not accepted after all."""
        times = self._times.get(name)
        if times:
            times.pop()
            if not times:
                del self._times[name]

    def forget_idle(self, now: float) -> None:
        """Drop the names that no limit concerns any more."""
        idle = [
            name
            for name, times in self._times.items()
            if times[-1] <= now - _longest(self._limits_of(name))
        ]
        for name in idle:
            del self._times[name]

    def _limits_of(self, name: str) -> list[_Limit]:
        return self._own.get(name, self._limits)

    def _recent(self, name: str, limits: list[_Limit], now: float) -> deque[float]:
        """The times of a name that count yet."""
        times = self._times.get(name)
        if times is None or not limits:
            return _NONE
        oldest = now - _longest(limits)
        while times and times[0] <= oldest:
            times.popleft()
        if not times:
            del self._times[name]
        return times


_NONE: deque[float] = deque(maxlen=0)


def _tightest(*limits: RateLimits | KeyLimits) -> list[_Limit]:
    """The smallest limit of each window that has one, the shortest window first."""
    found = []
    for window, span in _SPANS:
        given = [most for one in limits if (most := getattr(one, window))]
        if given:
            found.append(_Limit(min(given), span, window))
    return found


def _longest(limits: list[_Limit]) -> float:
    return limits[-1].span_s if limits else 0.0
