"""Sending a code: what is looked at, and what is written, in the transaction that accepts it."""

from __future__ import annotations

from dataclasses import replace

from modemgw.config import VerificationsSection
from modemgw.gateway.verifications import guard, life
from modemgw.gateway.verifications.refusals import Moved, TooManyCodes, TooManyTries
from modemgw.store import Transaction, Use, Verification


def accept(
    tx: Transaction,
    wanted: Verification,
    found: Verification | None,
    *,
    section: VerificationsSection,
    now: float,
) -> Verification:
    """A message with the code of `wanted` is accepted; returns what has become of it.

    `found` is the newest verification of this key and number as it was looked up: `wanted` itself,
    where that goes on. Raises Moved (it is another by now), TooManyCodes, TooManyTries (it is
    locked), PrefixStopped.
    """
    current = tx.verifications.latest(wanted.key, wanted.number)
    going_on = found is not None and found.id == wanted.id
    if not _same(current, found, going_on, now):
        raise Moved("another request came first")
    sent = replace(wanted, sends=wanted.sends + 1, sent_at=now)
    if current is not None and going_on:
        sent = replace(sent, attempts=current.attempts)
        _require_send(current, section.resend_after, now)
    elif current is not None:
        _require_unlocked(current, now)
    use = Use("send", wanted.number, wanted.key, wanted.prefix, wanted.client, now)
    guard.check_prefix(tx, wanted.prefix, now)
    guard.check_limits(tx, use, section)
    tx.verifications.count(use)
    if going_on:
        tx.verifications.update(sent)
        return sent
    if current is not None and current.status == "pending":
        life.end(tx, current, "expired", now)
    tx.verifications.insert(sent)
    life.tell(tx, sent, "started")
    stop = guard.stop_if_pumped(tx, wanted.prefix, section.guard, now)
    if stop is not None:
        life.tell_stopped(tx, stop)
    return sent


def _same(
    current: Verification | None, found: Verification | None, going_on: bool, now: float
) -> bool:
    """Whether the newest verification of a number is as it was when it was looked up."""
    if current is None or found is None:
        return current is found
    if current.id != found.id:
        return False
    if not going_on:
        return True
    return life.status_at(current, now) == "pending" and current.sent_at == found.sent_at


def _require_send(current: Verification, resend_after_s: float, now: float) -> None:
    """Raises TooManyCodes: its code was sent too often, or just now."""
    if current.sends >= current.max_sends:
        wait_s = current.expires_at - now
        raise TooManyCodes(
            f"its code was sent {current.sends} times, as often as it may be; "
            f"another one may be begun in {wait_s:.0f} s",
            wait_s,
        )
    if (wait_s := current.sent_at + resend_after_s - now) > 0:
        raise TooManyCodes(f"its code was just sent: again in {wait_s:.0f} s", wait_s)


def _require_unlocked(current: Verification, now: float) -> None:
    """Raises TooManyTries: the number is locked until the one before expires."""
    wait_s = current.expires_at - now
    if current.status == "locked" and wait_s > 0:
        raise TooManyTries(
            f"{current.attempts} wrong codes were tried for this number; "
            f"another code may be sent in {wait_s:.0f} s",
            wait_s,
        )
