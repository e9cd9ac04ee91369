"""Duplicates: the same content from the same key to the same number within a short time.

What was accepted is remembered in the transaction that accepts it. So of two that come at the same
moment one finds the other, and so does one that comes after a restart; nothing is kept in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from modemgw.config import Config
from modemgw.gateway.admission.admitted import Admitted
from modemgw.gateway.admission.rule import give_back
from modemgw.gateway.errors import Duplicate
from modemgw.store import Said, StoreConflict, Transaction
from modemgw.store.records import MessageStatus, Recipient

SLACK_S = 60.0
"""What is dated later than now by more than this was dated by a clock that was wrong."""
_CAME_TO_NOTHING = (MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.CANCELED)
"""Nothing of such a message has gone out: the same once more doubles nothing."""


class SaidBefore(StoreConflict):
    """Some of what was to be accepted was accepted before; `found` says which, by digest."""

    def __init__(self, claims: Claims, found: Mapping[bytes, Said]) -> None:
        super().__init__(f"{len(found)} of these were accepted a short while ago")
        self.claims = claims
        self.found = found


class DuplicateGuard:
    """Knows which messages are looked at, and what becomes of those that are duplicates."""

    def __init__(self, config: Config) -> None:
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Go by this configuration."""
        section = config.duplicates
        self.window_s = section.window_seconds
        self._types = frozenset(section.types if section.window_seconds else ())
        self.merges = section.action == "merge"
        """Whether a duplicate is answered with the first message, not refused."""

    def claims(self, admitted: Sequence[Admitted], key: str, now: float) -> Claims | None:
        """What has to be looked at of what a key would send; None: nothing."""
        if not self._types:
            return None
        watched = [one for one in admitted if one.mailing.common.type in self._types]
        return Claims(watched, key, now, self.window_s) if watched else None


class Claims:
    """What one request says, by digest; what turns out to be a duplicate is taken out of it."""

    def __init__(self, admitted: Sequence[Admitted], key: str, now: float, window_s: float) -> None:
        self._now, self._window_s = now, window_s
        self._watched = [(one, list(_digests(key, one))) for one in admitted]

    def write(self, tx: Transaction) -> None:
        """Remember all that is left, in the transaction that accepts it. Raises SaidBefore."""
        said = list(self._said())
        since, until = self._now - self._window_s, self._now + SLACK_S
        found = tx.recent.find([digest for digest, _ in said], since, until)
        found = {digest: one for digest, one in found.items() if _stands(tx, one.id)}
        if found:
            raise SaidBefore(self, found)
        tx.recent.remember(said, self._now)

    def take_out_repeated(self) -> list[tuple[int, Said]]:
        """Take out what the request itself says more than once. See `take_out`."""
        first: dict[bytes, Said] = {}
        for digest, id in self._said():
            first.setdefault(digest, Said(id, self._now))
        return self.take_out(first)

    def take_out(self, found: Mapping[bytes, Said]) -> list[tuple[int, Said]]:
        """These were said before: what they have taken is given back.

        Returns the position of each in the request, and the message that was first.
        """
        duplicates: list[tuple[int, Said]] = []
        for one, digests in self._watched:
            kept: list[tuple[int, Recipient]] = []
            rest: list[bytes] = []
            rows = zip(one.positions, one.mailing.recipients, digests, strict=True)
            for position, recipient, digest in rows:
                first = found.get(digest)
                if first is None or first.id == recipient[0]:
                    kept.append((position, recipient))
                    rest.append(digest)
                else:
                    duplicates.append((position, first))
                    give_back(one.reservations, recipient[1])
            if len(rest) < len(digests):
                one.keep(kept)
                digests[:] = rest
        return duplicates

    def refusal(self, first: Said) -> Duplicate:
        """How a duplicate of `first` is refused."""
        ago_s = max(0.0, self._now - first.at)
        wait_s = max(1.0, self._window_s - ago_s)
        detail = (
            f"the same was accepted for this recipient {ago_s:.0f} s ago as {first.id}; "
            f"it may be said again in {wait_s:.0f} s"
        )
        return Duplicate(first.id, detail, wait_s)

    def _said(self) -> Iterator[tuple[bytes, str]]:
        for one, digests in self._watched:
            for digest, (id, _, _) in zip(digests, one.mailing.recipients, strict=True):
                yield digest, id


def _digests(key: str, one: Admitted) -> Iterator[bytes]:
    """A digest for each recipient. A reminder for each day is no duplicate of the first."""
    said = one.mailing.common
    about = (key, said.text, said.data, said.ports, said.message_class, one.send_at)
    base = hashlib.blake2b(repr(about).encode("utf-8", "surrogatepass"), digest_size=16)
    for _, to, _ in one.mailing.recipients:
        digest = base.copy()
        digest.update(to.encode())
        yield digest.digest()


def _stands(tx: Transaction, id: str) -> bool:
    """Whether a message is on its way or out."""
    n = tx.messages.number_of(id)
    status = None if n is None else tx.messages.status(n)
    return status is not None and status not in _CAME_TO_NOTHING
