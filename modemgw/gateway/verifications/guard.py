"""The guard against SMS pumping, and the limits: what is asked of the store before a code goes out.

Somebody who earns by messages to certain numbers has codes sent there, and never types one in. So
a prefix where many codes go and hardly any is approved is stopped for a while. Everything here runs
in the transaction that sends the code: a bound holds exactly, however many ask at once.
"""

from __future__ import annotations

from modemgw.config import GuardSection, VerificationsSection
from modemgw.gateway.verifications.refusals import PrefixStopped, TooManyCodes, TooManyTries
from modemgw.store import StoppedPrefix, Transaction, Use

HOUR_S = 3600.0
_WHOSE = {
    "number": "this number",
    "key": "this API key",
    "prefix": "the numbers that begin like this one",
    "client": "this client",
}


def check_limits(tx: Transaction, use: Use, section: VerificationsSection) -> None:
    """Raises TooManyCodes (for a `send`) or TooManyTries (for an `attempt`): the hour is used up.

    Says when there is more.
    """
    limits = section.sends if use.what == "send" else section.attempts
    names = {"number": use.number, "key": use.key, "prefix": use.prefix, "client": use.client}
    for by, name in names.items():
        most: int = getattr(limits, by)
        if not most or name is None:
            continue
        at = tx.verifications.allowed_at(use.what, by, name, most, HOUR_S, use.at)  # type: ignore[arg-type]
        if at > use.at:
            wait_s = at - use.at
            if use.what == "send":
                detail = f"{_WHOSE[by]} has had {most} codes within an hour"
                raise TooManyCodes(f"{detail}; one more is allowed in {wait_s:.0f} s", wait_s)
            detail = f"{_WHOSE[by]} has had {most} wrong codes within an hour"
            raise TooManyTries(f"{detail}; one more is allowed in {wait_s:.0f} s", wait_s)


def check_prefix(tx: Transaction, prefix: str, now: float) -> None:
    """Raises PrefixStopped: no code goes there at `now` (UTC seconds)."""
    stop = tx.verifications.stopped(prefix)
    if stop is not None and stop.until > now:
        raise PrefixStopped(
            f"no code goes to numbers that begin with {prefix} for {stop.until - now:.0f} s: "
            f"of {stop.sent} that were sent there {stop.approved} were approved",
            stop.until - now,
        )


def stop_if_pumped(
    tx: Transaction, prefix: str, guard: GuardSection, now: float
) -> StoppedPrefix | None:
    """After another verification was begun: stop its prefix if it was one too many."""
    if not guard.unapproved:
        return None
    tally = tx.verifications.tally(prefix, now - guard.window)
    if tally.all - tally.approved < guard.unapproved:
        return None
    if tally.approved >= guard.approved_ratio * tally.all:
        return None
    stop = StoppedPrefix(prefix, now, now + guard.stop, tally.all, tally.approved)
    tx.verifications.stop(stop)
    return stop
