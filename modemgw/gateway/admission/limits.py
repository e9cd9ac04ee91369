"""The rule that a recipient gets, and an API key sends, no more than the limits allow.

Besides the limits of the configuration there are those that a key has itself, and those of
automatic replies, which nobody can lift.
Everything is counted in messages, by the wall clock, and known again after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from modemgw.config import Config, RateLimits
from modemgw.gateway.admission.quota import Allowance, Quota
from modemgw.gateway.admission.rule import Draft, Reservation, Rule, Surroundings
from modemgw.gateway.errors import TooMany
from modemgw.gateway.misdated import believed, found_in
from modemgw.gateway.outgoing.outbox import REDATE_S
from modemgw.store import StoreUnavailable, Transaction, View
from modemgw.store.contract import sim_state
from modemgw.store.records import Key, Misdated

REPLIES = RateLimits(per_minute=6, per_hour=60)
"""Automatic replies to one number at the very most, whatever `[replies]` says: two machines that
answer each other must not go on for ever."""

REPLIES_KEY = "handler"
"""What stands for the API key in automatic replies …"""
FORWARDS_KEY = "forward"
"""… and in what handlers send on."""

_Used = list[tuple[float, str, str]]
"""(time of acceptance, recipient, key) of messages, oldest first."""


class LimitsRule(Rule):
    """Counts the messages of the last day by recipient and by key."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self.recipients = Quota(RateLimits())
        self.keys = Quota(RateLimits())
        self.replies = Quota(REPLIES)
        self._quotas = (self.recipients, self.keys, self.replies)
        self._to_count = True
        """Limits are new: what was accepted before them is not counted yet."""
        self._asked: tuple[str, float, bool] | None = None
        self._share: _Share | None = None
        """What was made for the last request."""
        self._began = surroundings.clock.date()
        self._counting = asyncio.Lock()

    def configure(self, config: Config) -> None:
        """See Rule."""
        for quota, limits in (
            (self.recipients, config.recipient_limits),
            (self.keys, config.key_limits),
            (self.replies, REPLIES.model_copy(update={"per_hour": config.replies.per_hour})),
        ):
            self._to_count |= quota.limits != limits
            quota.limits = limits
        self._limits_changed()

    async def load(self) -> None:
        """See Rule. Limits count what was accepted within their windows before they were there."""
        async with self._counting:
            if self._to_count:
                keys = await self.surroundings.store.read(lambda view: view.keys.all())
                for key in keys:
                    if key.revoked_at is None:
                        self.keys.limit(key.name, key.limits)
                self._limits_changed()
                await self._count()
            self._to_count = False

    async def key_seen(self, key: Key) -> None:
        """See Rule. Its limits count, too, what was accepted before they were there."""
        known = key.limits == self.keys.own_limits(key.name)
        if known and not (key.limits and self._counting.locked()):
            return
        async with self._counting:
            before = self.keys.own_limits(key.name)
            if key.limits == before:
                return
            self.keys.limit(key.name, key.limits)
            self._limits_changed()
            try:
                await self._count()
            except BaseException:
                self.keys.limit(key.name, before)
                self._limits_changed()
                raise

    def allowances(self, key: str) -> Sequence[Allowance]:
        """See Rule."""
        if not self.keys.limited(key):
            return ()
        return self.keys.allowances(key, self.surroundings.clock.date())

    def replies_left(self, to: str) -> int | None:
        """See Rule."""
        allowances = self.replies.allowances(to, self.surroundings.clock.date())
        return next(a.left for a in allowances if a.window == "per_hour")

    def _limits_changed(self) -> None:
        self._asked = None
        self._limited = bool(self.recipients.window_s or self.keys.window_s)

    async def _count(self) -> None:
        """Know what was accepted within the windows. Raises StoreUnavailable."""
        store = self.surroundings.store
        with contextlib.suppress(StoreUnavailable):  # then nothing is accepted either
            await store.write(lambda tx: None)  # what was accepted is in the store now
        since, now = self._window()
        used, found = await store.read(lambda view: _used(view, since, now))
        if found is not None:
            store.write(lambda tx: _keep(tx, found), keep=True)
        self._know(used)

    def reservation(self, draft: Draft) -> Reservation | None:
        """See Rule."""
        request = draft.request
        if not (self._limited or request.automatic):
            return None
        asked = request.key, request.now, request.automatic
        if asked != self._asked:  # the messages of a batch share it, be they alike or not
            self._asked, self._share = asked, self._share_of(*asked)
        return self._share

    def _share_of(self, key: str, now: float, automatic: bool) -> _Share | None:
        counted: list[_Counted] = []
        if self.recipients.limited(""):
            counted.append((self.recipients, None, _RECIPIENT))
        if self.keys.limited(key):
            counted.append((self.keys, key, _KEY))
        if automatic:
            counted.append((self.replies, None, _REPLIES))
        return _Share(counted, now) if counted else None

    def clock_set(self, by_s: float) -> None:
        """See Rule. The store's dates of this run are moved, so ours must be."""
        if abs(by_s) < REDATE_S:
            return
        ahead_before_s = self.surroundings.clock.ahead_s - by_s
        for quota in self._quotas:
            quota.clock_set(by_s, self._began + ahead_before_s - REDATE_S)
        since, now = self._window()

        def count(tx: Transaction) -> _Used:
            used, found = _used(tx, since, now)
            if found is not None:
                _keep(tx, found)
            return used

        self.surroundings.store.write(count, keep=True, then=self._know)

    def forget_idle(self, now: float) -> None:
        """See Rule."""
        for quota in self._quotas:
            quota.forget_idle(now)

    def _window(self) -> tuple[float, float]:
        """Since when messages count, and the time."""
        now = self.surroundings.clock.date()
        return now - max(quota.window_s for quota in self._quotas), now

    def _know(self, used: _Used) -> None:
        by_to: dict[str, list[float]] = {}
        by_key: dict[str, list[float]] = {}
        replies: dict[str, list[float]] = {}
        for at, to, key in used:
            by_to.setdefault(to, []).append(at)
            by_key.setdefault(key, []).append(at)
            if key == REPLIES_KEY:
                replies.setdefault(to, []).append(at)
        self.recipients.recount(by_to)
        self.keys.recount(by_key)
        self.replies.recount(replies)


