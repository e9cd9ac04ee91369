"""Looking after a modem at work: polls, and a feel for its pulse."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from ..at import AtChannel, Charset, CommandFailed
from ..clock import Clock
from .identify import ask
from .registration import (
    Network,
    Registration,
    poll_operator,
    poll_registration,
    poll_signal,
    selects_operator_itself,
)
from .reset_watch import ResetWatch
from .status import Counters
from .timings import Timings

log = logging.getLogger(__name__)

_SEARCH_S = 180.0
_REGISTERED = (Registration.HOME, Registration.ROAMING)


class Rounds:
    """What is asked of one modem at intervals, and done about its network."""

    def __init__(
        self,
        name: str,
        channel: AtChannel,
        network: Network,
        resets: ResetWatch,
        *,
        counters: Counters,
        clock: Clock,
        timings: Timings,
        changed: asyncio.Event,
    ) -> None:
        """`changed` is set when registration may have changed."""
        self._name = name
        self._channel = channel
        self._network = network
        self._resets = resets
        self._counters = counters
        self._clock = clock
        self._timings = timings
        self._changed = changed
        self._unregistered = asyncio.Event()
        self._unregistered_since: float | None = None
        self._radio_restarted_at = float("-inf")

    def hear_registration(self, line: str) -> None:
        """The modem tells of its registration (+CREG and its kin)."""
        registered = self._network.registration in _REGISTERED
        self._network.hear(line)
        if registered and self._network.registration not in _REGISTERED:
            self._unregistered.set()
        self._changed.set()

    async def poll(self, charset: Charset) -> None:
        """Poll registration, signal, operator and settings, until cancelled."""
        now = self._clock.monotonic()
        next_settings = now + self._timings.settings_check
        next_operator = now
        while True:
            await poll_registration(self._channel, self._network)
            await poll_signal(self._channel, self._network)
            self._counters.signal.append((self._clock.time(), self._network.signal_dbm))
            self._changed.set()
            now = self._clock.monotonic()
            registered = self._network.registration in _REGISTERED
            if registered and now >= next_operator:
                next_operator = now + self._timings.operator_poll
                await poll_operator(self._channel, self._network, charset)
            if not registered:
                await self._resets.check_sim()
            await self._restart_radio()
            self._resets.check_echo()
            if now >= next_settings:
                next_settings = now + self._timings.settings_check
                await self._resets.check_settings()
            await self._until_next_look()

    async def _until_next_look(self) -> None:
        """The time between two polls; a network that is lost meanwhile is looked for soon."""
        self._unregistered.clear()
        registered = self._network.registration in _REGISTERED
        rest = self._timings.poll if registered else self._timings.search_poll
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._unregistered.wait()
        if self._unregistered.is_set():
            await self._clock.sleep(self._timings.search_poll)

    async def feel_pulse(self) -> None:
        """Ask a silent modem whether it is there, until cancelled.

        A modem that hangs, or was reset without a word, is known of before the next part is due.
        """
        while True:
            await self._clock.sleep(self._timings.pulse)
            if self._channel.silence_s >= self._timings.pulse:
                with contextlib.suppress(CommandFailed):
                    await self._channel.ping()
                self._resets.check_echo()

    async def _restart_radio(self) -> None:
        """Look for a network anew (TS 27.007 7.3) when there has been none for long."""
        now = self._clock.monotonic()
        if self._network.registration in (*_REGISTERED, Registration.DENIED):
            self._unregistered_since = None
            return
        if self._unregistered_since is None:
            self._unregistered_since = now
        if (
            now - self._unregistered_since >= self._timings.radio_after
            and now - self._radio_restarted_at >= self._timings.radio_every
        ):
            self._radio_restarted_at = now
            if not await selects_operator_itself(self._channel):
                log.warning(
                    "modem %s: no network; its operator was chosen by hand, and is left so",
                    self._name,
                )
                return
            log.info("modem %s: no network; the search is begun anew", self._name)
            await ask(self._channel, "AT+COPS=2", timeout_s=_SEARCH_S)
            await ask(self._channel, "AT+COPS=0", timeout_s=_SEARCH_S)
