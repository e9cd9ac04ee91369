"""How much one recipient may get and one API key may send: pure bookkeeping for LimitsRule.

Unlike a SIM's limits, which make a message wait, these refuse it: the caller is told when to come
again. Everything is counted in messages.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from modemgw.config import RateLimits

_SPANS = (("per_minute", 60.0), ("per_hour", 3600.0), ("per_day", 86400.0))


class Quota:
    """The messages of the last day by name (a recipient's number, or a key's name).

    Times are UTC seconds of the wall clock, as they stand in the store. Without limits nothing is
    kept.
    """

    def __init__(self, limits: RateLimits) -> None:
        self._times: dict[str, deque[float]] = {}
        self.limits = limits

    @property
    def limits(self) -> RateLimits:
        """What is kept to. After a change `recount` what was accepted before."""
        return self._wanted

    @limits.setter
    def limits(self, limits: RateLimits) -> None:
        self._wanted = limits
        self._limits = [(limit, span) for name, span in _SPANS if (limit := getattr(limits, name))]
        self._longest = max((span for _, span in self._limits), default=0.0)
        if not self._limits:
            self._times.clear()

    def recount(self, accepted: Mapping[str, Iterable[float]]) -> None:
        """Know as well what the store knows: by name, the times of messages, oldest first.

        A message that both know of is one: it stands there with the very time that was recorded.
        """
        for name, times in accepted.items() if self._limits else ():
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
        return self._longest

    def allowed_at(self, name: str, now: float) -> float:
        """When one more message is allowed; `now` if it is."""
        if not self._limits:
            return now
        times = self._times.get(name)
        if times is None:
            return now
        while times and times[0] <= now - self._longest:
            times.popleft()
        if not times:
            del self._times[name]
            return now
        at = now
        for limit, span in self._limits:
            if len(times) >= limit and times[-limit] > now - span:
                at = max(at, times[-limit] + span)
        return at

    def record(self, name: str, now: float) -> None:
        """One message was accepted."""
        if self._limits:
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
        idle = [n for n, times in self._times.items() if times[-1] <= now - self._longest]
        for name in idle:
            del self._times[name]
