"""Letting old things go, a part at a time."""

from __future__ import annotations

from typing import Protocol


class Retention(Protocol):
    """Letting old things go, a part at a time."""

    def redact_texts(self, type: str, after: int, before: float, limit: int) -> int | None:
        """Empty texts and data of messages of a type that ended before then.

        Looks at the `limit` messages after the number `after`. Returns the last one's number, for
        the next call; None when none is old enough. So do the verbs below.
        """

    def delete_messages(self, after: int, before: float, limit: int) -> int | None:
        """Delete ended messages that were made before then, with their history."""

    def delete_inbound(self, after: int, before: float, limit: int) -> int | None:
        """Delete received messages that came before then, with the deliveries of them.

        Not those that somebody is to get yet: a delivery has not ended, or is not even made.
        """

    def delete_deliveries(self, after: int, before: float, limit: int) -> int | None:
        """Delete deliveries that have ended and were made before then."""

    def delete_events(self, after: int, before: float, limit: int) -> int | None:
        """Delete events of before then that all consumers are done with and no delivery refers to.

        A delivery that has not ended, that is. The newest stays: ids go on from it.
        """

    def delete_audit(self, after: int, before: float, limit: int) -> int | None:
        """Delete what admins did before then. The newest record stays."""

    def delete_verifications(self, after: int, before: float, limit: int) -> int | None:
        """Delete verifications that have ended and were begun before then."""

    def delete_batches(self, before: float, limit: int) -> int:
        """Forget `limit` batches that were taken before then and whose messages are all gone.

        Returns how many they were.
        """

    def delete_usage(self, before: float) -> int:
        """Forget the oldest day of what was counted, if it ended before then.

        With it go free parts of months long before then. Returns how many sums there were.
        """

    def delete_answers(self, before: float) -> int:
        """Forget answers kept for Idempotency-Keys that were used before then."""

    def delete_recent(self, before: float, after: float, limit: int) -> int:
        """Forget what was said (see Recent) before then, or by a clock that was wrong after then.

        Looks at the `limit` oldest; returns how many of them were forgotten.
        """

    def delete_unmatched(self, before: float) -> int:
        """Forget status reports that matched nothing and came before then."""
