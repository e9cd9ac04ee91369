"""Standard Webhooks: what a request must carry so that its receiver knows who has sent it.

https://www.standardwebhooks.com, by the package of those who wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from standardwebhooks import Webhook


def signed(id: str, at: float, body: bytes, by: Sequence[str]) -> dict[str, str]:
    """The fields that go with a body: its id, the second of this try, a signature by each secret.

    `id` is the same at each try; `at` is UTC seconds.
    """
    moment = datetime.fromtimestamp(int(at), UTC)
    text = body.decode()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(_signer(secret).sign(id, moment, text) for secret in by),
    }


@lru_cache(maxsize=256)
def _signer(secret: str) -> Webhook:
    return Webhook(secret)