_SHARE = (
    "this {} has had as many messages as its limits allow; one more is allowed in {{wait_s:.0f}} s"
)
_RECIPIENT, _KEY = _SHARE.format("recipient"), _SHARE.format("API key")
_REPLIES = "it has had as many automatic replies as it may have"

_Counted = tuple[Quota, str | None, str]
"""A quota, the name that it counts by (None: the recipient's number), and how it refuses."""


class _Share:
    """One message of each quota that counts it."""

    __slots__ = ("_counted", "_now")

    def __init__(self, counted: Sequence[_Counted], now: float) -> None:
        self._counted = counted
        self._now = now

    def take(self, to: str) -> None:
        """See Reservation."""
        now = self._now
        for quota, name, refusal in self._counted:
            at = quota.allowed_at(to if name is None else name, now)
            if at > now:
                raise TooMany(refusal.format(wait_s=at - now), at - now)
        for quota, name, _ in self._counted:
            quota.record(to if name is None else name, now)

    def give_back(self, to: str) -> None:
        """See Reservation."""
        for quota, name, _ in self._counted:
            quota.give_back(to if name is None else name)


def _used(view: View, since: float, now: float) -> tuple[_Used, Misdated | None]:
    """What was accepted since then; and what is to be remembered of dates later than now."""
    rows = view.messages.since(since)
    known = view.sim_state.misdated(sim_state.MESSAGES)
    found = found_in((at for at, _, _ in rows), now, known, REDATE_S)
    used = [
        (at, to, key)
        for date, to, key in rows
        if (at := believed(date, now, found, REDATE_S)) >= since
    ]
    return sorted(used), None if found == known else found


def _keep(tx: Transaction, found: Misdated) -> None:
    tx.sim_state.keep_misdated(sim_state.MESSAGES, found)
